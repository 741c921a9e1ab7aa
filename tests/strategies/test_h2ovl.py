"""H2OVL: two grids over one picture, the second unlike the first, one thumbnail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.geometry import Grid, Size
from dynres_cli.strategies import h2ovl
from dynres_cli.strategies.h2ovl import H2OVLParams

PARAMS = H2OVLParams()
SIDES = st.integers(1, 4000)


@pytest.mark.parametrize(
    ("size", "first", "second", "views"),
    [
        pytest.param(Size(1200, 200), Grid(6, 1), Grid(1, 1), 7, id="nothing fits beside 6x1"),
        pytest.param(Size(300, 200), Grid(3, 2), Grid(2, 3), 13, id="2x3 is the only one that fits beside 3x2"),
        pytest.param(Size(448, 448), Grid(1, 1), Grid(2, 2), 5, id="the first pass shows nothing"),
        pytest.param(Size(896, 448), Grid(2, 1), Grid(3, 2), 9, id="both passes, the second one first"),
        pytest.param(Size(448, 896), Grid(1, 2), Grid(2, 3), 9, id="upright"),
    ],
)
def test_both_passes(size: Size, first: Grid, second: Grid, views: int) -> None:
    """The grid of each pass, and how many views remain once each has given up its last."""
    assert h2ovl.passes(size, PARAMS) == (first, second)
    assert h2ovl.plan(size, PARAMS).total == views


def test_one_tile_in_both_passes_is_one_view() -> None:
    """With at most two tiles the second pass has no grid; a square is then shown once."""
    plan = h2ovl.plan(Size(100, 100), H2OVLParams(max_num=2))
    assert (plan.grid, plan.total, plan.thumbnail) == (Grid(1, 1), 1, False)


@given(st.builds(Size, SIDES, SIDES))
def test_layer_row_and_column_name_a_tile(size: Size) -> None:
    """No two tiles share a name; the plan's own grid is layer 0."""
    plan = h2ovl.plan(size, PARAMS)
    names = [(view.layer, view.row, view.col) for view in plan.views if view.role == "tile"]
    assert len(set(names)) == len(names)
    assert sum(layer == 0 for layer, _, _ in names) == plan.grid.tiles
