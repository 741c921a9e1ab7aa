"""Aria: one square, or the crops of LLaVA's canvas. The numbers are those of transformers 5.23.0 on Pillow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.errors import UsageError
from dynres_cli.geometry import Grid, Size
from dynres_cli.strategies import aria
from dynres_cli.strategies.aria import AriaParams

WHOLE = AriaParams()
SMALL = AriaParams(max_image_size=490, split_image=True)
LARGE = AriaParams(split_image=True)


@pytest.mark.parametrize(
    ("size", "scaled"),
    [
        pytest.param(Size(1280, 720), Size(980, 551), id="a screen"),
        pytest.param(Size(720, 1280), Size(551, 980), id="a screen on its side"),
        pytest.param(Size(3000, 400), Size(980, 336), id="a panorama is made higher than it is"),
        pytest.param(Size(1, 1), Size(980, 980), id="one pixel"),
        pytest.param(Size(1, 5000), Size(336, 980), id="one pixel wide"),
        pytest.param(Size(5000, 1), Size(980, 336), id="one pixel high"),
    ],
)
def test_whole_picture(size: Size, scaled: Size) -> None:
    """One tile of 980 pixels with the picture at its top left: 256 tokens."""
    made = aria.plan(size, WHOLE)
    assert (made.grid, made.tiles, made.thumbnail) == (Grid(1, 1), 1, False)
    assert made.surfaces[0].scaled == scaled
    assert made.views[0].box.size == Size(980, 980)
    assert aria.tokens(size, WHOLE, made) == 256
    assert aria.inputs(size, WHOLE, made) == {"num_crops": 1, "pixel_mask": ((scaled.height, scaled.width),)}
    assert aria.candidates(size, WHOLE) == []


@pytest.mark.parametrize(
    ("size", "small", "large"),
    [
        pytest.param(Size(1280, 720), Grid(3, 2), Grid(2, 1), id="a screen"),
        pytest.param(Size(300, 900), Grid(1, 2), Grid(1, 1), id="upright"),
        pytest.param(Size(1000, 1000), Grid(2, 2), Grid(1, 1), id="a square"),
        pytest.param(Size(3000, 400), Grid(7, 1), Grid(4, 1), id="a panorama"),
        pytest.param(Size(200, 150), Grid(2, 1), Grid(1, 1), id="a small one: the first canvas of the list"),
        pytest.param(Size(2000, 490), Grid(5, 1), Grid(3, 1), id="an odd number of columns"),
    ],
)
def test_split(size: Size, small: Grid, large: Grid) -> None:
    """Every crop of the canvas has a square of its own, row by row."""
    for params, grid in ((SMALL, small), (LARGE, large)):
        made = aria.plan(size, params)
        assert made.grid == aria.candidates(size, params)[0].grid == grid
        assert [(view.row, view.col) for view in made.views] == [
            (row, col) for row in range(grid.rows) for col in range(grid.cols)
        ]
    assert aria.tokens(size, SMALL, aria.plan(size, SMALL)) == 128 * small.tiles
    assert aria.tokens(size, LARGE, aria.plan(size, LARGE)) == 256 * large.tiles


def test_a_strip_that_vanishes_takes_the_smallest_canvas() -> None:
    """A picture one pixel wide fills none; the first of the smallest ones has a row of two squares."""
    assert aria.plan(Size(1, 5000), SMALL).grid == Grid(2, 1)


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_the_picture_stays_in_its_square(width: int, height: int) -> None:
    """Its longer side fills the square, its shorter one is 336 pixels at least."""
    scaled = aria.scaled_size(Size(width, height), WHOLE)
    assert max(scaled.width, scaled.height) == 980
    assert min(scaled.width, scaled.height) >= 336


def test_limits_of_parameters() -> None:
    """Only two sides are known; the canvases must be there."""
    with pytest.raises(UsageError, match="use 490 or 980"):
        AriaParams(max_image_size=500)
    with pytest.raises(UsageError, match="is above max_image_size=490"):
        AriaParams(max_image_size=490, min_image_size=500)
    with pytest.raises(UsageError, match="at least one canvas"):
        AriaParams(split_resolutions=())
