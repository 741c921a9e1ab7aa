"""DeepSeek-OCR-2; every number is what transformers' own processor gives."""

from __future__ import annotations

import numpy as np
import pytest

from dynres_cli import api
from dynres_cli.errors import NotTileable
from dynres_cli.geometry import Grid, Point, Size
from dynres_cli.strategies import deepseek_ocr2
from dynres_cli.strategies.deepseek_ocr2 import DeepSeekOCR2Params, fitted
from dynres_cli.strategies.got_ocr2 import candidate_grids
from tests.strategies.told import Sides, inputs, planned, prompt, told

PRESET = "deepseek-ocr-2"
PAGE, TILE = (1024, 1024), (768, 768)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param((1, 1), ((1, 1), PAGE, PAGE, 1, 257), id="one pixel: the padded page alone"),
        pytest.param((768, 768), ((1, 1), PAGE, PAGE, 1, 257), id="768 pixels are not cut"),
        pytest.param((896, 448), ((2, 1), PAGE, TILE, 3, 545), id="two tiles side by side"),
        pytest.param((1280, 720), ((2, 1), PAGE, TILE, 3, 545), id="a screen"),
        pytest.param((300, 900), ((1, 3), PAGE, TILE, 4, 689), id="a column"),
        pytest.param((3000, 4000), ((2, 3), PAGE, TILE, 7, 1121), id="at most six tiles"),
        pytest.param((4000, 300), ((6, 1), PAGE, TILE, 7, 1121), id="a panorama in a row"),
        pytest.param((9, 900), ((1, 6), PAGE, TILE, 7, 1121), id="a strip"),
    ],
)
def test_large_pages_are_cut(size: Sides, expected: tuple[Sides, Sides, Sides, int, int]) -> None:
    """The padded page first, then two to six tiles by InternVL's rule, stretched."""
    assert told(PRESET, size) == expected


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1)], ids=["standing", "lying"])
def test_threads_are_refused(size: Sides) -> None:
    """The padded page would have nothing on it."""
    with pytest.raises(NotTileable, match="thinner than one pixel"):
        planned(PRESET, size)


def test_odd_margins_are_larger_at_the_end() -> None:
    """A margin of 3 pixels is 1 above and 2 below, where DeepSeek-OCR's would be 2 and 1."""
    assert fitted(Size(1024, 1021), 1024).offset == Point(0, 1)


def test_grids_of_one_area_are_listed_by_columns() -> None:
    """Transformers builds a list, not a set: fewer columns come first."""
    assert candidate_grids(2, 4) == (Grid(1, 2), Grid(2, 1), Grid(1, 3), Grid(3, 1), Grid(1, 4), Grid(2, 2), Grid(4, 1))


def test_without_crops_the_page_is_as_large_as_a_tile() -> None:
    """crop_to_patches off: one view of 768 pixels."""
    assert told(PRESET, (3000, 1000), crop_to_patches="false")[:4] == ((1, 1), TILE, TILE, 1)


def test_inputs_prompt_and_pack() -> None:
    """A page alone counts no local patches and has no array for them."""
    assert inputs(PRESET, (640, 480)) == {"num_local_patches": 0}
    assert inputs(PRESET, (3000, 4000)) == {"num_local_patches": 6}
    assert prompt(PRESET, (640, 480)) == "<image>" * 257
    packed = api.pack(api.load_image(np.zeros((48, 64, 3), np.uint8), preset=PRESET), PRESET)
    assert sorted(packed) == ["num_local_patches", "pixel_values"]


def test_candidates_begin_with_the_chosen_grid() -> None:
    """Nearest aspect ratio first; a page that is not cut is its own only candidate."""
    assert deepseek_ocr2.candidates(Size(1280, 720), DeepSeekOCR2Params())[0].grid == Grid(2, 1)
    assert [str(each.grid) for each in deepseek_ocr2.candidates(Size(64, 64), DeepSeekOCR2Params())] == ["1×1"]
