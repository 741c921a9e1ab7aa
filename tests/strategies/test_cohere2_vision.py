"""Command A Vision: the grid that enlarges least. The grids are those of transformers 5.23.0's own search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.errors import UsageError
from dynres_cli.geometry import Grid, Size
from dynres_cli.strategies import cohere2_vision
from dynres_cli.strategies.cohere2_vision import Cohere2VisionParams

PARAMS = Cohere2VisionParams()


@pytest.mark.parametrize(
    ("size", "grid"),
    [
        pytest.param(Size(1280, 720), Grid(3, 2), id="a screen"),
        pytest.param(Size(720, 1280), Grid(2, 3), id="a screen on its side"),
        pytest.param(Size(512, 512), Grid(1, 1), id="exactly one tile"),
        pytest.param(Size(513, 512), Grid(2, 1), id="one pixel more than a tile"),
        pytest.param(Size(2616, 2616), Grid(3, 3), id="too large for any grid: shrunk least, the first of equals"),
        pytest.param(Size(3000, 200), Grid(6, 1), id="a panorama"),
        pytest.param(Size(1000, 112), Grid(2, 1), id="a banner"),
        pytest.param(Size(4000, 3000), Grid(4, 3), id="a photograph"),
        pytest.param(Size(1, 1), Grid(1, 1), id="one pixel"),
        pytest.param(Size(1, 5000), Grid(1, 10), id="one pixel wide"),
        pytest.param(Size(5000, 1), Grid(10, 1), id="one pixel high"),
    ],
)
def test_grid(size: Size, grid: Grid) -> None:
    """Of the grids that hold the picture the one that enlarges it least."""
    assert cohere2_vision.plan(size, PARAMS).grid == grid
    assert cohere2_vision.candidates(size, PARAMS)[0].grid == grid


def test_tokens_and_prompt() -> None:
    """Seven views of 256 patches and a line break each, between two marks: 1801 tokens."""
    size = Size(1280, 720)
    made = cohere2_vision.plan(size, PARAMS)
    prompt = cohere2_vision.prompt(size, PARAMS, made)
    assert (made.tiles, made.total, made.thumbnail) == (6, 7, True)
    assert cohere2_vision.tokens(size, PARAMS, made) == sum(times for _, times in prompt) == 7 * 257 + 2
    assert cohere2_vision.STRATEGY.inputs is not None
    assert cohere2_vision.STRATEGY.inputs(size, PARAMS, made) == {"num_patches": 7}


def test_one_tile_has_no_thumbnail() -> None:
    """A picture in one tile is one view of 259 tokens."""
    made = cohere2_vision.plan(Size(300, 200), PARAMS)
    assert (made.total, made.thumbnail) == (1, False)
    assert cohere2_vision.tokens(Size(300, 200), PARAMS, made) == 259


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(1, 40))
def test_never_more_tiles_than_allowed(width: int, height: int, most: int) -> None:
    """Any size has between one tile and the most."""
    assert 1 <= cohere2_vision.plan(Size(width, height), Cohere2VisionParams(max_patches=most)).tiles <= most


def test_limits_of_parameters() -> None:
    """No tile at most is refused with the range."""
    with pytest.raises(UsageError, match="max_patches=0 is out of range"):
        Cohere2VisionParams(max_patches=0)
