"""The area of a polygon, exact, also of one whose outline crosses itself: what lies inside by the even-odd rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from dynres_cli.operations.frames import Pair


def polygon_area(corners: Sequence[Pair]) -> Fraction:
    """The area inside an outline; what a crossing outline goes around twice counts as outside."""
    closed = pairwise((*corners, corners[0]))
    sides = [_Side.of(number, *ends) for number, ends in enumerate(closed) if ends[0] != ends[1]]
    crossings = set(_crossings(sides))
    if not crossings and len(set(corners)) == len(corners):
        closed = pairwise((*corners, corners[0]))
        return abs(sum((x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in closed), Fraction(0))) / 2
    heights = sorted({y for _, y in corners} | crossings)
    return sum((_band(sides, top, bottom) for top, bottom in pairwise(heights)), Fraction(0))


@dataclass(frozen=True, slots=True)
class _Side:
    """A side by its number along the outline, its upper and its lower end, and the box around it.

    The box is of floats, which are compared far faster; rounding keeps their order, so no meeting is overlooked.
    """

    number: int
    upper: Pair
    lower: Pair
    box: tuple[float, float, float, float]

    @classmethod
    def of(cls, number: int, one: Pair, other: Pair) -> _Side:
        upper, lower = sorted((one, other), key=lambda end: (end[1], end[0]))
        left, right = sorted((one[0], other[0]))
        return cls(number, upper, lower, (float(left), float(upper[1]), float(right), float(lower[1])))


def _crossings(sides: Sequence[_Side]) -> Iterator[Fraction]:
    """The heights at which sides meet that do not follow each other."""
    last = max((side.number for side in sides), default=0)
    under_way: list[_Side] = []
    for side in sorted(sides, key=lambda each: each.box[1]):
        left, top, right, _ = side.box
        under_way = [other for other in under_way if other.box[3] >= top]
        for other in under_way:
            is_next = abs(side.number - other.number) in (1, last)
            if not is_next and other.box[0] <= right and other.box[2] >= left:
                yield from _meeting(side, other)
        under_way.append(side)


def _meeting(one: _Side, other: _Side) -> Iterator[Fraction]:
    """The height at which two sides meet, if they do; along one line they hold no area between them."""
    (x0, y0), (x1, y1) = one.upper, one.lower
    (x2, y2), (x3, y3) = other.upper, other.lower
    turn = (x1 - x0) * (y3 - y2) - (y1 - y0) * (x3 - x2)
    if turn:
        along = ((x2 - x0) * (y3 - y2) - (y2 - y0) * (x3 - x2)) / turn
        beside = ((x2 - x0) * (y1 - y0) - (y2 - y0) * (x1 - x0)) / turn
        if 0 <= along <= 1 and 0 <= beside <= 1:
            yield y0 + along * (y1 - y0)


def _band(sides: Sequence[_Side], top: Fraction, bottom: Fraction) -> Fraction:
    """The area between two heights, between which no side ends or meets another."""
    middle = (top + bottom) / 2
    through = [(side.upper, side.lower) for side in sides if side.upper[1] <= top and side.lower[1] >= bottom]
    crossed = sorted(x0 + (middle - y0) * (x1 - x0) / (y1 - y0) for (x0, y0), (x1, y1) in through)
    return (bottom - top) * (sum(crossed[1::2], Fraction(0)) - sum(crossed[::2], Fraction(0)))
