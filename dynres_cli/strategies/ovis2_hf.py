"""Ovis2 as transformers ships it: the same search, its rows taken for columns, and the picture stretched over them.

Follows transformers, ovis2 (`Ovis2ImageProcessor`, `get_min_tile_covering_grid`): a landscape picture gets a portrait
grid. What a model was run with is what counts, so this is kept as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from dynres_cli.geometry import Grid, Plan, Size, Surface, overview, tile_views
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.ovis2 import ATOM_TOKENS, coverings, indicators, ranked, views_and_grid
from dynres_cli.strategies.params import Params, number

COVERING_THRESHOLD = 0.9


@dataclass(frozen=True, slots=True)
class Ovis2HFParams(Params):
    """The processor's own parameters; `image_size` is both sides of its `size`."""

    image_size: int = number(448, 14, 4096)
    max_patches: int = number(9, 1, 400)


def plan(size: Size, params: Ovis2HFParams) -> Plan:
    """The whole picture squashed to one tile first, then the tiles; a single tile stands alone."""
    grid = candidates(size, params)[0].grid
    tile = Size(params.image_size, params.image_size)
    if grid.tiles == 1:
        return Plan(grid, (Surface(tile),), tile_views(0, grid, tile))
    canvas = Surface(grid.times(params.image_size))
    return Plan(grid, (Surface(tile), canvas), (overview(0, tile), *tile_views(1, grid, tile)))


def tokens(_size: Size, _params: Ovis2HFParams, plan: Plan) -> int:
    """256 for every view; the marks between them come on top, in the prompt."""
    return ATOM_TOKENS * plan.total


def prompt(_size: Size, _params: Ovis2HFParams, plan: Plan) -> Prompt:
    """The atoms of the whole picture, then those of the tiles with marks between columns and rows."""
    return indicators(plan)


def inputs(_size: Size, _params: Ovis2HFParams, plan: Plan) -> dict[str, Numbers]:
    """Rows and columns of tiles, as they were cut."""
    return {"grids": (plan.grid.rows, plan.grid.cols)}


def pack(_size: Size, _params: Ovis2HFParams, plan: Plan) -> dict[str, Packed]:
    """The views, and rows and columns of tiles."""
    return views_and_grid(plan)


def candidates(size: Size, params: Ovis2HFParams) -> list[Candidate]:
    """Every grid as it would be cut, best first; the distance is what it would lose the other way round."""
    found = ranked(coverings(size, params.max_patches, params.image_size), COVERING_THRESHOLD)
    return [Candidate(Grid(each.grid.rows, each.grid.cols), 1 - each.share) for each in found]


STRATEGY = Strategy(
    params=Ovis2HFParams,
    plan=plan,
    tokens=tokens,
    rule="Ovis2's grid with rows and columns exchanged, the picture stretched over it",
    overview="first, above one tile",
    keeps_aspect=False,
    reference="transformers models/ovis2 (Pillow backend)",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
)
