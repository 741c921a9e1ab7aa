"""Gemma 3: the whole picture, and with pan and scan a few crops along its longer side.

The numbers are what transformers' Gemma3 processor (5.23.0, Pillow backend) returns.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.errors import NotTileable, UsageError
from dynres_cli.geometry import Box, Grid, Size, whole
from dynres_cli.strategies import gemma3
from dynres_cli.strategies.gemma3 import Gemma3Params

WHOLE = Gemma3Params()
SCAN = Gemma3Params(do_pan_and_scan=True)


@pytest.mark.parametrize(
    ("size", "grid"),
    [
        pytest.param(Size(640, 480), Grid(2, 1), id="4 to 3 has two crops at least"),
        pytest.param(Size(1280, 720), Grid(2, 1), id="a screen"),
        pytest.param(Size(300, 900), Grid(1, 3), id="a portrait is cut from top to bottom"),
        pytest.param(Size(4000, 1000), Grid(4, 1), id="a panorama"),
        pytest.param(Size(1281, 512), Grid(3, 1), id="2.502 rounds to three"),
        pytest.param(Size(1280, 512), Grid(3, 1), id="2.5 rounds half up"),
        pytest.param(Size(896, 1792), Grid(1, 2), id="1 to 2"),
    ],
)
def test_crops(size: Size, grid: Grid) -> None:
    """The overview is first, then one tile a crop."""
    made = gemma3.plan(size, SCAN)
    assert made.grid == grid
    assert [view.role for view in made.views] == ["overview", *["tile"] * grid.tiles]
    assert gemma3.inputs(size, SCAN, made) == {"num_crops": grid.tiles}


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(Size(500, 500), id="a square"),
        pytest.param(Size(614, 512), id="a ratio below 1.2"),
        pytest.param(Size(100, 50), id="a stamp"),
        pytest.param(Size(640, 255), id="crops lower than 256 pixels"),
        pytest.param(Size(97, 2801), id="a strip"),
        pytest.param(Size(1, 1), id="one pixel"),
        pytest.param(Size(1, 5000), id="one pixel wide"),
        pytest.param(Size(5000, 1), id="one pixel high"),
    ],
)
def test_no_crops(size: Size) -> None:
    """The whole picture alone is a tile."""
    made = gemma3.plan(size, SCAN)
    assert (made.grid, made.tiles, made.total, made.thumbnail) == (Grid(1, 1), 1, 1, False)
    assert gemma3.inputs(size, SCAN, made) == {"num_crops": 0}


def test_crops_cover_the_picture() -> None:
    """1000×300 in three crops: two of 334 pixels and one of 332."""
    surfaces = gemma3.plan(Size(1000, 300), SCAN).surfaces
    assert [surface.region for surface in surfaces] == [
        None,
        Box(0, 0, 334, 300),
        Box(334, 0, 668, 300),
        Box(668, 0, 1000, 300),
    ]
    assert {surface.scaled for surface in surfaces} == {Size(896, 896)}


def test_without_pan_and_scan() -> None:
    """Gemma 3's processor leaves it off: 256 tokens for any picture."""
    made = gemma3.plan(Size(4000, 1000), WHOLE)
    assert made.total == 1
    assert gemma3.tokens(Size(4000, 1000), WHOLE, made) == 256


def test_prompt() -> None:
    """Two crops stand in a sentence of the processor's own, each view between blank lines."""
    size = Size(640, 480)
    made = gemma3.plan(size, SCAN)
    view = "\n\n<start_of_image>" + "<image_soft_token>" * 256 + "<end_of_image>\n\n"
    text = "".join(words * times for words, times in gemma3.prompt(size, SCAN, made))
    help_see = "and here are some crops to help you see better"
    assert text == f"Here is the original image {view} {help_see} {view} {view}"
    assert gemma3.tokens(size, SCAN, made) == 3 * 256


def test_crops_that_leave_nothing_for_the_last_are_refused() -> None:
    """Five pixels in four crops of two: the last would begin outside the picture."""
    params = Gemma3Params(do_pan_and_scan=True, pan_and_scan_min_crop_size=1)
    with pytest.raises(NotTileable, match="leave nothing of 5×1 for the last one"):
        gemma3.plan(Size(5, 1), params)


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_crops_of_any_size_join_without_a_gap(width: int, height: int) -> None:
    """Crops lie end to end from one edge of the picture to the other."""
    size = Size(width, height)
    regions = [surface.region or whole(size) for surface in gemma3.plan(size, SCAN).surfaces][1:]
    assert sum(region.size.area for region in regions) in (0, size.area)
    assert all(min(region.size.width, region.size.height) >= 1 for region in regions)


def test_limits_of_parameters() -> None:
    """No crop at most is refused with the range."""
    with pytest.raises(UsageError, match="pan_and_scan_max_num_crops=0 is out of range"):
        Gemma3Params(pan_and_scan_max_num_crops=0)
