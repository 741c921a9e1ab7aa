"""Ovis2 in transformers; every number is what its processor gives, 4.57.6 and 5.x alike."""

from __future__ import annotations

import pytest

from dynres_cli.geometry import Grid, Size
from dynres_cli.strategies import ovis2_hf
from dynres_cli.strategies.ovis2_hf import Ovis2HFParams
from tests.strategies.told import Sides, inputs, prompt, told

PRESET = "ovis2-hf"
VIEW = (448, 448)


@pytest.mark.parametrize(
    ("size", "grid", "total", "tokens"),
    [
        pytest.param((1, 1), (1, 1), 1, 256, id="one pixel"),
        pytest.param((1800, 900), (2, 4), 9, 2304, id="landscape: four rows of two"),
        pytest.param((896, 448), (1, 2), 3, 768, id="landscape: two rows"),
        pytest.param((300, 900), (2, 1), 3, 768, id="portrait: two columns"),
        pytest.param((1280, 720), (2, 3), 7, 1792, id="a screen"),
        pytest.param((3000, 4000), (3, 3), 10, 2560, id="at most nine tiles"),
        pytest.param((1, 5000), (9, 1), 10, 2560, id="a thread, standing: nine columns"),
        pytest.param((5000, 1), (1, 9), 10, 2560, id="a thread, lying: nine rows"),
    ],
)
def test_rows_are_taken_for_columns(size: Sides, grid: Sides, total: int, tokens: int) -> None:
    """The original's grid, transposed; the whole picture is stretched over it."""
    assert told(PRESET, size) == (grid, VIEW, VIEW, total, tokens)


def test_inputs_prompt_and_candidates_agree_with_the_cut() -> None:
    """Everything tells the grid that was cut, not the one that was searched for."""
    assert inputs(PRESET, (896, 448)) == {"grids": (2, 1)}
    atom = "<IMG_ATOM>" * 256
    assert prompt(PRESET, (896, 448)) == f"<IMG_START>{atom}<IMG_GRID>{atom}<IMG_ROW>{atom}<IMG_END>"
    assert ovis2_hf.candidates(Size(896, 448), Ovis2HFParams())[0].grid == Grid(1, 2)
