"""A grid drawn with box characters, in the picture's proportions: its tiles numbered, its bars hatched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dynres_cli.geometry import Grid, Size
from dynres_cli.report.terminal import half_block

if TYPE_CHECKING:
    from dynres_cli.operations.glimpsing import Glimpse

CELL_ASPECT = 2.0
"""A terminal's characters are about twice as high as wide."""
BAR = "░"
_STEERING = re.compile(r"\x1b\[[0-9;]*m")

Rect = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn: a grid on its canvas, its tiles' numbers, where the picture lies on it, and its colours."""

    grid: Grid
    canvas: Size
    content: Rect
    numbers: Mapping[tuple[int, int], int]
    """Each tile's place in the model's order, by row and column."""
    glimpse: Glimpse | None = None
    exact: bool = False
    """Whether colours are exact, or the nearest of 256."""


def cell_of(grid: Grid, canvas: Size, room: Size) -> Size:
    """A tile's characters across and down, at most `room` for all where the lines between them leave that room."""
    scale = min(room.width / canvas.width, room.height * CELL_ASPECT / canvas.height)
    return Size(
        max(round(canvas.width * scale / grid.cols) - 1, 1),
        max(round(canvas.height * scale / CELL_ASPECT / grid.rows) - 1, 1),
    )


def grid_lines(drawing: Drawing, cell: Size) -> list[str]:
    """Lines of text that show the grid."""
    grid = drawing.grid
    bar = "─" * cell.width

    def rule(left: str, cross: str, right: str) -> str:
        return left + cross.join([bar] * grid.cols) + right

    lines = [rule("┌", "┬", "┐")]
    for row in range(grid.rows):
        for down in range(cell.height):
            inside = (_inside(drawing, cell, (row, col), down) for col in range(grid.cols))
            lines.append(f"│{'│'.join(inside)}│")
        lines.append(rule("├", "┼", "┤") if row + 1 < grid.rows else rule("└", "┴", "┘"))
    return lines


def _inside(drawing: Drawing, cell: Size, place: tuple[int, int], down: int) -> str:
    """One line of one tile: its number on the first, then the picture's colours, or the bars beside it."""
    row, col = place
    number = f" {drawing.numbers[place]} " if down == 0 and place in drawing.numbers else ""
    label = number if len(number) <= cell.width else number.strip()
    label = label if len(label) <= cell.width else ""
    rest = range(len(label), cell.width)
    if drawing.glimpse is not None:
        left, top = col * cell.width, 2 * (row * cell.height + down)
        pairs = (drawing.glimpse.pair(left + across, top) for across in rest)
        return label + "".join(half_block(above, below, exact=drawing.exact) for above, below in pairs)
    y = (row * cell.height + down + 0.5) / (drawing.grid.rows * cell.height)
    return label + "".join(
        _blank(drawing, (col * cell.width + across + 0.5) / (drawing.grid.cols * cell.width), y) for across in rest
    )


def _blank(drawing: Drawing, x: float, y: float) -> str:
    """Nothing where the picture is, hatching where it is not; `x` and `y` are shares of the canvas."""
    left, top, right, bottom = drawing.content
    inside = left <= x * drawing.canvas.width <= right and top <= y * drawing.canvas.height <= bottom
    return " " if inside else BAR


def beside(left: list[str], right: list[str], gap: int = 3) -> list[str]:
    """Two blocks of lines side by side."""
    width = max(map(_shown, left), default=0)
    height = max(len(left), len(right))
    padded_left = [*left, *[""] * (height - len(left))]
    padded_right = [*right, *[""] * (height - len(right))]
    pairs = zip(padded_left, padded_right, strict=True)
    return [f"{a}{' ' * (width - _shown(a) + gap)}{b}".rstrip() for a, b in pairs]


def _shown(line: str) -> int:
    """The characters of a line that take room."""
    return len(_STEERING.sub("", line))
