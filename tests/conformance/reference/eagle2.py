"""Nemotron-VL and Eagle 2.5 derived anew: a plain loop over a set for the rule, Pillow and torchvision's transforms.

The rule is the one of NVlabs/Eagle (dataset.py) and of vLLM (processors/nemotron_vl.py); no package ships it.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from PIL import Image

from tests.conformance.reference.contract import Reference, Seen
from tests.conformance.reference.processors import ready_torch


@functools.cache
def shapes(least: int, most: int) -> tuple[tuple[int, int], ...]:
    """Columns and rows by area; a set's own order decides between equal areas."""
    found = set()
    for limit in range(least, most + 1):
        for columns in range(1, limit + 1):
            for rows in range(1, limit + 1):
                if least <= columns * rows <= most:
                    found.add((columns, rows))
    return tuple(sorted(found, key=lambda shape: shape[0] * shape[1]))


def choose(width: int, height: int, side: int) -> tuple[int, int]:
    """The first shape with the highest product of covered area (at most 0.6) and likeness of ratios."""
    highest, chosen = -np.inf, (1, 1)
    ratio = width / height
    for columns, rows in shapes(1, 12):
        own = columns / rows
        covered = min((columns * rows * side * side) / (width * height), 0.6)
        value = covered * min(own / ratio, ratio / own)
        if value > highest:
            highest, chosen = value, (columns, rows)
    return chosen


@functools.cache
def transform(side: int, *, centred: bool) -> Any:  # noqa: ANN401 - a torchvision transform
    """Both references' transform: a bicubic Resize that finds nothing to do, ToTensor, and Eagle's Normalize."""
    ready_torch()
    from torchvision import transforms as t  # noqa: PLC0415 - torchvision needs ready_torch first

    steps = [t.Resize((side, side), interpolation=t.InterpolationMode.BICUBIC), t.ToTensor()]
    return t.Compose([*steps, t.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))] if centred else steps)


def crops(image: Image.Image, side: int, grid: tuple[int, int]) -> list[Image.Image]:
    """The stretched picture's tiles row by row."""
    columns, rows = grid
    canvas = image.resize((columns * side, rows * side))
    corners = [(column * side, row * side) for row in range(rows) for column in range(columns)]
    return [canvas.crop((left, top, left + side, top + side)) for left, top in corners]


def seen(image: Image.Image, side: int, context: str, *, centred: bool) -> Seen:
    """Tiles, then the thumbnail above one tile, 256 tokens each."""
    grid = choose(image.width, image.height, side)
    pictures = crops(image, side, grid)
    if len(pictures) > 1:
        pictures.append(image.resize((side, side)))
    views = [transform(side, centred=centred)(picture).numpy() for picture in pictures]
    tokens = 256 * len(views)
    arrays = {"pixel_values": np.stack(views)}
    return Seen(views, grid, tokens, f"<img>{context * tokens}</img>", arrays)


def nemotron(image: Image.Image) -> Seen:
    """512 pixels, levels over 255 and no more."""
    return seen(image, 512, "<image>", centred=False)


def eagle(image: Image.Image) -> Seen:
    """448 pixels, SigLIP's statistics."""
    return seen(image, 448, "<IMG_CONTEXT>", centred=True)


EDGES = ((448, 448), (512, 512), (1792, 1792), (2616, 2616), (1000, 1000), (3000, 2250), (20, 240), (1200, 100))

PRESETS = {
    "nemotron-vl": Reference(
        "vLLM's nemotron_vl.py derived anew, Pillow and torchvision", nemotron, sizes=EDGES, converts=False
    ),
    "eagle2.5": Reference(
        "NVlabs/Eagle's dataset.py derived anew, Pillow and torchvision", eagle, sizes=EDGES, converts=False
    ),
}
