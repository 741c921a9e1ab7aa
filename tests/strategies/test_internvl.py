"""InternVL: the grid of the nearest ratio, larger ones for large pictures, a thumbnail above one tile.

The golden table is InternVL's own rule, written by tests/conformance/write_internvl_grids.py; the tie cases are those
of CPython's set order, which transformers' list order answers differently.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.errors import UsageError
from dynres_cli.geometry import Grid, Size
from dynres_cli.strategies import internvl
from dynres_cli.strategies.internvl import InternVLParams

TABLE = Path(__file__).parents[1] / "golden" / "internvl_grids.json"
PAIRS = [(least, most) for most in range(1, 13) for least in range(1, most + 1)]
SIDES = st.integers(1, 6000)


@functools.cache
def table() -> tuple[list[Size], dict[str, list[Grid]]]:
    """The sizes, and for every min..max the grid of each."""
    known = json.loads(TABLE.read_text(encoding="utf-8"))
    sizes = [Size(*pair) for pair in pairs(known["sizes"])]
    return sizes, {limits: [Grid(*pair) for pair in pairs(text)] for limits, text in known["grids"].items()}


def pairs(text: str) -> list[tuple[int, int]]:
    """Pairs of numbers from "3x2 4x1"."""
    return [(int(first), int(second)) for first, second in (part.split("x") for part in text.split())]


@pytest.mark.parametrize(("least", "most"), PAIRS)
def test_every_grid_is_the_reference_rules(least: int, most: int) -> None:
    """The grid of some 350 sizes for every min_num and max_num in 1..12."""
    sizes, grids = table()
    params = InternVLParams(min_num=least, max_num=most)
    assert len(sizes) > 300
    assert [internvl.plan(size, params).grid for size in sizes] == grids[f"{least}..{most}"]


@pytest.mark.parametrize(
    ("limits", "size", "grid"),
    [
        pytest.param((4, 4), Size(500, 200), Grid(4, 1), id="4x1 and 2x2 are equally far from 2.5"),
        pytest.param((5, 5), Size(1300, 500), Grid(1, 5), id="1x5 and 5x1 are equally far from 2.6"),
    ],
)
def test_ties_fall_as_cpythons_set_order_gives_them(limits: tuple[int, int], size: Size, grid: Grid) -> None:
    """Of two grids of one area at one distance, the one that the set yields first wins for a small picture."""
    assert internvl.plan(size, InternVLParams(min_num=limits[0], max_num=limits[1])).grid == grid


@pytest.mark.parametrize(
    ("size", "grid", "views", "tokens"),
    [
        pytest.param(Size(1280, 720), Grid(4, 2), 9, 2304, id="a screen"),
        pytest.param(Size(448, 448), Grid(1, 1), 1, 256, id="one tile needs no thumbnail"),
        pytest.param(Size(633, 633), Grid(1, 1), 1, 256, id="just under half of 2x2 tiles"),
        pytest.param(Size(634, 634), Grid(2, 2), 5, 1280, id="just over half of 2x2 tiles"),
        pytest.param(Size(1, 5000), Grid(1, 12), 13, 3328, id="a line"),
    ],
)
def test_views_and_tokens(size: Size, grid: Grid, views: int, tokens: int) -> None:
    """The grid, the number of views with the thumbnail, and 256 tokens for each."""
    params = InternVLParams()
    plan = internvl.plan(size, params)
    assert (plan.grid, plan.total, internvl.tokens(size, params, plan)) == (grid, views, tokens)
    assert sum(times for _, times in internvl.prompt(size, params, plan)) == tokens + 2


@given(st.builds(Size, SIDES, SIDES), st.integers(1, 20), st.integers(0, 20))
def test_the_grid_holds_at_least_min_and_at_most_max_tiles(size: Size, least: int, more: int) -> None:
    """Whatever the size, min_num ≤ tiles ≤ max_num, and the thumbnail is last."""
    plan = internvl.plan(size, InternVLParams(min_num=least, max_num=least + more))
    assert least <= plan.tiles <= least + more
    assert plan.thumbnail == (plan.tiles > 1)
    assert not plan.thumbnail or plan.views[-1].role == "overview"


def test_min_above_max_is_refused() -> None:
    """min_num=5 with max_num=3 leaves no grid."""
    with pytest.raises(UsageError, match="min_num=5 is above max_num=3"):
        InternVLParams(min_num=5, max_num=3)
