"""Pixtral and Mistral Small 3.1: one picture within a longest edge, stretched to whole patches.

The numbers are what transformers' Pixtral processor (4.57.6 and 5.23.0) returns.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.errors import NotTileable, UsageError
from dynres_cli.geometry import Grid, Size
from dynres_cli.recipe import resolve
from dynres_cli.strategies import pixtral
from dynres_cli.strategies.pixtral import PixtralParams

PARAMS = PixtralParams()


@pytest.mark.parametrize(
    ("preset", "size", "shown"),
    [
        pytest.param("pixtral-12b", Size(640, 480), Size(640, 480), id="whole patches already"),
        pytest.param("pixtral-12b", Size(1280, 720), Size(1024, 576), id="reduced"),
        pytest.param("pixtral-12b", Size(500, 500), Size(512, 512), id="rounded up to a patch"),
        pytest.param("pixtral-12b", Size(1203, 731), Size(1024, 624), id="622.2 is rounded down, then up to a patch"),
        pytest.param("pixtral-12b", Size(97, 2801), Size(48, 1024), id="a strip"),
        pytest.param("pixtral-12b", Size(1, 1), Size(16, 16), id="one pixel is one patch"),
        pytest.param("mistral-small-3.1", Size(640, 480), Size(644, 504), id="patches of 28"),
        pytest.param("mistral-small-3.1", Size(1280, 720), Size(1288, 728), id="below the longest edge"),
        pytest.param("mistral-small-3.1", Size(4000, 1000), Size(1540, 392), id="a panorama"),
        pytest.param("mistral-small-3.1", Size(1, 1), Size(28, 28), id="one pixel"),
    ],
)
def test_size_and_tokens(preset: str, size: Size, shown: Size) -> None:
    """The size that the model is given, its (height, width) in the inputs, and a token a patch and a row."""
    recipe = resolve(preset)
    made = recipe.plan(size)
    patch = 16 if preset == "pixtral-12b" else 28
    assert made.surfaces[0].size == shown
    assert pixtral.inputs(size, PARAMS, made) == {"image_sizes": (shown.height, shown.width)}
    assert recipe.tokens(size, made) == (shown.height // patch) * (shown.width // patch + 1)


@pytest.mark.parametrize("size", [Size(1, 5000), Size(5000, 1)], ids=["one pixel wide", "one pixel high"])
def test_a_side_that_shrinks_to_nothing_is_refused(size: Size) -> None:
    """The reference computes a size of 0 and fails; dynres says why."""
    with pytest.raises(NotTileable, match="shrinks to nothing within 1024 pixels; Pixtral cannot resize it"):
        pixtral.plan(size, PARAMS)


def test_the_picture_is_one_tile() -> None:
    """A whole picture alone is a tile of a 1×1 grid, never an overview."""
    made = pixtral.plan(Size(640, 480), PARAMS)
    assert (made.grid, made.tiles, made.total, made.thumbnail) == (Grid(1, 1), 1, 1, False)


def test_prompt() -> None:
    """33×17 pixels are two rows of three patches: a break after the first row, the end after the last."""
    size = Size(33, 17)
    made = pixtral.plan(size, PARAMS)
    assert pixtral.prompt(size, PARAMS, made) == (("[IMG]", 3), ("[IMG_BREAK]", 1), ("[IMG]", 3), ("[IMG_END]", 1))
    assert pixtral.tokens(size, PARAMS, made) == 8


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_sides_are_whole_patches_within_the_edge(width: int, height: int) -> None:
    """Either a side would vanish, or both are whole patches and none is longer than the edge."""
    try:
        shown = pixtral.plan(Size(width, height), PARAMS).surfaces[0].size
    except NotTileable:
        assert min(width, height) * 1024 < max(width, height)
        return
    assert shown.width % 16 == shown.height % 16 == 0
    assert min(shown.width, shown.height) >= 16
    assert max(shown.width, shown.height) <= 1024


def test_limits_of_parameters() -> None:
    """A patch of no pixels is refused with the range."""
    with pytest.raises(UsageError, match="patch_size=0 is out of range; allowed are 1 to 256"):
        PixtralParams(patch_size=0)
