"""LFM2-VL: one snapped picture or tiles. The numbers are those of transformers 5.23.0's Lfm2Vl processor."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.errors import NotTileable, UsageError
from dynres_cli.geometry import Grid, Size
from dynres_cli.strategies import lfm2_vl
from dynres_cli.strategies.lfm2_vl import Lfm2VlParams

PARAMS = Lfm2VlParams()


@pytest.mark.parametrize(
    ("size", "grid", "snapped"),
    [
        pytest.param(Size(1280, 720), Grid(2, 1), Size(672, 384), id="a screen"),
        pytest.param(Size(720, 720), Grid(1, 1), Size(512, 512), id="rounds to just the tolerance: one piece"),
        pytest.param(Size(724, 724), Grid(2, 2), Size(512, 512), id="rounds to more: tiles"),
        pytest.param(Size(4000, 3000), Grid(3, 2), Size(576, 416), id="a photograph"),
        pytest.param(Size(3000, 200), Grid(10, 1), Size(1952, 128), id="a panorama"),
        pytest.param(Size(560, 561), Grid(1, 1), Size(480, 512), id="a square, nearly"),
        pytest.param(Size(1, 1), Grid(1, 1), Size(256, 256), id="one pixel"),
        pytest.param(Size(1, 5000), Grid(1, 1), Size(32, 4992), id="one pixel wide"),
        pytest.param(Size(5000, 1), Grid(1, 1), Size(4992, 32), id="one pixel high"),
    ],
)
def test_grid(size: Size, grid: Grid, snapped: Size) -> None:
    """Tiles of 512 pixels, then the thumbnail, which is the picture as it would be in one piece."""
    made = lfm2_vl.plan(size, PARAMS)
    assert made.grid == grid
    assert made.views[-1].box.size == snapped
    assert [view.role for view in made.views] == ["tile"] * grid.tiles + ["overview"] * (grid.tiles > 1)
    if grid.tiles > 1:
        assert lfm2_vl.candidates(size, PARAMS)[0].grid.aspect == grid.aspect
    else:
        assert lfm2_vl.candidates(size, PARAMS) == []


def test_prompt_of_tiles() -> None:
    """Each tile follows its row and column; with the marks 769 tokens."""
    size = Size(1280, 720)
    made = lfm2_vl.plan(size, PARAMS)
    assert lfm2_vl.prompt(size, PARAMS, made) == (
        ("<|image_start|>", 1),
        ("<|img_row_1_col_1|>", 1),
        ("<image>", 256),
        ("<|img_row_1_col_2|>", 1),
        ("<image>", 256),
        ("<|img_thumbnail|>", 1),
        ("<image>", 252),
        ("<|image_end|>", 1),
    )
    assert lfm2_vl.tokens(size, PARAMS, made) == 769


def test_inputs() -> None:
    """Patches of every view as rows and columns, and the snapped picture's height and width."""
    size = Size(1280, 720)
    assert lfm2_vl.inputs(size, PARAMS, lfm2_vl.plan(size, PARAMS)) == {
        "spatial_shapes": ((32, 32), (32, 32), (24, 42)),
        "image_rows": 1,
        "image_cols": 2,
        "image_sizes": (384, 672),
    }


def test_switches() -> None:
    """Without splitting any picture stays in one piece; without a thumbnail the tiles stand alone."""
    size = Size(1280, 720)
    assert lfm2_vl.plan(size, Lfm2VlParams(do_image_splitting=False)).total == 1
    assert lfm2_vl.plan(size, Lfm2VlParams(thumbnail=False)).total == 2
    lone = lfm2_vl.plan(Size(1000, 1000), Lfm2VlParams(min_tiles=1, max_tiles=2))
    assert (lone.grid, lone.total, lone.views[0].box.size) == (Grid(1, 1), 1, Size(512, 512))


@given(st.integers(1, 5_000), st.integers(1, 5_000))
def test_every_side_is_whole_tokens(width: int, height: int) -> None:
    """Both sides of every view are multiples of 32 pixels, and none is 0."""
    for view in lfm2_vl.plan(Size(width, height), PARAMS).views:
        assert view.box.size.width % 32 == view.box.size.height % 32 == 0
        assert view.box.size.area > 0


def test_limits_of_parameters() -> None:
    """A least above the most leaves nothing."""
    with pytest.raises(UsageError, match="min_tiles=5 is above max_tiles=3"):
        Lfm2VlParams(min_tiles=5, max_tiles=3)
    with pytest.raises(UsageError, match="tile_size=500 must be whole patches of 16"):
        Lfm2VlParams(tile_size=500)


@pytest.mark.parametrize(
    ("size", "params"),
    [
        pytest.param(Size(20000, 20), Lfm2VlParams(), id="16160×32, which is 2,020 patches"),
        pytest.param(Size(20, 20000), Lfm2VlParams(), id="upright"),
    ],
)
def test_a_thumbnail_of_too_many_patches_is_refused(size: Size, params: Lfm2VlParams) -> None:
    """The reference cannot stack it with the tiles; alone, without tiles, it would take it."""
    with pytest.raises(NotTileable, match="cannot stack it with the tiles"):
        lfm2_vl.plan(size, params)
    assert lfm2_vl.plan(size, replace(params, do_image_splitting=False)).total == 1
