"""Qwen2-VL, 2.5 and 3 through transformers' Qwen2VL processor, which all of them share."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from PIL import Image

from tests.conformance.reference.contract import Reference, Refused, Seen, split_views
from tests.conformance.reference.internvl import CLIP, HALF
from tests.conformance.reference.processors import pillow_class, run_class

MERGE = 2


@functools.cache
def processor(patch: int) -> Any:  # noqa: ANN401 - a transformers class
    """The processor with a generation's patch, budget and statistics; its class defaults have a smaller budget."""
    if patch == 14:
        return pillow_class("qwen2_vl", "Qwen2VL")(min_pixels=3136, max_pixels=12_845_056, **CLIP)
    return pillow_class("qwen2_vl", "Qwen2VL")(min_pixels=65_536, max_pixels=16_777_216, patch_size=patch, **HALF)


def picture(patches: np.ndarray, rows: int, cols: int, patch: int) -> np.ndarray:
    """The patches laid side by side again: (1, 3, height, width), the first of the two equal frames."""
    blocks = patches.reshape(rows // MERGE, cols // MERGE, MERGE, MERGE, 3, 2, patch, patch)[:, :, :, :, :, 0]
    return blocks.transpose(4, 0, 2, 5, 1, 3, 6).reshape(1, 3, rows * patch, cols * patch)


def run(image: Image.Image, patch: int) -> Seen:
    """The picture behind the patches, and the patches themselves."""
    try:
        arrays = run_class(processor(patch), image)
    except ValueError as error:
        raise Refused(str(error)) from error
    _frames, rows, cols = (int(count) for count in arrays["image_grid_thw"][0])
    tokens = rows * cols // MERGE**2
    prompt = f"<|vision_start|>{'<|image_pad|>' * tokens}<|vision_end|>"
    views = split_views(picture(arrays["pixel_values"], rows, cols, patch))
    return Seen(views, (1, 1), tokens, prompt, arrays)


EDGES = (
    (70, 42),
    (98, 98),
    (56, 56),
    (55, 57),
    (20, 4000),
    (20, 4001),
    (4001, 20),
    (3600, 3600),
    (4200, 4100),
    (97, 2801),
)
SOURCE = "transformers Qwen2VL, Pillow"

PRESETS = {
    **{
        name: Reference(SOURCE, functools.partial(run, patch=14), sizes=EDGES, longest=1800)
        for name in ("qwen2-vl", "qwen2.5-vl")
    },
    "qwen3-vl": Reference(SOURCE, functools.partial(run, patch=16), sizes=EDGES, longest=1800),
}
