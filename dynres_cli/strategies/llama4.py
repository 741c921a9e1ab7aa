"""Llama 4: the canvas of at most sixteen tiles that enlarges least, the tiles, then the squashed whole picture.

Follows transformers, models/llama4 (`find_supported_resolutions`, `get_best_fit`, `pad_to_best_fit`), which exists for
torch alone and computes its scales in float32.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache

from dynres_cli.geometry import Grid, Plan, Size, Surface, overview, tile_views
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.mllama import fitted, least_enlarging, ranked, shrunk_to
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number

PATCH = 14
# Four patches become one token.
PATCHES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Llama4Params(Params):
    """The side of a tile, how many tiles a picture may have, and whether to enlarge as far as they allow."""

    image_size: int = number(336, PATCH, 4096)
    max_patches: int = number(16, 1, 256)
    resize_to_max_canvas: bool = False


@lru_cache(maxsize=64)
def supported_grids(max_tiles: int) -> tuple[Grid, ...]:
    """Every grid, most tiles first, but gathered by aspect ratio where a ratio was first seen."""
    by_ratio: dict[float, list[Grid]] = {}
    for tiles in range(max_tiles, 0, -1):
        for rows in range(1, tiles + 1):
            if tiles % rows == 0:
                cols = tiles // rows
                by_ratio.setdefault(rows / cols, []).append(Grid(cols, rows))
    return tuple(grid for grids in by_ratio.values() for grid in grids)


def float32(value: float) -> float:
    """The nearest float32: a quotient of whole numbers, as torch gives it."""
    (rounded,) = struct.unpack("f", struct.pack("f", value))
    return float(rounded)


def canvas_scale(size: Size, grid: Grid, side: int) -> float:
    """How much larger the picture would be on the grid's canvas, in float32."""
    return min(float32(grid.cols * side / size.width), float32(grid.rows * side / size.height))


def chosen_grid(size: Size, params: Llama4Params) -> Grid:
    """The grid that enlarges least; with resize_to_max_canvas the one that enlarges most."""
    grids = supported_grids(params.max_patches)
    scales = [canvas_scale(size, grid, params.image_size) for grid in grids]
    if not params.resize_to_max_canvas:
        return least_enlarging(grids, scales)
    largest = max(scales)
    return min(
        (grid for grid, scale in zip(grids, scales, strict=True) if scale == largest), key=lambda grid: grid.tiles
    )


def plan(size: Size, params: Llama4Params) -> Plan:
    """The picture at the top left of its canvas, black to the right and below; above one tile the whole comes last."""
    grid = chosen_grid(size, params)
    tile, canvas = Size(params.image_size, params.image_size), grid.times(params.image_size)
    scaled = shrunk_to(size, canvas) if params.resize_to_max_canvas else fitted(size, canvas, params.image_size)
    surface = Surface(scaled, canvas=canvas, filter="bilinear")
    tiles = tile_views(0, grid, tile)
    if grid.tiles == 1:
        return Plan(grid, (surface,), tiles)
    return Plan(grid, (surface, Surface(tile, filter="bilinear")), (*tiles, overview(1, tile)))


def tokens_per_view(params: Llama4Params) -> int:
    """A quarter of a tile's 14-pixel patches: 144 at 336 pixels."""
    return (params.image_size // PATCH) ** 2 // PATCHES_PER_TOKEN


def tokens(_size: Size, params: Llama4Params, plan: Plan) -> int:
    """The patches of all views; the prompt has separators beside them."""
    return plan.total * tokens_per_view(params)


def prompt(_size: Size, params: Llama4Params, plan: Plan) -> Prompt:
    """Tiles with separators between columns and after rows, then the whole picture."""
    patches = ("<|patch|>", tokens_per_view(params))
    row: Prompt = (*((patches, ("<|tile_x_separator|>", 1)) * plan.grid.cols)[:-1], ("<|tile_y_separator|>", 1))
    rows = row * plan.grid.rows if plan.thumbnail else ()
    return (("<|image_start|>", 1), *rows, ("<|image|>", 1), patches, ("<|image_end|>", 1))


def inputs(_size: Size, _params: Llama4Params, plan: Plan) -> dict[str, Numbers]:
    """Rows and columns of tiles."""
    return {"aspect_ratios": (plan.grid.rows, plan.grid.cols)}


def pack(size: Size, params: Llama4Params, plan: Plan) -> dict[str, Packed]:
    """All views in one array, and the grid."""
    return {"pixel_values": PixelArray(), "aspect_ratios": NumberArray((inputs(size, params, plan)["aspect_ratios"],))}


def candidates(size: Size, params: Llama4Params) -> list[Candidate]:
    """Every grid, best first: those that enlarge come before those that shrink; the distance is from scale 1.

    With resize_to_max_canvas the distance is from the largest scale.
    """
    scaled = [(grid, canvas_scale(size, grid, params.image_size)) for grid in supported_grids(params.max_patches)]
    if not params.resize_to_max_canvas:
        return ranked(scaled)
    largest = max(scale for _grid, scale in scaled)
    most_first = sorted(scaled, key=lambda pair: (-pair[1], pair[0].tiles))
    return [Candidate(grid, largest - scale) for grid, scale in most_first]


STRATEGY: Strategy[Llama4Params] = Strategy(
    params=Llama4Params,
    plan=plan,
    tokens=tokens,
    rule="the canvas that enlarges least, the picture fitted in at the top left on black",
    overview="last, above one tile",
    keeps_aspect=True,
    reference="transformers models/llama4 (torch)",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
)
