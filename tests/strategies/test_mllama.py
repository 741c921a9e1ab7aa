"""Llama 3.2 Vision: the canvas that enlarges least, never beyond four tiles, no overview.

The numbers are what transformers' Mllama processor (4.57.6 and 5.23.0) returns for 560-pixel tiles.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.errors import UsageError
from dynres_cli.geometry import Grid, Plan, Size
from dynres_cli.strategies import mllama
from dynres_cli.strategies.mllama import MllamaParams

PARAMS = MllamaParams()


def plan(width: int, height: int) -> Plan:
    """The plan for tiles of 560 pixels."""
    return mllama.plan(Size(width, height), PARAMS)


@pytest.mark.parametrize(
    ("width", "height", "grid", "ident"),
    [
        pytest.param(640, 480, Grid(2, 1), 2, id="a little larger than one tile"),
        pytest.param(1280, 720, Grid(2, 2), 6, id="a screen"),
        pytest.param(500, 500, Grid(1, 1), 1, id="smaller than one tile"),
        pytest.param(300, 900, Grid(1, 2), 5, id="a portrait"),
        pytest.param(100, 50, Grid(1, 1), 1, id="a stamp"),
        pytest.param(4000, 1000, Grid(4, 1), 4, id="a panorama that shrinks in every canvas"),
        pytest.param(97, 2801, Grid(1, 4), 8, id="a strip"),
        pytest.param(1, 1, Grid(1, 1), 1, id="one pixel"),
        pytest.param(1, 5000, Grid(1, 4), 8, id="one pixel wide"),
        pytest.param(5000, 1, Grid(4, 1), 4, id="one pixel high"),
    ],
)
def test_grid_and_id(width: int, height: int, grid: Grid, ident: int) -> None:
    """The grid, and its place in the list of supported aspect ratios, counted from 1."""
    made = plan(width, height)
    assert made.grid == grid
    assert mllama.inputs(Size(width, height), PARAMS, made)["aspect_ratio_ids"] == ident


@pytest.mark.parametrize(
    ("size", "scaled"),
    [
        pytest.param(Size(100, 50), Size(560, 280), id="enlarged to one tile"),
        pytest.param(Size(640, 480), Size(640, 480), id="left as it is on two tiles"),
        pytest.param(Size(300, 900), Size(300, 900), id="a side below the tile, the other above: left as it is"),
        pytest.param(Size(4000, 1000), Size(2240, 560), id="reduced to four tiles"),
        pytest.param(Size(5000, 1), Size(2240, 1), id="never reduced to nothing"),
    ],
)
def test_the_picture_is_not_enlarged_beyond_one_tile(size: Size, scaled: Size) -> None:
    """The picture's size on its canvas; it lies at the top left."""
    (surface,) = mllama.plan(size, PARAMS).surfaces
    assert (surface.scaled, surface.offset.x, surface.offset.y) == (scaled, 0, 0)


def test_ids_count_rows_outermost() -> None:
    """Four tiles have eight grids; the model's embedding of an id depends on their order."""
    assert mllama.supported_grids(4) == (
        *(Grid(1, 1), Grid(2, 1), Grid(3, 1), Grid(4, 1)),
        *(Grid(1, 2), Grid(2, 2), Grid(1, 3), Grid(1, 4)),
    )


def test_what_the_model_is_told() -> None:
    """640×480 has two tiles of four slots, and 1601 features a tile behind one placeholder."""
    size, made = Size(640, 480), plan(640, 480)
    told = mllama.inputs(size, PARAMS, made)
    assert told == {"aspect_ratio_ids": 2, "aspect_ratio_mask": (1, 1, 0, 0), "num_tiles": 2}
    assert mllama.tokens(size, PARAMS, made) == 2 * 1601
    assert mllama.prompt(size, PARAMS, made) == (("<|image|>", 1),)


def test_candidates_stand_in_the_rules_order() -> None:
    """640×480: two columns come first (scale 1.17), one tile would shrink it (0.875) and comes after all others."""
    found = mllama.candidates(Size(640, 480), PARAMS)
    assert found[0].grid == Grid(2, 1)
    assert found[0].distance == pytest.approx(560 / 480 - 1)
    assert len(found) == 8
    assert found[-1].distance == pytest.approx(1 - 560 / 640)


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(1, 12))
def test_any_size_has_tiles_within_the_limit(width: int, height: int, most: int) -> None:
    """One tile at least, the limit at most, and the scaled picture lies on the canvas."""
    made = mllama.plan(Size(width, height), MllamaParams(max_image_tiles=most))
    (surface,) = made.surfaces
    assert 1 <= made.tiles == made.total <= most
    assert surface.scaled.width <= surface.size.width
    assert surface.scaled.height <= surface.size.height


def test_limits_of_parameters() -> None:
    """No tile at all is refused with the range."""
    with pytest.raises(UsageError, match="max_image_tiles=0 is out of range; allowed are 1 to 64"):
        MllamaParams(max_image_tiles=0)
