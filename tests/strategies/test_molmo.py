"""Molmo: overlapping crops of a padded canvas. The grids are those of allenai/molmo's select_tiling derived anew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.errors import NotTileable, UsageError
from dynres_cli.geometry import Box, Grid, Point, Size
from dynres_cli.strategies import molmo
from dynres_cli.strategies.molmo import MolmoParams

PARAMS = MolmoParams()


@pytest.mark.parametrize(
    ("size", "grid"),
    [
        pytest.param(Size(1280, 720), Grid(4, 3), id="a screen"),
        pytest.param(Size(720, 1280), Grid(3, 4), id="a screen on its side"),
        pytest.param(Size(560, 560), Grid(2, 2), id="two windows and the margins exactly"),
        pytest.param(Size(560, 561), Grid(2, 3), id="one pixel more"),
        pytest.param(Size(1000, 112), Grid(4, 1), id="exactly the margins high: the width decides"),
        pytest.param(Size(1000, 111), Grid(1, 1), id="lower than the margins: the smallest grid"),
        pytest.param(Size(30, 2000), Grid(1, 1), id="narrower than the margins"),
        pytest.param(Size(3000, 200), Grid(12, 1), id="a panorama"),
        pytest.param(Size(4000, 3000), Grid(4, 3), id="a photograph"),
        pytest.param(Size(1, 1), Grid(1, 1), id="one pixel"),
    ],
)
def test_grid(size: Size, grid: Grid) -> None:
    """The whole picture is first, then every crop."""
    made = molmo.plan(size, PARAMS)
    assert made.grid == grid
    assert [view.role for view in made.views] == ["overview", *["tile"] * grid.tiles]
    assert made.canvas == Size(grid.cols * 224 + 112, grid.rows * 224 + 112)


@pytest.mark.parametrize(
    "size",
    [pytest.param(Size(1, 5000), id="one pixel wide"), pytest.param(Size(5000, 1), id="one pixel high")],
)
def test_strips_that_vanish_are_refused(size: Size) -> None:
    """In 336 pixels such a strip has no width left."""
    with pytest.raises(NotTileable, match="shrinks to nothing in a view of 336×336"):
        molmo.plan(size, PARAMS)


def test_crops_overlap_by_their_margins() -> None:
    """Neighbours are 224 pixels apart and 336 wide, so they share 112."""
    made = molmo.plan(Size(560, 560), PARAMS)
    assert [view.box for view in made.views[1:]] == [
        Box(0, 0, 336, 336),
        Box(224, 0, 560, 336),
        Box(0, 224, 336, 560),
        Box(224, 224, 560, 560),
    ]


def test_the_picture_lies_in_the_middle() -> None:
    """1280×720 in 1008×784 is 1008×567, 108 pixels from the top, padded with 0 before it is normalised."""
    surface = molmo.plan(Size(1280, 720), PARAMS).surfaces[1]
    assert (surface.scaled, surface.offset) == (Size(1008, 567), Point(0, 108))
    assert (surface.space, surface.filter) == ("unit", "torch-bilinear-antialias")


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        pytest.param(0.1, 0.10000000149011612, id="a tenth"),
        pytest.param(16777217.0, 16777216.0, id="the first whole number that is not there"),
        pytest.param(1.5, 1.5, id="exact"),
    ],
)
def test_float32(value: float, rounded: float) -> None:
    """Single precision by the standard library alone."""
    assert molmo.float32(value) == rounded


def test_tokens_and_prompt() -> None:
    """12 rows of 12 patches, then 28 rows of 36 for 4×3 crops, a column mark behind each row, four marks around."""
    size = Size(1280, 960)
    made = molmo.plan(size, PARAMS)
    assert made.grid == Grid(4, 3)
    assert molmo.tokens(size, PARAMS, made) == 12 * 13 + 28 * 37 + 4
    text = "".join(words * times for words, times in molmo.prompt(size, PARAMS, made))
    assert text.startswith("<im_start>" + ("<im_patch>" * 12 + "<im_col>") * 12 + "<im_end><im_start><im_patch>")


@given(st.integers(40, 3_000), st.integers(40, 3_000))
def test_every_token_has_one_place(width: int, height: int) -> None:
    """Each patch of the prompt is given to exactly one token of one view."""
    size = Size(width, height)
    made = molmo.plan(size, PARAMS)
    places = [place for view in molmo.token_places(PARAMS, made) for place in view if place != molmo.HIDDEN]
    patches, at = set(), 0
    for words, times in molmo.prompt(size, PARAMS, made):
        patches |= set(range(at, at + times)) if words == "<im_patch>" else set()
        at += times
    assert sorted(places) == sorted(patches)


def test_shares_of_patches() -> None:
    """Crops of an unpadded canvas are picture everywhere; the reference's last row is -1."""
    *crops, last = molmo.patch_shares(PARAMS, molmo.plan(Size(560, 560), PARAMS))
    assert {share for crop in crops for share in crop} == {1.0}
    assert set(last) == {-1.0}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        pytest.param({"margin": 12}, "leaves nothing of a crop", id="margins as wide as the crop"),
        pytest.param({"image_size": 340}, "must be whole patches", id="no whole patches"),
        pytest.param({"margin": 3}, "whole tokens of 2", id="half a token of margin"),
        pytest.param({"max_crops": 0}, "max_crops=0 is out of range", id="no crops"),
    ],
)
def test_limits_of_parameters(wrong: dict[str, int], sentence: str) -> None:
    """What cannot be cut is refused when the parameters are made."""
    with pytest.raises(UsageError, match=sentence):
        MolmoParams(**wrong)
