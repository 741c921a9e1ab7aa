"""Molmo2: overlapping crops of a stretched canvas. The numbers are those of transformers 5.23.0's Molmo2 processor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.geometry import Grid, Size
from dynres_cli.strategies import molmo2
from dynres_cli.strategies.molmo2 import Molmo2Params

PARAMS = Molmo2Params()


@pytest.mark.parametrize(
    ("size", "grid"),
    [
        pytest.param(Size(1280, 720), Grid(4, 2), id="a screen"),
        pytest.param(Size(720, 1280), Grid(2, 4), id="a screen on its side"),
        pytest.param(Size(644, 644), Grid(2, 2), id="two windows of 266 and the margins exactly"),
        pytest.param(Size(1000, 112), Grid(4, 1), id="exactly the margins high: the width decides"),
        pytest.param(Size(1000, 111), Grid(1, 1), id="lower than the margins: the smallest grid"),
        pytest.param(Size(3000, 200), Grid(8, 1), id="a panorama"),
        pytest.param(Size(2689, 2688), Grid(3, 2), id="too large: shrunk least"),
        pytest.param(Size(1, 1), Grid(1, 1), id="one pixel"),
        pytest.param(Size(1, 5000), Grid(1, 1), id="one pixel wide"),
        pytest.param(Size(5000, 1), Grid(1, 1), id="one pixel high"),
    ],
)
def test_grid(size: Size, grid: Grid) -> None:
    """The whole picture is first, then every crop of the stretched canvas."""
    made = molmo2.plan(size, PARAMS)
    assert made.grid == grid
    assert [view.role for view in made.views] == ["overview", *["tile"] * grid.tiles]
    assert made.canvas == Size(grid.cols * 266 + 112, grid.rows * 266 + 112)
    assert made.surfaces[1].offset == made.surfaces[0].offset


def test_inputs_and_tokens() -> None:
    """1280×720 is 14×14 tokens and 23×42 more in 9 views, with marks 1203."""
    size = Size(1280, 720)
    made = molmo2.plan(size, PARAMS)
    assert molmo2.inputs(size, PARAMS, made) == {"image_grids": (14, 14, 23, 42), "image_num_crops": 9}
    assert molmo2.tokens(size, PARAMS, made) == 14 * 15 + 23 * 43 + 4
    assert molmo2.prompt(size, PARAMS, made)[0] == ("<low_res_im_start>", 1)


def test_an_odd_side_is_joined_with_nothing() -> None:
    """27 patches make 14 tokens; the last of a row joins one column of patches, and -1 twice."""
    pooled = molmo2.pooled_patches(PARAMS, molmo2.plan(Size(1, 1), PARAMS))
    assert pooled[0] == (0, 1, 27, 28)
    assert pooled[13] == (26, -1, 53, -1)
    assert pooled[195] == (728, -1, -1, -1)
    assert pooled[196] == (729, 730, 756, 757)


@given(st.integers(1, 3_000), st.integers(1, 3_000))
def test_tokens_join_as_many_patches_as_the_canvas_has(width: int, height: int) -> None:
    """Each patch of the whole picture and of the canvas is joined once."""
    made = molmo2.plan(Size(width, height), PARAMS)
    numbers = [one for token in molmo2.pooled_patches(PARAMS, made) for one in token if one >= 0]
    canvas = made.surfaces[1].size
    assert len(set(numbers)) == len(numbers) == 27 * 27 + canvas.width // 14 * (canvas.height // 14)
