"""Perception LM: the grid that enlarges most. The grids are those of transformers 5.23.0's own two searches."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dynres_cli.geometry import Grid, Size
from dynres_cli.strategies import perception_lm
from dynres_cli.strategies.family import Candidate
from dynres_cli.strategies.perception_lm import PerceptionLMParams

PARAMS = PerceptionLMParams()


@pytest.mark.parametrize(
    ("size", "grid"),
    [
        pytest.param(Size(1280, 720), Grid(8, 4), id="a screen"),
        pytest.param(Size(720, 1280), Grid(4, 8), id="a screen on its side"),
        pytest.param(Size(3000, 200), Grid(18, 2), id="a panorama"),
        pytest.param(Size(112, 1000), Grid(2, 18), id="a strip"),
        pytest.param(Size(2688, 2688), Grid(6, 6), id="the largest square that a grid holds"),
        pytest.param(Size(2689, 2688), Grid(6, 6), id="a pixel wider: no grid holds it, the ratio decides"),
        pytest.param(Size(4000, 3000), Grid(4, 3), id="beyond every grid"),
        pytest.param(Size(2000, 2700), Grid(5, 7), id="held by a grid that is not the nearest in ratio"),
        pytest.param(Size(10, 5000), Grid(1, 36), id="a thread"),
        pytest.param(Size(1, 1), Grid(6, 6), id="one pixel"),
        pytest.param(Size(1, 5000), Grid(1, 34), id="one pixel wide: no width is left to compare, the last grid wins"),
        pytest.param(Size(5000, 1), Grid(34, 1), id="one pixel high"),
    ],
)
def test_grid(size: Size, grid: Grid) -> None:
    """The thumbnail is first, 256 tokens a view."""
    made = perception_lm.plan(size, PARAMS)
    assert made.grid == grid
    assert [view.role for view in made.views] == ["overview", *["tile"] * grid.tiles]
    assert perception_lm.tokens(size, PARAMS, made) == 256 * (grid.tiles + 1)


def test_one_tile_keeps_its_thumbnail() -> None:
    """A most of one tile still has two views, the same picture twice; `vanilla` has one, which is a tile."""
    size = Size(640, 480)
    twice = perception_lm.plan(size, PerceptionLMParams(max_num_tiles=1))
    assert (twice.grid, twice.total, twice.thumbnail) == (Grid(1, 1), 2, True)
    once = perception_lm.plan(size, PerceptionLMParams(vision_input_type="vanilla"))
    assert (once.grid, once.tiles, once.total, once.thumbnail) == (Grid(1, 1), 1, 1, False)


def test_grids_of_one_ratio_stand_together() -> None:
    """With five tiles at most, squares follow each other from the larger one."""
    found = perception_lm.grids_by_aspect(5)
    assert list(found) == [0.2, 5.0, 0.25, 1.0, 4.0, 1 / 3, 3.0, 0.5, 2.0]
    assert found[1.0] == (Grid(2, 2), Grid(1, 1))


def test_grids_that_hold_a_picture_are_ranked_by_its_shorter_side() -> None:
    """2000×1000 is 1,344 high on 6×3 (and 6×4, 6×5, 7×3, ...), the later of equals first; on 8×4 it is 1,792 high."""
    found = perception_lm.candidates(Size(2000, 1000), PARAMS)
    assert [(each.grid, each.distance) for each in found[:2]] == [(Grid(8, 4), 0.0), (Grid(9, 4), 0.0)]
    assert {each.distance for each in found if each.grid in (Grid(6, 3), Grid(6, 6))} == {448.0}
    assert len(found) == len(perception_lm.every_grid(36))


def test_a_picture_beyond_every_grid_is_compared_by_aspect() -> None:
    """4000×3000 is 0.083 from 5×4; ratios above its own are not looked at."""
    found = perception_lm.candidates(Size(4000, 3000), PARAMS)
    assert [(each.grid, round(each.distance, 3)) for each in found[:2]] == [(Grid(4, 3), 0.0), (Grid(5, 4), 0.083)]
    assert max(each.grid.aspect for each in found) == 4 / 3


@pytest.mark.parametrize(
    "params", [PerceptionLMParams(max_num_tiles=1), PerceptionLMParams(vision_input_type="vanilla")]
)
def test_where_nothing_is_compared_one_tile_is_the_only_candidate(params: PerceptionLMParams) -> None:
    """With a most of one tile, or without tiles."""
    assert perception_lm.candidates(Size(1280, 720), params) == [Candidate(Grid(1, 1), 0.0)]


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(1, 36))
@example(1280, 720, 36)
@example(4000, 3000, 36)
@example(1, 5000, 36)
def test_no_candidate_is_nearer_than_the_chosen_grid(width: int, height: int, most: int) -> None:
    """The chosen grid comes first, whichever of the two rules decides, and the distances only grow."""
    size, params = Size(width, height), PerceptionLMParams(max_num_tiles=most)
    found = perception_lm.candidates(size, params)
    distances = [each.distance for each in found]
    assert found[0].grid == perception_lm.plan(size, params).grid
    assert distances == sorted(distances)


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(1, 36))
def test_a_picture_is_never_shrunk_if_a_grid_holds_it(width: int, height: int, most: int) -> None:
    """Where the longest row and column of tiles hold a picture in one grid, the chosen grid holds it too."""
    size, params = Size(width, height), PerceptionLMParams(max_num_tiles=most)
    chosen = perception_lm.holding_grid(size, params)
    if chosen is not None:
        assert chosen.cols * 448 >= width
        assert chosen.rows * 448 >= height
    assert 1 <= perception_lm.plan(size, params).grid.tiles <= most
