"""Perception LM: the grid that enlarges the picture most while holding all of it, the thumbnail first.

Follows transformers, perception_lm (`PerceptionLMImageProcessor`), as of version 5.23.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from dynres_cli.geometry import Grid, Plan, Size, Surface, overview, tile_views
from dynres_cli.strategies.family import Candidate, Packed, Prompt, Strategy
from dynres_cli.strategies.packing import PixelArray
from dynres_cli.strategies.params import Params, choice, number


@dataclass(frozen=True, slots=True)
class PerceptionLMParams(Params):
    """`thumb+tile` shows the thumbnail and the tiles, `vanilla` the whole picture alone."""

    tile_size: int = number(448, 28, 4096)
    max_num_tiles: int = number(36, 1, 1000)
    vision_input_type: str = choice("thumb+tile", "thumb+tile", "vanilla")
    patch_size: int = number(14, 1, 256)
    pooling_ratio: int = number(2, 1, 16)


@lru_cache(maxsize=64)
def grids_by_aspect(max_num_tiles: int) -> dict[float, tuple[Grid, ...]]:
    """Every grid from the most tiles to one, those of one aspect ratio together where the first of them stands."""
    found: dict[float, tuple[Grid, ...]] = {}
    for tiles in range(max_num_tiles, 0, -1):
        for cols in range(1, tiles + 1):
            if tiles % cols == 0:
                grid = Grid(cols, tiles // cols)
                found[grid.aspect] = (*found.get(grid.aspect, ()), grid)
    return found


def every_grid(max_num_tiles: int) -> list[Grid]:
    """The grids in the order in which the reference looks at them."""
    return [grid for grids in grids_by_aspect(max_num_tiles).values() for grid in grids]


def holds(canvas: Size, size: Size) -> bool:
    """Whether a picture lies on a canvas without being shrunk."""
    return canvas.width >= size.width and canvas.height >= size.height


def shorter_side(size: Size, canvas: Size) -> float:
    """The shorter side of the picture fitted into a canvas: the width of an upright one, else the height.

    An upright picture's width is floored from its height and never the other way round, as the reference does.
    """
    scale = min(canvas.width / size.width, canvas.height / size.height)
    if size.aspect > 1:
        return math.floor(scale * size.width / size.aspect)
    return math.floor(scale * size.height * size.aspect) if size.aspect < 1 else scale * size.height


def holding_grid(size: Size, params: PerceptionLMParams) -> Grid | None:
    """Of the grids that hold the picture unreduced, the one that makes its shorter side longest; the last of equals."""
    best, best_side = None, -1.0
    for grid in every_grid(params.max_num_tiles):
        canvas = grid.times(params.tile_size)
        if holds(canvas, size) and shorter_side(size, canvas) >= best_side:
            best, best_side = grid, shorter_side(size, canvas)
    return best


def closest_grid(size: Size, params: PerceptionLMParams) -> Grid:
    """For a picture too large for every grid: the nearest aspect ratio not beyond its own, and the most tiles of it.

    The nearest is from 1 up for a wide picture; for an upright one it is the least different in height over width.
    """
    found = grids_by_aspect(params.max_num_tiles)
    if size.aspect >= 1:
        nearest = min((each for each in found if each <= size.aspect), key=lambda each: abs(each - size.aspect))
        return max(found[nearest], key=lambda grid: grid.cols)
    nearest = min((each for each in found if each > size.aspect), key=lambda each: abs(1 / each - 1 / size.aspect))
    return max(found[nearest], key=lambda grid: grid.rows)


def plan(size: Size, params: PerceptionLMParams) -> Plan:
    """The whole picture squashed to one tile first, then the tiles of the stretched picture, even if it is one."""
    tile = Size(params.tile_size, params.tile_size)
    if params.vision_input_type == "vanilla":
        return Plan(Grid(1, 1), (Surface(tile),), tile_views(0, Grid(1, 1), tile))
    grid = Grid(1, 1) if params.max_num_tiles == 1 else holding_grid(size, params) or closest_grid(size, params)
    canvas = Surface(grid.times(params.tile_size))
    return Plan(grid, (Surface(tile), canvas), (overview(0, tile), *tile_views(1, grid, tile)))


def tokens(_size: Size, params: PerceptionLMParams, plan: Plan) -> int:
    """The pooled patches of every view: 256 at 448 pixels."""
    return plan.total * (params.tile_size // params.patch_size // params.pooling_ratio) ** 2


def prompt(size: Size, params: PerceptionLMParams, plan: Plan) -> Prompt:
    """The placeholder for one picture."""
    return (("<|image|>", tokens(size, params, plan)),)


def pack(_size: Size, _params: PerceptionLMParams, _plan: Plan) -> dict[str, Packed]:
    """The views under an axis for the batch."""
    return {"pixel_values": PixelArray(lead=1)}


def candidates(size: Size, params: PerceptionLMParams) -> list[Candidate]:
    """The grids that were compared, best first; the distance is in pixels of the shorter side, or in aspect ratio."""
    if params.vision_input_type == "vanilla" or params.max_num_tiles == 1:
        return [Candidate(Grid(1, 1), 0.0)]
    return by_shorter_side(size, params) if holding_grid(size, params) else by_aspect(size, params)


def by_shorter_side(size: Size, params: PerceptionLMParams) -> list[Candidate]:
    """Every grid by what its shorter side lacks of the longest, those that shrink the picture last."""
    # From the last one, and sorted stably below: of equals the last one wins.
    canvases = [(grid, grid.times(params.tile_size)) for grid in reversed(every_grid(params.max_num_tiles))]
    sides = [(grid, shorter_side(size, canvas), holds(canvas, size)) for grid, canvas in canvases]
    longest = max(side for _grid, side, held in sides if held)
    best_first = sorted(sides, key=lambda each: (not each[2], -each[1]))
    return [Candidate(grid, longest - side) for grid, side, _held in best_first]


def by_aspect(size: Size, params: PerceptionLMParams) -> list[Candidate]:
    """The grids not beyond the picture's aspect ratio by their difference from it, of equals the most tiles."""
    found = every_grid(params.max_num_tiles)
    if size.aspect >= 1:
        told = [Candidate(grid, size.aspect - grid.aspect) for grid in found if grid.aspect <= size.aspect]
    else:
        told = [Candidate(grid, 1 / size.aspect - 1 / grid.aspect) for grid in found if grid.aspect > size.aspect]
    return sorted(told, key=lambda each: (each.distance, -each.grid.tiles))


STRATEGY: Strategy[PerceptionLMParams] = Strategy(
    params=PerceptionLMParams,
    plan=plan,
    tokens=tokens,
    rule="the grid that holds the picture and makes its shorter side longest; if none does, the nearest aspect ratio",
    overview="first",
    keeps_aspect=False,
    reference="transformers models/perception_lm (torch)",
    prompt=prompt,
    pack=pack,
    candidates=candidates,
)
