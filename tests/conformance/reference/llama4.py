"""Llama 4 through transformers' own processor, which exists for torch alone."""

from __future__ import annotations

import functools
from typing import Any

from PIL import Image

from tests.conformance.reference.contract import Reference, Seen, split_views
from tests.conformance.reference.processors import run_class, torch_class

TOLERANCE = 0.02
"""At most two grey levels in bfloat16 (0.0195 in 223 pictures): torch's uint8 kernel rounds otherwise than Pillow's."""


@functools.cache
def processor() -> Any:  # noqa: ANN401 - a transformers class
    """The processor with its class defaults, which are the checkpoints'."""
    return torch_class("llama4", "Llama4")()


def text(rows: int, cols: int) -> str:
    """The text of Llama 4's own processor."""
    from transformers.models.llama4.processing_llama4 import Llama4Processor  # noqa: PLC0415 - takes seconds

    made = Llama4Processor.__new__(Llama4Processor)
    made.fake_image_token, made.image_token = "<|image|>", "<|image|>"
    made.start_of_img_token, made.end_of_img_token = "<|image_start|>", "<|image_end|>"
    made.img_patch_token = "<|patch|>"
    made.tile_token, made.tile_global_token = "<|tile_x_separator|>", "<|tile_y_separator|>"
    return str(made._prompt_split_image((rows, cols), 144))  # noqa: SLF001 - the public call needs a tokenizer


def run(image: Image.Image) -> Seen:
    """The tiles, and the whole picture above one tile."""
    arrays = run_class(processor(), image)
    rows, cols = (int(count) for count in arrays["aspect_ratios"][0])
    views = split_views(arrays["pixel_values"])
    return Seen(views, (cols, rows), 144 * len(views), text(rows, cols), arrays)


EDGES = (
    (336, 336),
    (337, 336),
    (1344, 1344),
    (1345, 1344),
    (100, 50),
    (4000, 100),
    (2688, 672),
    (336, 5376),
    (2000, 2000),
)

PRESETS = {"llama-4": Reference("transformers Llama4, torch", run, tolerance=TOLERANCE, resizer="torch", sizes=EDGES)}
