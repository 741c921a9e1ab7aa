"""NVILA derived anew from NVlabs/VILA's mm_utils.py: Pillow's resize, then transformers' SigLIP processor on Pillow."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from PIL import Image

from tests.conformance.reference.contract import Reference, Seen
from tests.conformance.reference.eagle2 import crops, shapes
from tests.conformance.reference.internvl import HALF
from tests.conformance.reference.processors import pillow_class, run_class

SIDE = 448


@functools.cache
def siglip() -> Any:  # noqa: ANN401 - a transformers class
    """The vision tower's own processor, which finds every tile at its size already."""
    return pillow_class("siglip", "Siglip")(size={"height": SIDE, "width": SIDE}, resample=3, **HALF)


def choose(width: int, height: int, least: int) -> tuple[int, int]:
    """The shape of the nearest ratio; an equal one takes over if the picture has half its pixels."""
    smallest, chosen = np.inf, (1, 1)
    for columns, rows in shapes(least, 12):
        distance = abs(width / height - columns / rows)
        if distance < smallest:
            smallest, chosen = distance, (columns, rows)
        elif distance == smallest and width * height > 0.5 * SIDE * SIDE * columns * rows:
            chosen = (columns, rows)
    return chosen


def processed(pictures: list[Image.Image]) -> list[np.ndarray]:
    """Every picture through the SigLIP processor."""
    return [run_class(siglip(), picture)["pixel_values"][0] for picture in pictures]


def dynamic(image: Image.Image) -> Seen:
    """Tiles, then the thumbnail; NVILA-Lite's projector joins 3×3 of 32×32 patches, padded to 33."""
    grid = choose(image.width, image.height, 1)
    pictures = crops(image, SIDE, grid)
    if len(pictures) > 1:
        pictures.append(image.resize((SIDE, SIDE)))
    views = processed(pictures)
    return Seen(views, grid, 11 * 11 * len(views), None, {"pixel_values": np.stack(views)})


def scaled(image: Image.Image) -> Seen:
    """1, then 4 tiles of the squashed picture, then 9 to 12 tiles of the nearest shape, which alone become tokens."""
    columns, rows = grid = choose(image.width, image.height, 9)
    pictures = [crop for side in (1, 2) for crop in crops(image, SIDE, (side, side))] + crops(image, SIDE, grid)
    views = processed(pictures)
    arrays = {"pixel_values": np.stack(views), "block_sizes": np.array([(rows, columns)])}
    return Seen(views, grid, 16 * 16 * columns * rows, None, arrays)


EDGES = ((448, 448), (634, 633), (500, 200), (1300, 500), (776, 776), (20, 240), (1200, 100))

PRESETS = {
    "nvila": Reference(
        "NVlabs/VILA's mm_utils.py derived anew; transformers Siglip, Pillow", dynamic, sizes=EDGES, converts=False
    ),
    "nvila-s2": Reference(
        "NVlabs/VILA's mm_utils.py derived anew; transformers Siglip, Pillow", scaled, sizes=EDGES, converts=False
    ),
}
