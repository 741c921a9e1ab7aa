"""Llama 3.2 Vision through transformers' Mllama processor."""

from __future__ import annotations

import functools
from typing import Any

from PIL import Image

from tests.conformance.reference.contract import BOTH, Reference, Seen, split_views
from tests.conformance.reference.internvl import CLIP
from tests.conformance.reference.processors import pillow_class, run_class

SIDE = 560
GRIDS = ((1, 1), (2, 1), (3, 1), (4, 1), (1, 2), (2, 2), (1, 3), (1, 4))
"""Columns and rows by the processor's aspect_ratio_ids, less one."""


@functools.cache
def processor() -> Any:  # noqa: ANN401 - a transformers class
    """The processor with the checkpoints' side; its class defaults are for 224 pixels."""
    return pillow_class("mllama", "Mllama")(size={"height": SIDE, "width": SIDE}, max_image_tiles=4, **CLIP)


def run(image: Image.Image) -> Seen:
    """The real tiles of one picture; the processor always returns four, the others zero."""
    arrays = run_class(processor(), image)
    count = int(arrays["num_tiles"][0][0])
    grid = GRIDS[int(arrays["aspect_ratio_ids"][0][0]) - 1]
    tokens = count * ((SIDE // 14) ** 2 + 1)
    return Seen(split_views(arrays["pixel_values"][0, 0, :count]), grid, tokens, "<|image|>", arrays)


EDGES = (
    (560, 560),
    (561, 560),
    (1120, 1120),
    (1121, 1120),
    (100, 50),
    (1680, 560),
    (2240, 560),
    (560, 2241),
    (20, 240),
)

PRESETS = {"llama-3.2-vision": Reference("transformers Mllama, Pillow", run, sizes=EDGES, transparent_in=BOTH)}
