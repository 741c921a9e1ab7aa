"""MiniCPM-V's slices; every number is what the repository's own rule gives with plain Pillow."""

from __future__ import annotations

import numpy as np
import pytest

from dynres_cli import api
from dynres_cli.geometry import Size
from dynres_cli.strategies import minicpmv
from dynres_cli.strategies.minicpmv import MiniCPMVParams, Slicing
from tests.strategies.told import Sides, inputs, planned, prompt, told

PRESET = "minicpm-v-2.6"


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param((448, 448), ((1, 1), (448, 448), (448, 448), 1, 64), id="one square stays whole"),
        pytest.param((300, 200), ((1, 1), (546, 364), (546, 364), 1, 64), id="a small picture is enlarged"),
        pytest.param(
            (449, 449), ((1, 2), (448, 448), (630, 322), 3, 192), id="a little more than one square: two rows"
        ),
        pytest.param((640, 480), ((2, 1), (518, 392), (364, 546), 3, 192), id="two slices side by side"),
        pytest.param((480, 640), ((1, 2), (392, 518), (546, 364), 3, 192), id="two slices, one below the other"),
        pytest.param((1280, 720), ((3, 2), (602, 336), (490, 406), 7, 448), id="a screen"),
        pytest.param((3000, 4000), ((3, 3), (392, 518), (392, 518), 10, 640), id="at most nine slices"),
        pytest.param((4000, 300), ((7, 1), (1624, 126), (616, 322), 8, 512), id="a panorama in a row"),
        pytest.param((1, 1), ((1, 1), (448, 448), (448, 448), 1, 64), id="one pixel"),
        pytest.param((1, 5000), ((1, 1), (14, 31682), (14, 31682), 1, 64), id="a thread, standing"),
        pytest.param((5000, 1), ((1, 1), (30002, 14), (30002, 14), 1, 64), id="a thread, lying"),
    ],
)
def test_slices_are_near_square(size: Sides, expected: tuple[Sides, Sides, Sides, int, int]) -> None:
    """The grid nearest in the logarithm of the aspect ratio, and sides snapped to 14-pixel patches."""
    assert told(PRESET, size) == expected


def test_whole_picture_comes_first_and_is_not_enlarged_beside_slices() -> None:
    """Above one square the overview is reduced to about 448² pixels, or kept at its size."""
    _, plan = planned(PRESET, (640, 480))
    assert [view.role for view in plan.views] == ["overview", "tile", "tile"]
    assert minicpmv.best_size(300, 200, Slicing(9, 448, 14), enlarge=False) == Size(294, 196)


@pytest.mark.parametrize(("length", "multiple"), [(7, 14), (21, 28), (35, 28), (49, 56), (1, 14)])
def test_halves_go_to_the_even_multiple(length: int, multiple: int) -> None:
    """Python's own rounding, which the reference uses: 21 and 35 both become 28."""
    assert minicpmv.snapped(length, 14) == multiple


def test_prompt_gives_each_row_of_slices_a_line() -> None:
    """The picture's number, the whole picture, then the slices; tokens stand only inside the marks."""
    cell = f"<slice>{'<unk>' * 64}</slice>"
    whole = f"<image_id>0</image_id><image>{'<unk>' * 64}</image>"
    assert prompt(PRESET, (1280, 720)) == f"{whole}{cell * 3}\n{cell * 3}"
    assert prompt(PRESET, (300, 200), use_image_id="false") == f"<image>{'<unk>' * 64}</image>"


def test_inputs_count_patches() -> None:
    """Rows and columns of patches in every view, and the picture's own size."""
    assert inputs(PRESET, (640, 480)) == {"tgt_sizes": ((28, 37), (39, 26), (39, 26)), "image_sizes": (640, 480)}


def test_pack_lays_patches_side_by_side() -> None:
    """A strip's second patch begins where the view's second patch does; strips differ in length and stay a list."""
    pixels = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    views = api.load_image(pixels, preset=PRESET)
    packed = api.pack(views, PRESET)
    assert [strip.shape for strip in packed["pixel_values"]] == [(3, 14, 14504), (3, 14, 14196), (3, 14, 14196)]
    assert (packed["pixel_values"][0][:, :, 14:28] == views[0][:, :14, 14:28]).all()
    assert packed["tgt_sizes"].dtype == np.int32


def test_candidates_are_ranked_by_distance() -> None:
    """The chosen grid comes first; a picture that is not sliced is its own only candidate."""
    found = minicpmv.candidates(Size(1280, 720), MiniCPMVParams())
    assert (found[0].grid.cols, found[0].grid.rows) == (3, 2)
    assert [each.distance for each in found] == sorted(each.distance for each in found)
    assert [str(each.grid) for each in minicpmv.candidates(Size(300, 200), MiniCPMVParams())] == ["1×1"]
