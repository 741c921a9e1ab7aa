"""Idefics3 and SmolVLM: three resamplings in a row, always enlarged to four tiles along the longer side.

The numbers are what transformers' Idefics3 and SmolVLM processors (Pillow backend, 5.23.0) return.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.errors import NotTileable, UsageError
from dynres_cli.geometry import Grid, Plan, Size
from dynres_cli.recipe import resolve
from dynres_cli.strategies import idefics3
from dynres_cli.strategies.idefics3 import Idefics3Params

PARAMS = Idefics3Params()


def plan(width: int, height: int) -> Plan:
    """Idefics3's own plan: tiles of 364 pixels, a longest edge of 1456."""
    return idefics3.plan(Size(width, height), PARAMS)


@pytest.mark.parametrize("preset", ["idefics3-8b", "smolvlm-2.2b", "smolvlm2-2.2b", "smolvlm2-500m"])
@pytest.mark.parametrize(
    ("width", "height", "grid"),
    [
        pytest.param(640, 480, Grid(4, 3), id="4 to 3"),
        pytest.param(1280, 720, Grid(4, 3), id="a screen"),
        pytest.param(500, 500, Grid(4, 4), id="a square"),
        pytest.param(300, 900, Grid(2, 4), id="a portrait"),
        pytest.param(100, 50, Grid(4, 2), id="a stamp is enlarged"),
        pytest.param(4000, 1000, Grid(4, 1), id="a panorama"),
        pytest.param(97, 2801, Grid(1, 4), id="a strip"),
        pytest.param(1, 1, Grid(4, 4), id="one pixel"),
        pytest.param(1, 5000, Grid(1, 4), id="one pixel wide"),
        pytest.param(5000, 1, Grid(4, 1), id="one pixel high"),
    ],
)
def test_grid(preset: str, width: int, height: int, grid: Grid) -> None:
    """All presets choose one grid for a size: their longest edge is four tiles; the overview is last."""
    made = resolve(preset).plan(Size(width, height))
    assert made.grid == grid
    assert made.total == grid.tiles + 1
    assert made.views[-1].role == "overview"


@pytest.mark.parametrize(
    ("size", "first", "second"),
    [
        pytest.param(Size(1203, 731), Size(1456, 884), Size(1456, 1092), id="884.7 truncates to an even number"),
        pytest.param(Size(1000, 601), Size(1456, 876), Size(1456, 1092), id="875.06 truncates to 875 and becomes even"),
        pytest.param(Size(5000, 1), Size(1456, 1), Size(1456, 364), id="a side of nothing becomes one pixel"),
    ],
)
def test_each_picture_is_made_from_the_one_before(size: Size, first: Size, second: Size) -> None:
    """The sizes of the first two pictures; the third is the overview, made from the second."""
    surfaces = idefics3.plan(size, PARAMS).surfaces
    assert [surface.scaled for surface in surfaces] == [first, second, Size(364, 364)]
    assert [surface.of for surface in surfaces] == [None, 0, 1]


def test_no_splitting_is_one_tile() -> None:
    """do_image_splitting=False squashes the first picture to one tile; rows and columns are then 0."""
    params = Idefics3Params(do_image_splitting=False)
    made = idefics3.plan(Size(640, 480), params)
    assert (made.tiles, made.total, made.thumbnail) == (1, 1, False)
    assert made.surfaces[1].scaled == Size(364, 364)
    assert idefics3.inputs(Size(640, 480), params, made) == {
        "rows": 0,
        "cols": 0,
        "pixel_attention_mask": ((params.max_image_size, params.max_image_size),),
    }
    assert idefics3.tokens(Size(640, 480), params, made) == 169 + 3


def test_tokens_and_prompt() -> None:
    """100×50 has 2 rows of 4: 172 + 2·(171·4 + 1) tokens, and a prompt that names every place from 1."""
    size, made = Size(100, 50), plan(100, 50)
    assert idefics3.tokens(size, PARAMS, made) == 172 + 2 * (171 * 4 + 1)
    runs = idefics3.prompt(size, PARAMS, made)
    text = "".join(words * times for words, times in runs)
    assert text.count("<image>") == 9 * 169
    assert text.startswith("<fake_token_around_image><row_1_col_1><image>")
    assert "<image>\n<fake_token_around_image><row_2_col_1>" in text
    assert text.endswith(
        "<image>\n\n<fake_token_around_image><global-img>" + "<image>" * 169 + "<fake_token_around_image>"
    )


def test_edges_beyond_4096_are_capped() -> None:
    """A longest edge of 8192 is cut to 4096, as the reference's absolute maximum says."""
    assert idefics3.with_longest_edge(Size(200, 100), 8192) == Size(4096, 2048)


def test_a_side_that_rounds_to_nothing_is_refused() -> None:
    """49·(1/49) is a little less than 1 in floats, so the reference resizes to a width of 0 and fails."""
    with pytest.raises(NotTileable, match="rounds to no tile"):
        idefics3.plan(Size(1, 5000), Idefics3Params(longest_edge=49, max_image_size=49))


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_any_size_has_one_to_four_tiles_a_side(width: int, height: int) -> None:
    """The longer side has four tiles, and no size is refused."""
    grid = plan(width, height).grid
    assert max(grid.cols, grid.rows) == 4
    assert min(grid.cols, grid.rows) >= 1


def test_limits_of_parameters() -> None:
    """A tile of 13 pixels is less than a patch."""
    with pytest.raises(UsageError, match="max_image_size=13 is out of range"):
        Idefics3Params(max_image_size=13)
