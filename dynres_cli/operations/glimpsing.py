"""A picture's canvas in a few pixels: what a terminal shows within the lines of the grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from dynres_cli import normalize
from dynres_cli.decode import decode
from dynres_cli.geometry import RGB, Size
from dynres_cli.operations.assembling import sheets
from dynres_cli.operations.inspecting import Inspection, InspectOptions, source_of
from dynres_cli.render import Look, render


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Rows of levels."""

    rows: tuple[tuple[RGB, ...], ...]

    def pair(self, x: int, y: int) -> tuple[RGB, RGB]:
        """The levels at a place and below it."""
        return self.rows[y][x], self.rows[y + 1][x]


def glimpse(result: Inspection, asked: InspectOptions, size: Size) -> Glimpse:
    """The canvas as the model's tiles show it, padding included; ImageError where the pixels cannot be had."""
    source = source_of(result.source, asked.limits)
    pixels = decode(source, result.facts, asked.handling, asked.limits).pixels
    policy = result.recipe.pixels
    views = render(pixels, result.plan, Look.of(policy))
    first = next(iter(result.plan.grid_tiles))
    found = sheets(result.plan, [normalize.preview(view, policy) for view in views])
    sheet = next(each for each in found if first in dict(each.boxes))
    small = Image.fromarray(sheet.pixels).resize((size.width, size.height), Image.Resampling.BOX)
    levels: list[list[list[int]]] = np.asarray(small).tolist()
    return Glimpse(tuple(tuple((red, green, blue) for red, green, blue in row) for row in levels))
