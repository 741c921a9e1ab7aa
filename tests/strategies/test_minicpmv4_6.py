"""MiniCPM-V 4.6; every number is what transformers' own processor gives."""

from __future__ import annotations

import pytest

from dynres_cli.geometry import Grid, Size
from dynres_cli.strategies import minicpmv4_6
from dynres_cli.strategies.minicpmv4_6 import MiniCPMV46Params
from tests.strategies.told import Sides, inputs, prompt, told

PRESET = "minicpm-v-4.6"


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param((448, 448), ((1, 1), (448, 448), (448, 448), 1, 64), id="one square stays whole"),
        pytest.param((300, 200), ((1, 1), (560, 392), (560, 392), 1, 70), id="a small picture is enlarged"),
        pytest.param((449, 449), ((1, 2), (448, 448), (616, 336), 3, 196), id="a little more than one square"),
        pytest.param((640, 480), ((2, 1), (504, 392), (392, 560), 3, 203), id="tokens differ between views"),
        pytest.param((1280, 720), ((3, 2), (616, 336), (504, 392), 7, 444), id="a screen"),
        pytest.param((3000, 4000), ((3, 3), (392, 504), (392, 504), 10, 630), id="at most nine slices"),
        pytest.param((1, 1), ((1, 1), (448, 448), (448, 448), 1, 64), id="one pixel"),
        pytest.param((1, 5000), ((1, 1), (56, 31696), (56, 31696), 1, 566), id="a thread, standing"),
        pytest.param((5000, 1), ((1, 1), (30016, 56), (30016, 56), 1, 536), id="a thread, lying"),
    ],
)
def test_sides_are_multiples_of_four_patches(size: Sides, expected: tuple[Sides, Sides, Sides, int, int]) -> None:
    """The grid of MiniCPM-V, sides snapped to 56 pixels, and a token for every 16 patches."""
    assert told(PRESET, size) == expected


def test_the_finer_mode_snaps_to_two_patches() -> None:
    """Mode 4x merges once: sides are multiples of 28 and there are about four times the tokens."""
    assert told(PRESET, (640, 480), downsample_mode="4x") == ((2, 1), (504, 392), (364, 560), 3, 772)


def test_inputs_write_an_unsliced_grid_as_zeros() -> None:
    """The processor says (0, 0) for a picture that stays whole, and rows before columns otherwise."""
    assert inputs(PRESET, (300, 200))["grids"] == (0, 0)
    assert inputs(PRESET, (1280, 720))["grids"] == (2, 3)
    assert inputs(PRESET, (640, 480))["target_sizes"] == ((28, 36), (40, 28), (40, 28))


def test_prompt_counts_each_view_by_itself() -> None:
    """63 tokens for the whole picture and 70 for each of the two slices."""
    slices = f"<slice>{'<|image_pad|>' * 70}</slice>" * 2
    assert prompt(PRESET, (640, 480)) == f"<image_id>0</image_id><image>{'<|image_pad|>' * 63}</image>{slices}"


def test_candidates_begin_with_the_chosen_grid() -> None:
    """Nearest first."""
    assert minicpmv4_6.candidates(Size(1280, 720), MiniCPMV46Params())[0].grid == Grid(3, 2)
