"""Boxes, points and polygons: what they are, and what is left of them inside a rectangle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from dynres_cli.operations.frames import Pair, Rect
from dynres_cli.operations.polygons import polygon_area

Kind = Literal["box", "point", "polygon"]
HAIR = Fraction(1, 10**6)
"""Pixels that rounding may add to a coordinate that was mapped before; nothing is called clipped for so little."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape: a box by two opposite corners, a point, or a polygon by its corners."""

    kind: Kind
    points: tuple[Pair, ...]

    def moved(self, points: Sequence[Pair]) -> Shape:
        """The same shape by other points; a box that was mirrored has its corners sorted again."""
        if self.kind != "box":
            return replace(self, points=tuple(points))
        left, top, right, bottom = bounds(points)
        return replace(self, points=((left, top), (right, bottom)))

    @property
    def area(self) -> Fraction:
        if self.kind == "point":
            return Fraction(0)
        if self.kind == "box":
            (left, top), (right, bottom) = self.points
            return (right - left) * (bottom - top)
        return polygon_area(self.points)

    def within(self, rect: Rect) -> Shape | None:
        """What lies in a rectangle; None where that is nothing. A point on the last edge is still in."""
        left, top, right, bottom = bounds(self.points)
        if left >= rect[0] and top >= rect[1] and right <= rect[2] and bottom <= rect[3]:
            return self
        if self.kind == "polygon":
            corners = _cut(self.points, rect)
            inside = replace(self, points=tuple(corners)) if len(corners) > 1 else None
            # As for a box: one that only touches the edge has nothing in it, but a flat one has its part.
            return inside if inside is not None and (inside.area > 0 or self.area == 0) else None
        left, top = max(left, rect[0]), max(top, rect[1])
        right, bottom = min(right, rect[2]), min(bottom, rect[3])
        # A box that only touches the rectangle's edge has nothing in it.
        if left > right or top > bottom or (self.area > 0 and (left == right or top == bottom)):
            return None
        return replace(self, points=((left, top), (right, bottom)) if self.kind == "box" else ((left, top),))

    def clamped(self, rect: Rect) -> Shape:
        """The shape with every point brought to the rectangle's nearest place."""
        return replace(
            self, points=tuple((min(max(x, rect[0]), rect[2]), min(max(y, rect[1]), rect[3])) for x, y in self.points)
        )

    def near(self, other: Shape) -> bool:
        """Whether two shapes differ by rounding alone."""
        return len(self.points) == len(other.points) and all(
            abs(a - c) <= HAIR and abs(b - d) <= HAIR for (a, b), (c, d) in zip(self.points, other.points, strict=True)
        )


def bounds(points: Sequence[Pair]) -> Rect:
    """The smallest rectangle around some points."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _cut(corners: Sequence[Pair], rect: Rect) -> list[Pair]:
    """A polygon cut by the rectangle's four edges one after the other (Sutherland and Hodgman)."""
    left, top, right, bottom = rect
    kept = list(corners)
    for axis, limit, sign in ((0, left, 1), (1, top, 1), (0, right, -1), (1, bottom, -1)):
        kept = list(_half(kept, axis, limit, sign))
    return [corner for number, corner in enumerate(kept) if corner != kept[number - 1]]


def _half(corners: Sequence[Pair], axis: int, limit: Fraction, sign: int) -> Iterator[Pair]:
    """The part of a polygon on one side of a line."""
    for number, here in enumerate(corners):
        before = corners[number - 1]
        depth, depth_before = sign * (here[axis] - limit), sign * (before[axis] - limit)
        if (depth >= 0) != (depth_before >= 0):
            part = depth_before / (depth_before - depth)
            yield before[0] + part * (here[0] - before[0]), before[1] + part * (here[1] - before[1])
        if depth >= 0:
            yield here
