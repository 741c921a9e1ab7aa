"""Ovis2's crops; every number is what its original rule gives with transformers' CLIP processor."""

from __future__ import annotations

import numpy as np
import pytest

from dynres_cli import api
from dynres_cli.errors import NotTileable
from dynres_cli.geometry import Box, Grid, Point, Size
from dynres_cli.strategies import ovis2
from dynres_cli.strategies.ovis2 import Ovis2Params, partition
from tests.strategies.told import Sides, inputs, planned, prompt, told

PRESET = "ovis2"
VIEW = (448, 448)


@pytest.mark.parametrize(
    ("size", "grid", "total", "tokens"),
    [
        pytest.param((1, 1), (1, 1), 1, 256, id="one pixel"),
        pytest.param((449, 449), (1, 1), 1, 256, id="a pixel too many loses little"),
        pytest.param((896, 448), (2, 1), 3, 768, id="landscape: two columns"),
        pytest.param((300, 900), (1, 2), 3, 768, id="portrait: two rows"),
        pytest.param((1280, 720), (3, 2), 7, 1792, id="a screen"),
        pytest.param((1500, 500), (4, 2), 9, 2304, id="eight crops before nine tenths are kept"),
        pytest.param((3000, 4000), (3, 3), 10, 2560, id="nine crops keep most, though not enough"),
        pytest.param((4000, 300), (9, 1), 10, 2560, id="a panorama in a row"),
        pytest.param((9, 900), (1, 2), 3, 768, id="a strip"),
    ],
)
def test_fewest_crops_that_keep_nine_tenths(size: Sides, grid: Sides, total: int, tokens: int) -> None:
    """The whole picture first, then crops; 256 tokens each."""
    assert told(PRESET, size) == (grid, VIEW, VIEW, total, tokens)


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1)], ids=["standing", "lying"])
def test_threads_are_refused(size: Sides) -> None:
    """A crop that would be resized to no height or width has no view."""
    with pytest.raises(NotTileable, match="thinner than one"):
        planned(PRESET, size)


def test_the_last_crops_take_what_is_left_over() -> None:
    """A width of 11 in three columns is 3, 3 and 5."""
    assert partition(Size(11, 4), Grid(3, 1)) == [(0, 0, 3, 4), (3, 0, 6, 4), (6, 0, 11, 4)]


def test_every_crop_lies_in_a_square_of_its_own() -> None:
    """A crop of 640×480 in two rows: 448 wide, 168 high, centred, with 0.0 around it."""
    surface = ovis2.squared(Size(640, 480), Box(0, 0, 640, 240), 448)
    assert (surface.scaled, surface.offset, surface.space) == (Size(448, 168), Point(0, 140), "normalised")


def test_padding_is_zero_once_normalised() -> None:
    """The bars are 0.0, the mean colour, not normalised black."""
    views = api.load_image(np.full((100, 200, 3), 255, np.uint8), preset=PRESET)
    assert not views[0][:, :112].any()
    assert (views[0][:, 112:336] > 1).all()


def test_prompt_marks_columns_and_rows() -> None:
    """Crops of a row are parted by column marks, rows by row marks; a lone picture has neither."""
    atom = "<IMG_ATOM>" * 256
    row = f"{atom}<IMG_COL>{atom}<IMG_COL>{atom}"
    assert prompt(PRESET, (1280, 720)) == f"<IMG_START>{atom}<IMG_GRID>{row}<IMG_ROW>{row}<IMG_END>"
    assert prompt(PRESET, (300, 200)) == f"<IMG_START>{atom}<IMG_GRID><IMG_END>"


def test_inputs_and_candidates() -> None:
    """Rows stand before columns; the chosen grid is the first candidate, and loses at most a tenth."""
    assert inputs(PRESET, (1280, 720)) == {"grids": (2, 3)}
    best = ovis2.candidates(Size(1280, 720), Ovis2Params())[0]
    assert best.grid == Grid(3, 2)
    assert best.distance < 0.1
