"""H2OVL-Mississippi's multi-scale adaptive cropping: two grids of InternVL's kind over one picture, one thumbnail.

Follows H2OVL's own rule as vLLM runs it (transformers_utils/processors/h2ovl.py), for a single picture.
"""

from __future__ import annotations

from dataclasses import dataclass

from dynres_cli.geometry import Grid, Plan, Size, Surface, View, overview, tile_views
from dynres_cli.strategies.family import Candidate, Prompt, Strategy
from dynres_cli.strategies.internvl import by_distance, candidate_grids, closest_grid
from dynres_cli.strategies.packing import counted, packed_and_counted
from dynres_cli.strategies.params import Params, number

SECOND_MIN = 3
"""The second pass never looks at grids of one or two tiles."""


@dataclass(frozen=True, slots=True)
class H2OVLParams(Params):
    """The side of a tile and the most tiles of either pass."""

    image_size: int = number(448, 14, 4096)
    max_num: int = number(6, 1, 1000)


def second_grids(first: Grid, max_num: int) -> tuple[Grid, ...]:
    """What the second pass may choose: no grid whose columns divide the first one's, nor whose rows do."""
    return tuple(
        grid
        for grid in candidate_grids(SECOND_MIN, max_num)
        if first.cols % grid.cols != 0 and first.rows % grid.rows != 0
    )


def passes(size: Size, params: H2OVLParams) -> tuple[Grid, Grid]:
    """The grids of the first and the second pass; 1×1 where the filter leaves nothing."""
    first = closest_grid(size, candidate_grids(1, params.max_num), params.image_size)
    return first, closest_grid(size, second_grids(first, params.max_num), params.image_size)


def plan(size: Size, params: H2OVLParams) -> Plan:
    """The second pass's tiles, the first one's, and the whole picture last.

    Each pass gives up its last view, so a pass of 1×1 shows nothing. The plan's own grid is the first pass's, or the
    second's where the first shows nothing.
    """
    first, second = passes(size, params)
    shown = [grid for grid in (second, first) if grid.tiles > 1]
    tile = Size(params.image_size, params.image_size)
    if not shown:
        return Plan(Grid(1, 1), (Surface(tile),), tile_views(0, Grid(1, 1), tile))
    views: list[View] = []
    for index, grid in enumerate(shown):
        views += tile_views(index, grid, tile, layer=len(shown) - 1 - index)
    surfaces = (*(Surface(grid.times(params.image_size)) for grid in shown), Surface(tile))
    return Plan(shown[-1], surfaces, (*views, overview(len(shown), tile)))


def tokens(_size: Size, params: H2OVLParams, plan: Plan) -> int:
    """As InternVL: a quarter of the tile's 14-pixel patches for every view."""
    return plan.total * int((params.image_size // 14) ** 2 * 0.25)


def prompt(size: Size, params: H2OVLParams, plan: Plan) -> Prompt:
    """One run of placeholders for all views."""
    return (("<img>", 1), ("<IMG_CONTEXT>", tokens(size, params, plan)), ("</img>", 1))


def candidates(size: Size, params: H2OVLParams) -> list[Candidate]:
    """The grids of the first pass, nearest first."""
    return by_distance(size, candidate_grids(1, params.max_num))


STRATEGY: Strategy[H2OVLParams] = Strategy(
    params=H2OVLParams,
    plan=plan,
    tokens=tokens,
    rule="InternVL's grid twice, the second with other columns and rows than the first",
    overview="last, above one tile",
    keeps_aspect=False,
    reference="h2oai/h2ovl-mississippi-2b, as vLLM transformers_utils/processors/h2ovl.py",
    prompt=prompt,
    inputs=counted,
    pack=packed_and_counted,
    candidates=candidates,
)
