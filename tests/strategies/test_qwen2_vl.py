"""Qwen2-VL, 2.5 and 3: one picture, snapped to whole merged patches within a budget of pixels.

The numbers are what transformers' Qwen2VL processor (4.57.6 and 5.23.0) returns.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.errors import NotTileable, UsageError
from dynres_cli.geometry import Grid, Size
from dynres_cli.recipe import resolve
from dynres_cli.strategies import qwen2_vl
from dynres_cli.strategies.qwen2_vl import Qwen2VLParams

SIZES = (
    ("width", "height", "rows", "cols"),
    [
        pytest.param(640, 480, 34, 46, id="a small picture"),
        pytest.param(1280, 720, 52, 92, id="a screen"),
        pytest.param(1203, 731, 52, 86, id="odd sides"),
        pytest.param(300, 900, 64, 22, id="a portrait"),
        pytest.param(100, 50, 4, 8, id="a stamp"),
        pytest.param(4000, 1000, 72, 286, id="a panorama"),
        pytest.param(97, 2801, 200, 6, id="a strip"),
        pytest.param(70, 42, 4, 4, id="70 is 2.5 factors and 42 is 1.5: both round to 2"),
        pytest.param(1, 1, 4, 4, id="one pixel is lifted to the least budget"),
    ],
)


@pytest.mark.parametrize(*SIZES)
def test_qwen2_grid(width: int, height: int, rows: int, cols: int) -> None:
    """Rows and columns of 14-pixel patches; four patches are a token."""
    recipe, size = resolve("qwen2.5-vl"), Size(width, height)
    made = recipe.plan(size)
    assert qwen2_vl.inputs(size, Qwen2VLParams(), made) == {"image_grid_thw": (1, rows, cols)}
    assert made.surfaces[0].size == Size(cols * 14, rows * 14)
    assert recipe.tokens(size, made) == rows * cols // 4


@pytest.mark.parametrize(
    ("width", "height", "rows", "cols"),
    [
        pytest.param(640, 480, 30, 40, id="divides evenly"),
        pytest.param(1280, 720, 44, 80, id="720 is 22.5 factors and rounds to 22"),
        pytest.param(100, 50, 12, 24, id="lifted to 65536 pixels"),
        pytest.param(97, 2801, 176, 6, id="a strip"),
        pytest.param(1, 1, 16, 16, id="one pixel"),
    ],
)
def test_qwen3_grid(width: int, height: int, rows: int, cols: int) -> None:
    """Qwen3-VL's patches have 16 pixels and its least budget is larger."""
    recipe, size = resolve("qwen3-vl"), Size(width, height)
    assert recipe.plan(size).surfaces[0].size == Size(cols * 16, rows * 16)


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        pytest.param(Size(1, 5000), "5000", id="one pixel wide"),
        pytest.param(Size(5000, 1), "5000", id="one pixel high"),
        pytest.param(Size(20, 4001), "200.05", id="a little over the limit"),
    ],
)
def test_a_ratio_above_200_is_refused(size: Size, ratio: str) -> None:
    """The reference raises for it, so there is no plan."""
    with pytest.raises(NotTileable, match=f"a ratio of {ratio}; Qwen2-VL takes pictures up to 200:1"):
        qwen2_vl.plan(size, Qwen2VLParams())


def test_a_ratio_of_200_is_taken() -> None:
    """20×4000 is exactly 200: its sides become 28 and 4004."""
    assert qwen2_vl.plan(Size(20, 4000), Qwen2VLParams()).surfaces[0].size == Size(28, 4004)


def test_the_picture_is_one_tile() -> None:
    """A whole picture alone is a tile of a 1×1 grid, never an overview."""
    made = qwen2_vl.plan(Size(640, 480), Qwen2VLParams())
    assert (made.grid, made.tiles, made.total, made.thumbnail) == (Grid(1, 1), 1, 1, False)


def test_prompt() -> None:
    """1280×720 is 26·46 merged patches between the vision markers."""
    size = Size(1280, 720)
    made = qwen2_vl.plan(size, Qwen2VLParams())
    assert qwen2_vl.prompt(size, Qwen2VLParams(), made) == (
        ("<|vision_start|>", 1),
        ("<|image_pad|>", 1196),
        ("<|vision_end|>", 1),
    )


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_sides_are_whole_merged_patches(width: int, height: int) -> None:
    """Either the ratio is refused, or both sides are a multiple of 28 and the area is at most the budget."""
    size = Size(width, height)
    if max(width, height) > 200 * min(width, height):
        with pytest.raises(NotTileable):
            qwen2_vl.plan(size, Qwen2VLParams())
        return
    snapped = qwen2_vl.plan(size, Qwen2VLParams()).surfaces[0].size
    assert snapped.width % 28 == snapped.height % 28 == 0
    assert 56 * 56 <= snapped.area <= 12_845_056


def test_limits_of_parameters() -> None:
    """A least budget above the largest leaves nothing."""
    with pytest.raises(UsageError, match="min_pixels=5000 is above max_pixels=4000"):
        Qwen2VLParams(min_pixels=5000, max_pixels=4000)
