"""Areas of polygons: by hand, by adding up pieces, and by counting points."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynres_cli.operations.polygons import polygon_area
from dynres_cli.operations.shapes import Shape
from tests.operations.test_mapping import mapped, shape, tiled

Numbers = list[tuple[int, int]]
OUTLINES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=9)
BOW_TIE, STAR = [(0, 0), (4, 0), (0, 2), (4, 2)], [(5, 0), (8, 9), (0, 3), (10, 3), (2, 9)]


def polygon(corners: Numbers) -> Shape:
    """A polygon by its corners."""
    return Shape("polygon", tuple((Fraction(x), Fraction(y)) for x, y in corners))


def counted(corners: Numbers) -> float:
    """The same by counting points of a fine net: inside is where a ray meets the outline an odd number of times."""
    x, y = np.meshgrid((np.arange(600) + 0.5) / 50 + 1e-7, (np.arange(600) + 0.5) / 50 + 1e-7)
    inside = np.zeros(x.shape, bool)
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if y0 != y1:
            inside ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return float(inside.sum() / 50**2)


@pytest.mark.parametrize(
    ("corners", "area"),
    [
        pytest.param([(0, 0), (4, 0), (4, 3)], 6, id="a triangle"),
        pytest.param([(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)], 10, id="a dent"),
        pytest.param(BOW_TIE, 4, id="two lobes, one each way around"),
        pytest.param([(0, 0), (4, 0), (2, 1), (0, 2), (4, 2), (2, 1)], 4, id="the same, with a corner at the crossing"),
        pytest.param([(0, 0), (4, 0), (4, 2), (0, 2)] * 2, 0, id="twice around"),
        pytest.param([(1, 1), (3, 1), (5, 1)], 0, id="flat"),
    ],
)
def test_area(corners: Numbers, area: int) -> None:
    """Worked out by hand."""
    assert polygon_area(polygon(corners).points) == area


@settings(max_examples=40)
@given(OUTLINES)
def test_as_many_points_lie_inside(corners: Numbers) -> None:
    """Of any outline, however often it crosses itself."""
    assert float(polygon_area(polygon(corners).points)) == pytest.approx(counted(corners), abs=1.5)


@given(OUTLINES, st.integers(1, 11), st.integers(1, 11))
def test_pieces_make_one_whole(corners: Numbers, x: int, y: int) -> None:
    """Cut in four at a point, no area is lost or gained."""
    whole = polygon(corners)
    rects = [(left, top, right, bottom) for left, right in ((0, x), (x, 12)) for top, bottom in ((0, y), (y, 12))]
    pieces = [whole.within(tuple(map(Fraction, rect))) for rect in rects]  # type: ignore[arg-type]
    assert sum((piece.area for piece in pieces if piece), Fraction(0)) == whole.area


@pytest.mark.parametrize(("corners", "scale"), [(BOW_TIE, 200), (STAR, 80)])
def test_shares_of_an_outline_that_crosses_itself(corners: Numbers, scale: int) -> None:
    """Over several tiles they make one whole, as those of any other shape."""
    numbers = [number * scale for corner in corners for number in corner]
    found = mapped(tiled("internvl2", 896, 896), shape(*numbers, kind="polygon"), "original", "tile")
    assert sum(each.share or 0 for each in found) == 1
    assert all(each.share and each.share <= 1 for each in found)


def test_a_flat_outline_is_where_it_lies() -> None:
    """Three points on a line over two tiles: a part in each, as of a flat box; beside the picture it is in none."""
    flat = (400, 100, 440, 100, 500, 100)
    found = mapped(tiled("internvl2", 896, 896), shape(*flat, kind="polygon"), "original", "tile")
    assert [each.view for each in found] == [0, 1]
    (nothing,) = mapped(tiled("internvl2", 50, 50), shape(*flat, kind="polygon"), "original", "tile")
    assert nothing.flags == ("clipped", "outside")
