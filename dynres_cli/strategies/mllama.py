"""Llama 3.2 Vision: the canvas of at most four tiles that enlarges least, the picture at its top left; no overview.

Follows transformers, models/mllama (`get_optimal_tiled_canvas`, `get_image_size_fit_to_canvas`), which writes its
aspect ratios as (rows, columns) although it calls them (width, height).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from dynres_cli.geometry import Grid, Plan, Size, Surface, tile_views
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number

PATCH = 14


@dataclass(frozen=True, slots=True)
class MllamaParams(Params):
    """The side of a tile, and how many tiles a picture may have."""

    image_size: int = number(560, PATCH, 4096)
    max_image_tiles: int = number(4, 1, 64)


@lru_cache(maxsize=64)
def supported_grids(max_tiles: int) -> tuple[Grid, ...]:
    """Every grid of at most this many tiles, rows outermost; its place in the list is the model's id, less one."""
    return tuple(Grid(cols, rows) for rows in range(1, max_tiles + 1) for cols in range(1, max_tiles // rows + 1))


def canvas_scale(size: Size, grid: Grid, side: int) -> float:
    """How much larger the picture would be when it fills the grid's canvas on its tighter side."""
    return min(grid.cols * side / size.width, grid.rows * side / size.height)


def least_enlarging(grids: Sequence[Grid], scales: Sequence[float]) -> Grid:
    """The grid with the smallest scale that does not shrink; if all shrink, the largest scale.

    Of equal scales the grid with the fewest tiles wins, then the first.
    """
    enlarging = [scale for scale in scales if scale >= 1]
    wanted = min(enlarging) if enlarging else max(scales)
    return min(
        (grid for grid, scale in zip(grids, scales, strict=True) if scale == wanted), key=lambda grid: grid.tiles
    )


def shrunk_to(size: Size, target: Size) -> Size:
    """The largest size of the picture's shape within a target, rounded down but never to nothing."""
    scale_width, scale_height = target.width / size.width, target.height / size.height
    if scale_width < scale_height:
        return Size(target.width, min(max(math.floor(size.height * scale_width), 1), target.height))
    return Size(min(max(math.floor(size.width * scale_height), 1), target.width), target.height)


def fitted(size: Size, canvas: Size, side: int) -> Size:
    """The picture's size on the canvas: it is not enlarged beyond one tile."""
    limit = Size(min(max(size.width, side), canvas.width), min(max(size.height, side), canvas.height))
    return shrunk_to(size, limit)


def plan(size: Size, params: MllamaParams) -> Plan:
    """The picture at the top left of its canvas, black to the right and below, cut row by row."""
    side = params.image_size
    grids = supported_grids(params.max_image_tiles)
    grid = least_enlarging(grids, [canvas_scale(size, each, side) for each in grids])
    canvas = grid.times(side)
    surface = Surface(fitted(size, canvas, side), canvas=canvas, filter="bilinear")
    return Plan(grid, (surface,), tile_views(0, grid, Size(side, side)))


def tokens(_size: Size, params: MllamaParams, plan: Plan) -> int:
    """What the text attends to: the 14-pixel patches of every tile and one class embedding a tile, 1601 at 560."""
    return plan.total * ((params.image_size // PATCH) ** 2 + 1)


def prompt(_size: Size, _params: MllamaParams, _plan: Plan) -> Prompt:
    """One placeholder a picture: its features reach the text by cross-attention."""
    return (("<|image|>", 1),)


def inputs(_size: Size, params: MllamaParams, plan: Plan) -> dict[str, Numbers]:
    """The grid's id (0 is kept for a missing picture), which tiles are real, and how many there are."""
    return {
        "aspect_ratio_ids": supported_grids(params.max_image_tiles).index(plan.grid) + 1,
        "aspect_ratio_mask": tuple(int(tile < plan.total) for tile in range(params.max_image_tiles)),
        "num_tiles": plan.total,
    }


def pack(size: Size, params: MllamaParams, plan: Plan) -> dict[str, Packed]:
    """The tiles with zeros up to the most a picture may have; everything under an axis for batch and pictures."""
    told = inputs(size, params, plan)
    return {
        "pixel_values": PixelArray(pad_to=(params.max_image_tiles,), lead=2),
        "aspect_ratio_ids": NumberArray(((told["aspect_ratio_ids"],),)),
        "aspect_ratio_mask": NumberArray(((told["aspect_ratio_mask"],),)),
        "num_tiles": NumberArray(((plan.total,),)),
    }


def candidates(size: Size, params: MllamaParams) -> list[Candidate]:
    """Every grid, best first: those that enlarge come before those that shrink; the distance is from scale 1."""
    side = params.image_size
    return ranked([(grid, canvas_scale(size, grid, side)) for grid in supported_grids(params.max_image_tiles)])


def ranked(scaled: list[tuple[Grid, float]]) -> list[Candidate]:
    """Grids with their scales in the order in which the rule prefers them."""
    best_first = sorted(scaled, key=lambda pair: (pair[1] < 1, abs(pair[1] - 1), pair[0].tiles))
    return [Candidate(grid, abs(scale - 1)) for grid, scale in best_first]


STRATEGY: Strategy[MllamaParams] = Strategy(
    params=MllamaParams,
    plan=plan,
    tokens=tokens,
    rule="the canvas that enlarges least, the picture fitted in at the top left on black",
    overview="never",
    keeps_aspect=True,
    reference="transformers models/mllama (Pillow backend)",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
)
