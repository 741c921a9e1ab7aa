"""The resizer gives Pillow's own pixels, in either order of passes, under any Pillow."""

from __future__ import annotations

import numpy as np
import PIL
import pytest
from PIL import Image

from dynres_cli import resample
from dynres_cli.geometry import Size
from dynres_cli.resample import PillowFilter
from tests.pictures import columns_first, noise, rows_first

INSTALLED = "pillow13" if int(PIL.__version__.split(".")[0]) >= 13 else "pillow12"


@pytest.mark.parametrize(
    ("source", "target", "first"),
    [
        pytest.param(Size(300, 900), Size(448, 448), "vertical", id="wider and lower begins with the rows"),
        pytest.param(Size(500, 2000), Size(448, 1792), "vertical", id="208 rows are more than twice 52 columns"),
        pytest.param(Size(500, 600), Size(400, 400), "horizontal", id="200 rows are not more than twice 100 columns"),
        pytest.param(Size(500, 601), Size(400, 400), "vertical", id="201 rows are"),
        pytest.param(Size(900, 300), Size(448, 448), "horizontal", id="a picture that grows in height"),
        pytest.param(Size(900, 448), Size(1000, 448), "horizontal", id="no row is lost"),
    ],
)
def test_pillow_13_begins_with_the_rows_where_that_saves_much(source: Size, target: Size, first: str) -> None:
    """Rows first when they shrink, by more than twice what the columns shrink; Pillow 12 never does."""
    assert resample.first_pass(source, target, "pillow13") == first
    assert resample.first_pass(source, target, "pillow12") == "horizontal"


def test_a_mirrored_reference_swaps_the_axes_of_the_rule() -> None:
    """A reference that resizes the transposed picture begins where the transposed rule says."""
    source, target = Size(900, 300), Size(448, 448)
    assert resample.first_pass(source, target, "pillow12", "vertical") == "vertical"
    assert resample.first_pass(source, target, "pillow13", "vertical") == "horizontal"


@pytest.mark.parametrize("order", ["pillow12", "pillow13"])
def test_the_installed_pillow_agrees_with_its_rule(order: resample.Order) -> None:
    """One plain resize by the installed Pillow has the passes that first_pass predicts for it."""
    if order != INSTALLED:
        pytest.skip(f"the installed Pillow is a {INSTALLED}")
    for width, height in [(300, 900), (900, 300), (61, 200), (200, 61), (97, 97)]:
        pixels, target = noise(width, height), Size(80, 90)
        plain = np.asarray(Image.fromarray(pixels).resize((80, 90), Image.Resampling.BICUBIC))
        first = resample.first_pass(Size(width, height), target, order)
        assert np.array_equal(plain, resample.resize(pixels, target, "bicubic", first))


@pytest.mark.parametrize("kind", ["bicubic", "bilinear", "lanczos"])
@pytest.mark.parametrize(
    ("source", "target"),
    [
        pytest.param(Size(300, 900), Size(448, 448), id="orders differ"),
        pytest.param(Size(61, 37), Size(100, 90), id="enlarged"),
        pytest.param(Size(1, 1), Size(5, 7), id="one pixel"),
        pytest.param(Size(1, 400), Size(30, 3), id="one column"),
        pytest.param(Size(4, 500), Size(7, 30), id="more than a hundred times as high as wide"),
        pytest.param(Size(50, 60), Size(50, 20), id="rows only"),
        pytest.param(Size(50, 60), Size(20, 60), id="columns only"),
        pytest.param(Size(50, 60), Size(50, 60), id="nothing to do"),
    ],
)
def test_both_orders_equal_two_plain_steps(source: Size, target: Size, kind: PillowFilter) -> None:
    """Two one-axis resizes by Pillow are the oracle for each order."""
    pixels = noise(source.width, source.height)
    horizontal = resample.resize(pixels, target, kind, "horizontal")
    vertical = resample.resize(pixels, target, kind, "vertical")
    assert np.array_equal(horizontal, columns_first(pixels, target.width, target.height, kind))
    assert np.array_equal(vertical, rows_first(pixels, target.width, target.height, kind))


def test_the_order_changes_pixels_where_pillow_13_turned_it() -> None:
    """The two orders are no matter of taste: an ordinary thumbnail differs between them."""
    pixels, target = noise(300, 900), Size(448, 448)
    horizontal = resample.resize(pixels, target, "bicubic", "horizontal")
    assert not np.array_equal(horizontal, resample.resize(pixels, target, "bicubic", "vertical"))
