"""Phi-3.5-vision; every number is what its checkpoint's rule gives with Pillow, torchvision and torch."""

from __future__ import annotations

import numpy as np
import pytest

from dynres_cli import api
from dynres_cli.errors import NotTileable
from dynres_cli.geometry import Point, Size
from dynres_cli.presets import PRESETS
from tests.strategies.told import Sides, inputs, planned, told

PRESET = "phi-3.5-vision"
VIEW = (336, 336)


@pytest.mark.parametrize(
    ("size", "grid", "total", "tokens"),
    [
        pytest.param((1, 1), (2, 2), 5, 757, id="one pixel fills the budget"),
        pytest.param((640, 480), (2, 2), 5, 757, id="two by two"),
        pytest.param((896, 448), (2, 1), 3, 457, id="2:1 fits two columns alone"),
        pytest.param((300, 900), (1, 3), 4, 625, id="a column"),
        pytest.param((1500, 500), (3, 1), 4, 601, id="a row: fewer newlines than a column"),
        pytest.param((4000, 300), (4, 1), 5, 745, id="a panorama"),
        pytest.param((9, 900), (1, 4), 5, 781, id="a strip"),
    ],
)
def test_pictures_fill_the_budget(size: Sides, grid: Sides, total: int, tokens: int) -> None:
    """As many columns as four crops allow; the overview is always there."""
    assert told(PRESET, size) == (grid, VIEW, VIEW, total, tokens)


@pytest.mark.parametrize(("num_crops", "grid"), [(1, (1, 1)), (4, (2, 2)), (16, (5, 3))])
def test_budget_decides_the_columns(num_crops: int, grid: Sides) -> None:
    """A screen at the budgets of the cards: 16 for one picture, 4 for several."""
    assert told(PRESET, (1280, 720), num_crops=num_crops)[0] == grid


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1)], ids=["standing", "lying"])
def test_threads_are_refused(size: Sides) -> None:
    """1344 pixels of width leave no pixel of height."""
    with pytest.raises(NotTileable, match="thinner than one"):
        planned(PRESET, size)


def test_portraits_are_handled_lying() -> None:
    """The bars of a portrait are at its sides, and its rows are resampled first."""
    lying, standing = planned(PRESET, (1280, 720))[1], planned(PRESET, (720, 1280))[1]
    assert (lying.surfaces[0].scaled, lying.surfaces[0].offset) == (Size(672, 378), Point(0, 147))
    assert (standing.surfaces[0].scaled, standing.surfaces[0].offset) == (Size(378, 672), Point(147, 0))
    assert [plan.surfaces[0].first_axis for plan in (lying, standing)] == ["horizontal", "vertical"]


def test_portrait_is_the_mirrored_landscape() -> None:
    """Every view of a mirrored picture is the mirrored view, bit for bit."""
    pixels = np.random.default_rng(1).integers(0, 256, (90, 160, 3), np.uint8)
    lying = api.load_image(pixels, preset=PRESET, num_crops=1)
    standing = api.load_image(np.ascontiguousarray(pixels.transpose(1, 0, 2)), preset=PRESET, num_crops=1)
    assert (np.asarray(standing[1]) == np.asarray(lying[1]).transpose(0, 2, 1)).all()
    difference = np.abs(np.asarray(standing[0]) - np.asarray(lying[0]).transpose(0, 2, 1))
    assert difference.max() <= PRESETS[PRESET].tolerance


def test_inputs_and_pack() -> None:
    """Height before width; zeros fill the views up to the budget and the overview."""
    assert inputs(PRESET, (1500, 500)) == {"image_sizes": (336, 1008), "num_img_tokens": 601}
    packed = api.pack(api.load_image(np.zeros((50, 150, 3), np.uint8), preset=PRESET), PRESET)
    assert packed["pixel_values"].shape == (1, 5, 3, 336, 336)
    assert not packed["pixel_values"][0, 4].any()
