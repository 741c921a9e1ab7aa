"""NVILA: InternVL's rule, or three scales. The grids are those of VILA's mm_utils.py derived anew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.errors import UsageError
from dynres_cli.geometry import Grid, Size, View
from dynres_cli.strategies import nvila
from dynres_cli.strategies.nvila import NVILAParams

LITE = NVILAParams(downsample=3)
SCALES = NVILAParams(image_aspect_ratio="dynamic_s2")


@pytest.mark.parametrize(
    ("size", "one", "three"),
    [
        pytest.param(Size(1280, 720), Grid(4, 2), Grid(4, 3), id="a screen"),
        pytest.param(Size(720, 1280), Grid(2, 4), Grid(2, 5), id="a screen on its side"),
        pytest.param(Size(512, 512), Grid(1, 1), Grid(3, 3), id="a small square"),
        pytest.param(Size(1000, 1000), Grid(3, 3), Grid(3, 3), id="a square"),
        pytest.param(Size(3000, 200), Grid(12, 1), Grid(12, 1), id="a panorama"),
        pytest.param(Size(1, 1), Grid(1, 1), Grid(3, 3), id="one pixel"),
        pytest.param(Size(1, 5000), Grid(1, 12), Grid(1, 12), id="one pixel wide"),
        pytest.param(Size(5000, 1), Grid(12, 1), Grid(12, 1), id="one pixel high"),
    ],
)
def test_grid(size: Size, one: Grid, three: Grid) -> None:
    """With scales the last grid has nine tiles at least."""
    for params, grid in ((LITE, one), (SCALES, three)):
        assert nvila.plan(size, params).grid == grid
        assert nvila.candidates(size, params)[0].grid.aspect == grid.aspect


def test_scales_come_in_their_order() -> None:
    """1 tile, 4 tiles, then 12 of the grid; layer, row and column name each of the 17."""
    made = nvila.plan(Size(1280, 720), SCALES)
    assert [surface.scaled for surface in made.surfaces] == [Size(448, 448), Size(896, 896), Size(1792, 1344)]
    assert [view.layer for view in made.views] == [1] + [2] * 4 + [0] * 12
    assert (made.tiles, made.thumbnail, made.canvas) == (17, False, Size(1792, 1344))


def test_tokens() -> None:
    """3×3 of 32×32 patches, padded, are 121 tokens a view; with scales 256 for each tile of the last one alone."""
    size = Size(1280, 720)
    assert nvila.tokens(size, LITE, nvila.plan(size, LITE)) == 9 * 121
    assert nvila.tokens(size, SCALES, nvila.plan(size, SCALES)) == 12 * 256


def test_inputs() -> None:
    """With scales the model is told rows and columns of the last one."""
    size = Size(1280, 720)
    assert nvila.inputs(size, SCALES, nvila.plan(size, SCALES)) == {"block_sizes": (3, 4)}
    assert nvila.inputs(size, LITE, nvila.plan(size, LITE)) == {"num_patches": 9}


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_every_tile_has_a_name_of_its_own(width: int, height: int) -> None:
    """No two tiles share layer, row and column, for any size."""
    views = nvila.plan(Size(width, height), SCALES).views

    def name(view: View) -> tuple[int, int, int]:
        return view.layer, view.row, view.col

    assert len({name(view) for view in views}) == len(views)


@pytest.mark.parametrize(
    "scales",
    [
        pytest.param("896,448", id="shrinking"),
        pytest.param("448,448", id="the same twice"),
        pytest.param("448,big", id="no number"),
        pytest.param("", id="nothing"),
        pytest.param("0,448", id="from nothing"),
    ],
)
def test_scales_that_do_not_grow_are_refused(scales: str) -> None:
    """The sentence says how to write them."""
    with pytest.raises(UsageError, match="write it as 448,896,1344"):
        NVILAParams(s2_scales=scales)


def test_scales_need_room() -> None:
    """Nine tiles do not fit into a most of eight."""
    with pytest.raises(UsageError, match="above max_num=8"):
        NVILAParams(image_aspect_ratio="dynamic_s2", max_num=8)
