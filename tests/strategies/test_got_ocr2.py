"""GOT-OCR2 and Aya Vision: InternVL's rule, candidates in list order, texts of their own."""

from __future__ import annotations

import pytest

from dynres_cli.geometry import Grid, Size
from dynres_cli.strategies import got_ocr2, internvl
from dynres_cli.strategies.got_ocr2 import GotOcr2Params
from dynres_cli.strategies.internvl import InternVLParams

AYA = GotOcr2Params(image_size=364)


@pytest.mark.parametrize(
    ("limits", "size", "grid"),
    [
        pytest.param((4, 4), Size(500, 200), Grid(2, 2), id="InternVL's own code takes 4x1"),
        pytest.param((5, 5), Size(1300, 500), Grid(5, 1), id="InternVL's own code takes 1x5"),
    ],
)
def test_ties_fall_in_list_order(limits: tuple[int, int], size: Size, grid: Grid) -> None:
    """With equal distance and a small picture the first candidate of the list stays."""
    made = got_ocr2.plan(size, GotOcr2Params(image_size=448, min_patches=limits[0], max_patches=limits[1]))
    assert made.grid == grid
    assert internvl.plan(size, InternVLParams(448, *limits)).grid != grid


@pytest.mark.parametrize(
    ("size", "got", "aya"),
    [
        pytest.param(Size(1280, 720), Grid(2, 1), Grid(4, 2), id="a screen is small for eight tiles of 1024 pixels"),
        pytest.param(Size(320, 211), Grid(3, 2), Grid(3, 2), id="a small photograph"),
        pytest.param(Size(364, 364), Grid(1, 1), Grid(1, 1), id="one tile"),
    ],
)
def test_tokens(size: Size, got: Grid, aya: Grid) -> None:
    """GOT-OCR2 counts 256 a view at 1024 pixels, Aya Vision 169 at 364."""
    large, small = got_ocr2.plan(size, GotOcr2Params()), got_ocr2.plan(size, AYA)
    assert (large.grid, small.grid) == (got, aya)
    assert got_ocr2.tokens(size, GotOcr2Params(), large) == 256 * large.total
    assert got_ocr2.aya_tokens(size, AYA, small) == 169 * small.total


def test_aya_tags_every_tile_and_calls_the_last_view_global() -> None:
    """Two tiles and the thumbnail; one tile alone is the global one."""
    wide, square = Size(200, 100), Size(100, 100)
    text = got_ocr2.aya_prompt(wide, AYA, got_ocr2.plan(wide, AYA))
    assert [part for part, _ in text[1:-1:2]] == ["TILE_1", "TILE_2", "TILE_GLOBAL"]
    assert got_ocr2.aya_prompt(square, AYA, got_ocr2.plan(square, AYA))[1] == ("TILE_GLOBAL", 1)
