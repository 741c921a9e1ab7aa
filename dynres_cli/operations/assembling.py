"""Views put back to where they were cut from: the pictures that a plan's grids lie on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynres_cli.geometry import Box, Plan
from dynres_cli.resample import Pixels


@dataclass(frozen=True, slots=True)
class Sheet:
    """One picture that tiles were cut from, and each tile's number in the model's order with its box."""

    pixels: Pixels
    boxes: tuple[tuple[int, Box], ...]


def sheets(plan: Plan, views: Sequence[Pixels]) -> list[Sheet]:
    """Every picture that tiles lie on, in the order of the surfaces; what no tile covers stays black."""
    tiles = [(number, view) for number, view in enumerate(plan.views) if view.role == "tile"]
    if len({view.surface for _, view in tiles}) == len(tiles) == plan.grid.tiles:
        return [joined(_side_by_side(plan), views)]
    by_surface: dict[int, list[tuple[int, Box]]] = {}
    for number, view in tiles:
        by_surface.setdefault(view.surface, []).append((number, view.box))
    return [joined(boxes, views) for _, boxes in sorted(by_surface.items())]


def _side_by_side(plan: Plan) -> list[tuple[int, Box]]:
    """Where tiles that were each resized alone lie in their grid, each cell as large as the largest tile."""
    tiles = [(number, view) for number, view in enumerate(plan.views) if view.role == "tile"]
    width, height = max(view.box.size.width for _, view in tiles), max(view.box.size.height for _, view in tiles)
    return [
        (number, Box(left, top, left + view.box.size.width, top + view.box.size.height))
        for number, view in tiles
        for left, top in [(view.col * width, view.row * height)]
    ]


def joined(boxes: Sequence[tuple[int, Box]], views: Sequence[Pixels]) -> Sheet:
    """The picture that these views show together."""
    width, height = max(box.right for _, box in boxes), max(box.bottom for _, box in boxes)
    pixels = np.zeros((height, width, 3), np.uint8)
    for number, box in boxes:
        pixels[box.top : box.bottom, box.left : box.right] = views[number]
    return Sheet(pixels, tuple(boxes))
