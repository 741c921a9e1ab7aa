"""LLaVA-NeXT and LLaVA-OneVision: the canvas that keeps most, the global view first, features cut to the picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.errors import UsageError
from dynres_cli.geometry import Grid, Size
from dynres_cli.presets import GRANITE_PINPOINTS
from dynres_cli.strategies import llava_next, llava_onevision
from dynres_cli.strategies.llava_next import LlavaNextParams
from dynres_cli.strategies.llava_onevision import LlavaOnevisionParams

ORIGINAL = LlavaNextParams()
TRANSFORMERS = LlavaNextParams(pinpoint_order="height_width")
ONEVISION = LlavaOnevisionParams()
SIDES = st.integers(20, 3000)


@pytest.mark.parametrize(
    ("size", "original", "transformers"),
    [
        pytest.param(Size(300, 200), Grid(1, 2), Grid(2, 1), id="small: the first pair wins, read in two ways"),
        pytest.param(Size(336, 336), Grid(1, 2), Grid(2, 1), id="a square of one tile, the same"),
        pytest.param(Size(200, 300), Grid(1, 2), Grid(2, 1), id="upright, the same"),
        pytest.param(Size(1203, 731), Grid(2, 2), Grid(2, 2), id="large: one canvas keeps most"),
        pytest.param(Size(1000, 1000), Grid(2, 2), Grid(2, 2), id="a large square"),
        pytest.param(Size(4000, 700), Grid(3, 1), Grid(3, 1), id="a panorama"),
    ],
)
def test_the_order_of_a_pairs_sides_decides_for_small_pictures(size: Size, original: Grid, transformers: Grid) -> None:
    """The original code reads (width, height), transformers (height, width)."""
    assert llava_next.plan(size, ORIGINAL).grid == original
    assert llava_next.plan(size, TRANSFORMERS).grid == transformers


@pytest.mark.parametrize(
    ("size", "tokens"),
    [
        pytest.param(Size(640, 480), 2340, id="a photograph"),
        pytest.param(Size(336, 672), 1776, id="exactly a canvas: nothing is cut off"),
        pytest.param(Size(320, 211), 976, id="a small picture"),
    ],
)
def test_tokens_of_the_original(size: Size, tokens: int) -> None:
    """576 of the global view, then the unpadded features with a newline after each row."""
    assert llava_next.tokens(size, ORIGINAL, llava_next.plan(size, ORIGINAL)) == tokens


@pytest.mark.parametrize(
    ("size", "grid", "tokens"),
    [
        pytest.param(Size(384, 384), Grid(1, 1), 1485, id="one tile"),
        pytest.param(Size(320, 211), Grid(1, 1), 1205, id="a small picture"),
        pytest.param(Size(2304, 2304), Grid(6, 6), 7371, id="36 tiles are scaled to 9 tiles' worth"),
    ],
)
def test_onevision_limits_its_tokens(size: Size, grid: Grid, tokens: int) -> None:
    """729 of the global view, then at most about 9 · 729 more and the newlines."""
    plan = llava_next.plan(size, ONEVISION)
    assert (plan.grid, llava_onevision.tokens(size, ONEVISION, plan)) == (grid, tokens)


def test_granite_has_27_canvases() -> None:
    """The list of Granite Vision: 10 + 5 + 3 + 2 + 2 + 5 · 1."""
    assert len(GRANITE_PINPOINTS) == 27
    assert GRANITE_PINPOINTS[9] == (384, 3840)


@given(st.builds(Size, SIDES, SIDES))
def test_the_global_view_is_first_and_the_picture_centred(size: Size) -> None:
    """The margins on both sides of the picture differ by at most one pixel, and it touches two sides."""
    plan = llava_next.plan(size, ORIGINAL)
    fitted = plan.surfaces[1]
    assert plan.views[0].role == "overview"
    spare = (fitted.size.width - fitted.scaled.width, fitted.size.height - fitted.scaled.height)
    assert min(spare) == 0
    assert (fitted.offset.x, fitted.offset.y) == (spare[0] // 2, spare[1] // 2)


@pytest.mark.parametrize("sides", [(1, 1100), (5000, 1), (3, 3527), (60_000, 30)])
def test_a_line_takes_the_smallest_canvas(sides: tuple[int, int]) -> None:
    """Every canvas keeps nothing of it; `select_best_resolution` then takes the first that wastes least."""
    assert llava_next.plan(Size(*sides), ORIGINAL).grid == Grid(1, 2)


def test_a_canvas_of_broken_tiles_is_refused() -> None:
    """Sides must be multiples of the tile."""
    with pytest.raises(UsageError, match="multiple of image_size=336"):
        LlavaNextParams(grid_pinpoints=((336, 700),))
