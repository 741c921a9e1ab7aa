"""Llama 4: the canvas of at most sixteen tiles that enlarges least, the whole picture last above one tile.

The numbers are what transformers' Llama4 processor (4.57.6 and 5.23.0, torch) returns.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.errors import UsageError
from dynres_cli.geometry import Grid, Size
from dynres_cli.strategies import llama4
from dynres_cli.strategies.llama4 import Llama4Params

PARAMS = Llama4Params()


@pytest.mark.parametrize(
    ("size", "grid", "total"),
    [
        pytest.param(Size(640, 480), Grid(2, 2), 5, id="a small picture"),
        pytest.param(Size(1280, 720), Grid(4, 3), 13, id="a screen"),
        pytest.param(Size(1203, 731), Grid(4, 3), 13, id="odd sides"),
        pytest.param(Size(300, 900), Grid(1, 3), 4, id="a portrait"),
        pytest.param(Size(100, 50), Grid(1, 1), 1, id="a stamp is one tile and has no overview"),
        pytest.param(Size(4000, 1000), Grid(8, 2), 17, id="a panorama"),
        pytest.param(Size(97, 2801), Grid(1, 9), 10, id="a strip"),
        pytest.param(Size(896, 1792), Grid(3, 5), 16, id="a canvas of another shape than the picture"),
        pytest.param(Size(1, 1), Grid(1, 1), 1, id="one pixel"),
        pytest.param(Size(1, 5000), Grid(1, 15), 16, id="one pixel wide"),
        pytest.param(Size(5000, 1), Grid(15, 1), 16, id="one pixel high"),
    ],
)
def test_grid(size: Size, grid: Grid, total: int) -> None:
    """The grid, its (rows, columns) in the inputs, and 144 tokens a view."""
    made = llama4.plan(size, PARAMS)
    assert (made.grid, made.total) == (grid, total)
    assert llama4.inputs(size, PARAMS, made) == {"aspect_ratios": (grid.rows, grid.cols)}
    assert llama4.tokens(size, PARAMS, made) == 144 * total


def test_grids_are_gathered_by_ratio() -> None:
    """All grids of one ratio stand together, in the order in which ratios are met from sixteen tiles down."""
    assert llama4.supported_grids(16)[:12] == (
        *(Grid(16, 1), Grid(8, 2), Grid(4, 1), Grid(4, 4), Grid(3, 3), Grid(2, 2), Grid(1, 1)),
        *(Grid(2, 8), Grid(1, 4), Grid(1, 16), Grid(15, 1), Grid(5, 3)),
    )


def test_scales_are_float32() -> None:
    """A third in float32 is a little above a third in float64."""
    assert llama4.canvas_scale(Size(3, 1), Grid(1, 1), 1) == 0.3333333432674408


def test_the_largest_canvas_if_asked() -> None:
    """resize_to_max_canvas enlarges 100×50 to five columns, black below, instead of one tile."""
    params = Llama4Params(resize_to_max_canvas=True)
    made = llama4.plan(Size(100, 50), params)
    assert (made.grid, made.surfaces[0].scaled) == (Grid(5, 3), Size(1680, 840))
    assert llama4.candidates(Size(100, 50), params)[0].grid == made.grid


def test_prompt() -> None:
    """Two columns and one row: a separator between the tiles, one after the row, then the whole picture."""
    size = Size(600, 300)
    made = llama4.plan(size, PARAMS)
    assert made.grid == Grid(2, 1)
    assert llama4.prompt(size, PARAMS, made) == (
        ("<|image_start|>", 1),
        ("<|patch|>", 144),
        ("<|tile_x_separator|>", 1),
        ("<|patch|>", 144),
        ("<|tile_y_separator|>", 1),
        ("<|image|>", 1),
        ("<|patch|>", 144),
        ("<|image_end|>", 1),
    )


def test_candidates_begin_with_the_choice() -> None:
    """1280×720 chooses 4×3 at a scale of 1.05; every grid of sixteen tiles or fewer is a candidate."""
    found = llama4.candidates(Size(1280, 720), PARAMS)
    assert found[0].grid == Grid(4, 3)
    assert found[0].distance == pytest.approx(4 * 336 / 1280 - 1)
    assert len(found) == sum(16 // rows for rows in range(1, 17))


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_any_size_has_tiles_within_the_limit(width: int, height: int) -> None:
    """One to sixteen tiles, the picture on its canvas, and the first candidate is what the plan has."""
    size = Size(width, height)
    made = llama4.plan(size, PARAMS)
    assert 1 <= made.tiles <= 16
    assert made.thumbnail == (made.tiles > 1)
    assert made.surfaces[0].scaled.width <= made.surfaces[0].size.width
    assert made.surfaces[0].scaled.height <= made.surfaces[0].size.height
    assert llama4.candidates(size, PARAMS)[0].grid == made.grid


def test_limits_of_parameters() -> None:
    """No tile at all is refused with the range."""
    with pytest.raises(UsageError, match="max_patches=0 is out of range; allowed are 1 to 256"):
        Llama4Params(max_patches=0)
