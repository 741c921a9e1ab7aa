"""Eagle 2.5 and Nemotron-VL: area times likeness of ratios. The grids are those of a plain loop over the same set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.geometry import Grid, Size
from dynres_cli.recipe import resolve
from dynres_cli.strategies import eagle2
from dynres_cli.strategies.eagle2 import Eagle2Params, NemotronVLParams

EAGLE, NEMOTRON = Eagle2Params(), NemotronVLParams()


@pytest.mark.parametrize(
    ("size", "grid"),
    [
        pytest.param(Size(1280, 720), Grid(4, 2), id="a screen"),
        pytest.param(Size(720, 1280), Grid(2, 4), id="a screen on its side"),
        pytest.param(Size(560, 561), Grid(1, 1), id="one tile covers 60 percent"),
        pytest.param(Size(724, 724), Grid(2, 2), id="one tile does not"),
        pytest.param(Size(2616, 2616), Grid(3, 3), id="a large square"),
        pytest.param(Size(4000, 3000), Grid(4, 3), id="a photograph"),
        pytest.param(Size(112, 1000), Grid(1, 9), id="a strip"),
        pytest.param(Size(1, 1), Grid(1, 1), id="one pixel"),
        pytest.param(Size(1, 5000), Grid(1, 12), id="one pixel wide"),
        pytest.param(Size(5000, 1), Grid(12, 1), id="one pixel high"),
    ],
)
def test_grid(size: Size, grid: Grid) -> None:
    """Both sides of tile choose alike here; the thumbnail comes last, above one tile."""
    for params in (EAGLE, NEMOTRON):
        made = eagle2.plan(size, params)
        assert made.grid == eagle2.candidates(size, params)[0].grid == grid
        assert made.thumbnail == (grid.tiles > 1)


def test_equal_scores_fall_in_set_order() -> None:
    """20 tiles either way cover a square of 2616 pixels alike; the set brings 5×4 first, a sorted list 4×5."""
    size, params = Size(2616, 2616), Eagle2Params(max_num=24)
    assert eagle2.score(size, Grid(5, 4), 448) == eagle2.score(size, Grid(4, 5), 448)
    assert eagle2.plan(size, params).grid == Grid(5, 4)


def test_tokens_and_prompt() -> None:
    """256 tokens a view for both, under names of their own."""
    size = Size(1280, 720)
    for name, context in (("eagle2.5", "<IMG_CONTEXT>"), ("nemotron-vl", "<image>")):
        recipe = resolve(name)
        made = recipe.plan(size)
        assert recipe.tokens(size, made) == 9 * 256
        assert recipe.prompt(size, made) == (("<img>", 1), (context, 9 * 256), ("</img>", 1))


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_area_counts_up_to_60_percent(width: int, height: int) -> None:
    """No grid scores above 0.6, and the chosen one scores highest."""
    size = Size(width, height)
    chosen = eagle2.score(size, eagle2.plan(size, EAGLE).grid, 448)
    assert chosen <= eagle2.ENOUGH_AREA
    assert all(eagle2.ENOUGH_AREA - each.distance <= chosen + 1e-12 for each in eagle2.candidates(size, EAGLE))
