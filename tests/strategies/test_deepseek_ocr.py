"""DeepSeek-OCR's Gundam mode; every number is what its repository's rule gives."""

from __future__ import annotations

import numpy as np
import pytest

from dynres_cli import api
from dynres_cli.errors import NotTileable, UsageError
from dynres_cli.geometry import Size
from dynres_cli.presets import PRESETS
from dynres_cli.strategies import deepseek_ocr
from dynres_cli.strategies.deepseek_ocr import DeepSeekOCRParams
from tests.strategies.told import Sides, inputs, planned, prompt, told

PRESET = "deepseek-ocr"
PAGE, TILE = (1024, 1024), (640, 640)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param((1, 1), ((1, 1), PAGE, PAGE, 1, 273), id="one pixel: the padded page alone"),
        pytest.param((640, 640), ((1, 1), PAGE, PAGE, 1, 273), id="640 pixels are not cut"),
        pytest.param((641, 640), ((2, 2), PAGE, TILE, 5, 693), id="a pixel more is cut"),
        pytest.param((896, 448), ((2, 1), PAGE, TILE, 3, 483), id="two tiles side by side"),
        pytest.param((1280, 720), ((2, 1), PAGE, TILE, 3, 483), id="a screen"),
        pytest.param((3000, 4000), ((2, 3), PAGE, TILE, 7, 903), id="at most six tiles"),
        pytest.param((4000, 300), ((6, 1), PAGE, TILE, 7, 883), id="a panorama in a row"),
        pytest.param((9, 900), ((1, 6), PAGE, TILE, 7, 933), id="a strip"),
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


def test_a_page_alone_is_a_tile() -> None:
    """One whole view is a tile of a 1×1 grid, not an overview; with tiles beside it, it is."""
    assert [view.role for view in planned(PRESET, (640, 480))[1].views] == ["tile"]
    assert [view.role for view in planned(PRESET, (896, 448))[1].views] == ["overview", "tile", "tile"]


@pytest.mark.parametrize(
    ("side", "surfaces"),
    [
        pytest.param(640, [Size(640, 640), Size(640, 640)], id="small modes stretch to a square first"),
        pytest.param(1280, [Size(1280, 1280)], id="large modes only pad"),
    ],
)
def test_modes_without_crops(side: int, surfaces: list[Size]) -> None:
    """Tiny, Small, Base and Large show one view of their own size."""
    _, plan = planned(PRESET, (900, 300), crop_mode="false", image_size=side, base_size=side)
    assert [surface.size for surface in plan.surfaces] == surfaces
    assert plan.total == 1


def test_inputs_prompt_and_limits() -> None:
    """Columns before rows, one placeholder a token, and no limits the wrong way round."""
    assert inputs(PRESET, (3000, 4000)) == {"images_spatial_crop": (2, 3)}
    assert prompt(PRESET, (640, 480)) == "<image>" * 273
    with pytest.raises(UsageError, match="min_crops=5 is above max_crops=3"):
        DeepSeekOCRParams(min_crops=5, max_crops=3)


def test_pack_keeps_a_place_for_missing_tiles() -> None:
    """A page without tiles comes with one tile of zeros."""
    views = api.load_image(np.full((48, 64, 3), 200, np.uint8), preset=PRESET)
    packed = api.pack(views, PRESET)
    assert packed["pixel_values"].shape == (1, 3, 1024, 1024)
    assert packed["images_crop"].shape == (1, 1, 3, 640, 640)
    assert not packed["images_crop"].any()


def test_photographs_are_turned_upright() -> None:
    """The reference's loader applies EXIF, so the preset does."""
    assert PRESETS[PRESET].pixels.exif == "apply"


def test_candidates_begin_with_the_chosen_grid() -> None:
    """Nearest aspect ratio first; a page that is not cut is its own only candidate."""
    assert str(deepseek_ocr.candidates(Size(1280, 720), DeepSeekOCRParams())[0].grid) == "2×1"
    assert [str(each.grid) for each in deepseek_ocr.candidates(Size(64, 64), DeepSeekOCRParams())] == ["1×1"]
