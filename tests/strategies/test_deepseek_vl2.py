"""DeepSeek-VL2; every number is what its repository's rule gives with `ImageOps.pad`."""

from __future__ import annotations

import pytest

from dynres_cli.errors import NotTileable, UsageError
from dynres_cli.geometry import Point, Size
from dynres_cli.strategies import deepseek_vl2
from dynres_cli.strategies.deepseek_vl2 import DeepSeekVL2Params, padded
from tests.strategies.told import Sides, inputs, planned, prompt, told

PRESET = "deepseek-vl2"


@pytest.mark.parametrize(
    ("size", "grid", "total", "tokens"),
    [
        pytest.param((1, 1), (1, 1), 2, 421, id="one pixel: the overview and one tile beside it"),
        pytest.param((300, 200), (1, 1), 2, 421, id="a small picture"),
        pytest.param((448, 448), (2, 2), 5, 1023, id="a little more than one tile"),
        pytest.param((1280, 720), (4, 2), 9, 1807, id="a screen"),
        pytest.param((300, 900), (1, 3), 4, 841, id="a column"),
        pytest.param((3000, 4000), (3, 3), 10, 2017, id="at most nine tiles"),
        pytest.param((4000, 300), (9, 1), 10, 1989, id="a panorama in a row"),
        pytest.param((9, 900), (1, 3), 4, 841, id="a strip"),
    ],
)
def test_canvas_keeps_most_pixels(size: Sides, grid: Sides, total: int, tokens: int) -> None:
    """Of 23 canvases the one that keeps most; every view is 384 pixels square."""
    assert told(PRESET, size) == (grid, (384, 384), (384, 384), total, tokens)


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (3000, 2)], ids=["standing", "lying", "two pixels high"])
def test_threads_are_refused(size: Sides) -> None:
    """A picture that would be thinner than a pixel has no views, rather than a grey one."""
    with pytest.raises(NotTileable, match="thinner than one pixel"):
        planned(PRESET, size)


@pytest.mark.parametrize(
    ("size", "scaled", "offset"),
    [
        pytest.param(Size(200, 100), Size(384, 192), Point(0, 96), id="bars above and below"),
        pytest.param(Size(100, 200), Size(192, 384), Point(96, 0), id="bars at the sides"),
        pytest.param(Size(384, 381), Size(384, 381), Point(0, 2), id="1.5 pixels of margin become 2"),
        pytest.param(Size(384, 383), Size(384, 383), Point(0, 0), id="half a pixel of margin becomes 0"),
        pytest.param(Size(768, 5), Size(384, 2), Point(0, 191), id="2.5 pixels of height become 2"),
    ],
)
def test_padding_rounds_half_to_even(size: Size, scaled: Size, offset: Point) -> None:
    """Sizes and margins are rounded as `ImageOps.pad` rounds them, on (127, 127, 127)."""
    surface = padded(size, Size(384, 384))
    assert (surface.scaled, surface.offset, surface.fill) == (scaled, offset, (127, 127, 127))


def test_inputs_and_prompt() -> None:
    """Columns before rows, and one placeholder a token."""
    assert inputs(PRESET, (1280, 720)) == {"images_spatial_crop": (4, 2)}
    assert prompt(PRESET, (300, 200)) == "<image>" * 421


def test_a_canvas_must_be_whole_tiles() -> None:
    """A resolution that no whole number of tiles fills is refused, and so is an empty list."""
    with pytest.raises(UsageError, match="multiple of image_size=384"):
        DeepSeekVL2Params(candidate_resolutions=((384, 400),))
    with pytest.raises(UsageError, match="candidate_resolutions"):
        DeepSeekVL2Params(candidate_resolutions=())


def test_candidates_begin_with_the_chosen_grid() -> None:
    """All 23 canvases, best first."""
    found = deepseek_vl2.candidates(Size(1280, 720), DeepSeekVL2Params())
    assert (len(found), str(found[0].grid)) == (23, "4×2")
