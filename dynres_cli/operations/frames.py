"""The frames that boxes are given in, and the exact maps between them, all by way of the picture as it was tiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from dynres_cli.geometry import Affine, Plan, Size, to_source
from dynres_cli.manifest import TiledRecord
from dynres_cli.operations.replanning import tiled_size

FrameName = Literal["stored", "original", "canvas", "tile", "norm1000"]

Pair = tuple[Fraction, Fraction]
Rect = tuple[Fraction, Fraction, Fraction, Fraction]
"""Left, top, right, bottom."""

ONE, ZERO = Fraction(1), Fraction(0)
IDENTITY = Affine(ONE, ZERO, ONE, ZERO)


@dataclass(frozen=True, slots=True)
class Frame:
    """How a frame's pixel edges lie in the picture as tiled: axes swapped first where `swap` says so, then `affine`."""

    affine: Affine = IDENTITY
    swap: bool = False

    def to_original(self, points: Sequence[Pair]) -> list[Pair]:
        """Points of this frame in the picture as tiled."""
        return [
            (self.affine.x(y), self.affine.y(x)) if self.swap else (self.affine.x(x), self.affine.y(y))
            for x, y in points
        ]

    def from_original(self, points: Sequence[Pair]) -> list[Pair]:
        """Points of the picture as tiled in this frame."""
        back = self.affine.inverse
        moved = [(back.x(x), back.y(y)) for x, y in points]
        return [(y, x) for x, y in moved] if self.swap else moved


def stored(record: TiledRecord) -> Frame:
    """The picture as its file holds it; another frame only where the pixels were turned upright."""
    if not record.oriented:
        return Frame()
    number = record.orientation
    flip_x, flip_y = number in (2, 3, 6, 7), number in (3, 4, 7, 8)
    affine = Affine(
        -ONE if flip_x else ONE,
        Fraction(record.width if flip_x else 0),
        -ONE if flip_y else ONE,
        Fraction(record.height if flip_y else 0),
    )
    return Frame(affine, swap=number >= 5)


def norm1000(size: Size) -> Frame:
    """0 to 1000 over each axis of the picture."""
    return Frame(Affine(Fraction(size.width, 1000), ZERO, Fraction(size.height, 1000), ZERO))


def surface(plan: Plan, size: Size, index: int) -> Frame:
    """One of the pictures that tiles are cut from."""
    return Frame(to_source(plan, size, index))


def view(plan: Plan, size: Size, number: int) -> Frame:
    """One view, its own top left corner at 0, 0."""
    made = plan.views[number]
    corner = Affine(ONE, Fraction(made.box.left), ONE, Fraction(made.box.top))
    return Frame(to_source(plan, size, made.surface).after(corner))


def canvas(plan: Plan, size: Size) -> Frame | None:
    """The picture that the grid cuts, where there is one."""
    index = plan.canvas_surface
    return None if index is None else surface(plan, size, index)


def frame_of(name: FrameName, record: TiledRecord, plan: Plan) -> Frame | None:
    """A frame that needs no view; None where the picture does not have it."""
    if name == "stored":
        return stored(record)
    if name == "norm1000":
        return norm1000(tiled_size(record))
    return canvas(plan, tiled_size(record)) if name == "canvas" else Frame()
