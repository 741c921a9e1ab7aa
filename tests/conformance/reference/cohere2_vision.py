"""Command A Vision through transformers' Cohere2Vision processor, which exists for torch alone.

Version 4.57.6 measures the grids as (height, width) and cuts them as (width, height), so a landscape picture gets an
upright grid there; 5.x has put that right, and is the reference.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from PIL import Image

from tests.conformance.reference.contract import ONLY_5, Reference, Seen, split_views
from tests.conformance.reference.internvl import CLIP
from tests.conformance.reference.processors import run_class, torch_class


@functools.cache
def processor() -> Any:  # noqa: ANN401 - a transformers class
    """The processor with its own defaults: tiles of 512 pixels, at most 12, CLIP's statistics."""
    return torch_class("cohere2_vision", "Cohere2Vision")(
        size={"height": 512, "width": 512}, crop_to_patches=True, max_patches=12, **CLIP
    )


def text_of(views: int) -> str:
    """The text of its own processor without a tokenizer, which its text rule does not use."""
    from transformers.models.cohere2_vision.processing_cohere2_vision import Cohere2VisionProcessor  # noqa: PLC0415

    made = Cohere2VisionProcessor.__new__(Cohere2VisionProcessor)
    made.patch_size, made.image_token, made.img_line_break_token = 16, "<|IMG_PATCH|>", "<|IMG_LINE_BREAK|>"
    made.boi_token, made.eoi_token = "<|START_OF_IMG|>", "<|END_OF_IMG|>"
    return str(made.replace_image_token({"num_patches": [views]}, 0))


def command_a(image: Image.Image) -> Seen:
    """Every view, the grid of its own search, and its text; every piece of the text is one token."""
    chosen = processor()
    search = sys.modules[type(chosen).__module__].get_optimal_tiled_canvas
    grid = search((image.height, image.width), (512, 512), 1, 12)
    arrays = run_class(chosen, image)
    views = split_views(arrays["pixel_values"])
    return Seen(views, tuple(grid), text_of(len(views)).count("<|"), text_of(len(views)), arrays)


EDGES = ((512, 512), (1024, 512), (513, 512), (511, 512), (1536, 2048), (724, 724), (5000, 400), (400, 5000))

PRESETS = {
    "command-a-vision": Reference(
        "transformers Cohere2Vision, torch; Cohere2VisionProcessor",
        command_a,
        environments=ONLY_5,
        elsewhere="4.57 exchanges columns and rows of the grid, 5.x has put it right",
        tolerance=0.031,
        sizes=EDGES,
        resizer="torch",
    )
}
