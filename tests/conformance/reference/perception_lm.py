"""Perception LM through transformers' own processor, which exists for torch alone.

Version 4.57.6 makes the same views of other values (up to 0.22 apart), so 5.x is the reference.
"""

from __future__ import annotations

import functools
from typing import Any

from PIL import Image

from tests.conformance.reference.contract import ONLY_5, Reference, Seen, split_views
from tests.conformance.reference.processors import run_class, torch_class


@functools.cache
def processor() -> Any:  # noqa: ANN401 - a transformers class
    """The processor with its own defaults: tiles of 448 pixels, at most 36, thumbnail and tiles."""
    return torch_class("perception_lm", "PerceptionLM")(tile_size=448, max_num_tiles=36, vision_input_type="thumb+tile")


def grid_of(width: int, height: int) -> tuple[int, int]:
    """Columns and rows that its own two searches choose."""
    chosen = processor()
    sides = {"img_width": width, "img_height": height, "tile_size": 448}
    # Neither search is public; resize calls them in this order.
    return chosen._fit_image_to_canvas(**sides) or chosen._find_closest_aspect_ratio(**sides)  # noqa: SLF001


def perception_lm(image: Image.Image) -> Seen:
    """The thumbnail and every tile: 16 × 16 pooled patches each."""
    arrays = run_class(processor(), image)
    views = split_views(arrays["pixel_values"][0])
    tokens = 256 * len(views)
    return Seen(views, grid_of(image.width, image.height), tokens, "<|image|>" * tokens, arrays)


EDGES = ((448, 448), (896, 448), (449, 448), (3000, 200), (200, 3000), (2600, 2600), (2688, 2688))

PRESETS = {
    "perception-lm": Reference(
        "transformers PerceptionLM, torch",
        perception_lm,
        environments=ONLY_5,
        elsewhere="4.57 makes other values of the same views, 5.x is the reference",
        tolerance=0.016,
        sizes=EDGES,
        resizer="torch",
    )
}
