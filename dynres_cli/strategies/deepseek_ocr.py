"""DeepSeek-OCR, its "Gundam" mode: the whole page padded to a large square, and InternVL's tiles for larger pages.

Follows deepseek-ai/DeepSeek-OCR, DeepSeek-OCR-vllm/process/image_process.py (`dynamic_preprocess`,
`tokenize_with_images`) and config.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dynres_cli.geometry import Grid, Plan, Size, Surface, overview, tile_views
from dynres_cli.strategies.deepseek_vl2 import padded
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.internvl import by_distance, candidate_grids, closest_grid
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number, ordered

UNCUT_SIDE = 640
"""A literal of the reference: it does not follow `image_size`."""


@dataclass(frozen=True, slots=True)
class DeepSeekOCRParams(Params):
    """The reference's configuration; without `crop_mode` the padded page is all that is shown."""

    base_size: int = number(1024, 64, 4096)
    image_size: int = number(640, 64, 4096)
    min_crops: int = number(2, 1, 1000)
    max_crops: int = number(6, 1, 1000)
    crop_mode: bool = True

    def __post_init__(self) -> None:
        Params.__post_init__(self)
        ordered("min_crops", self.min_crops, "max_crops", self.max_crops)


def chosen_grid(size: Size, params: DeepSeekOCRParams) -> Grid:
    """InternVL's grid, or a single one for a small page."""
    small = size.width <= UNCUT_SIDE and size.height <= UNCUT_SIDE
    if small or not params.crop_mode:
        return Grid(1, 1)
    return closest_grid(size, candidate_grids(params.min_crops, params.max_crops), params.image_size)


def plan(size: Size, params: DeepSeekOCRParams) -> Plan:
    """The padded page first, then the tiles of the stretched one; a small page is padded and has no tiles."""
    base = Size(params.base_size, params.base_size)
    grid = chosen_grid(size, params)
    if grid.tiles == 1:
        return _lone(size, params, base)
    tile = Size(params.image_size, params.image_size)
    surfaces = (padded(size, base), Surface(grid.times(params.image_size)))
    return Plan(grid, surfaces, (overview(0, base), *tile_views(1, grid, tile)))


def _lone(size: Size, params: DeepSeekOCRParams, base: Size) -> Plan:
    """The padded page alone; the small modes without crops stretch it to a square before."""
    if not params.crop_mode and params.image_size <= UNCUT_SIDE:
        square = Size(params.image_size, params.image_size)
        surfaces: tuple[Surface, ...] = (Surface(square), padded(square, base, of=0))
    else:
        surfaces = (padded(size, base),)
    return Plan(Grid(1, 1), surfaces, tile_views(len(surfaces) - 1, Grid(1, 1), base))


def queries(side: int) -> int:
    """Tokens along one side: 16-pixel patches, four by four."""
    return math.ceil(side // 16 / 4)


def tokens(_size: Size, params: DeepSeekOCRParams, plan: Plan) -> int:
    """The page's tokens with a newline after each row and a separator, then the tiles' as one picture likewise."""
    base, side = queries(params.base_size), queries(params.image_size)
    local = plan.grid.rows * side * (plan.grid.cols * side + 1) if plan.thumbnail else 0
    return (base + 1) * base + 1 + local


def prompt(size: Size, params: DeepSeekOCRParams, plan: Plan) -> Prompt:
    """One placeholder for every token."""
    return (("<image>", tokens(size, params, plan)),)


def inputs(_size: Size, _params: DeepSeekOCRParams, plan: Plan) -> dict[str, Numbers]:
    """Columns and rows of tiles; (1, 1) says that there are none."""
    return {"images_spatial_crop": (plan.grid.cols, plan.grid.rows)}


def pack(_size: Size, params: DeepSeekOCRParams, plan: Plan) -> dict[str, Packed]:
    """The page, the tiles under an axis for the batch (one of zeros if there are none), and their columns and rows."""
    side = params.image_size
    tiles = PixelArray("tile", lead=1) if plan.thumbnail else NumberArray(0.0, "float32", (1, 1, 3, side, side))
    return {
        "pixel_values": PixelArray("overview" if plan.thumbnail else "tile"),
        "images_crop": tiles,
        "images_spatial_crop": NumberArray(((plan.grid.cols, plan.grid.rows),)),
    }


def candidates(size: Size, params: DeepSeekOCRParams) -> list[Candidate]:
    """Every grid, nearest aspect ratio first; a page that is not cut has one, itself."""
    if chosen_grid(size, params).tiles == 1:
        return [Candidate(Grid(1, 1), 0.0)]
    grids = candidate_grids(params.min_crops, params.max_crops)
    return by_distance(size, grids)


STRATEGY = Strategy(
    params=DeepSeekOCRParams,
    plan=plan,
    tokens=tokens,
    rule="the grid nearest to a large page's aspect ratio, stretched over it; small pages are not cut",
    overview="first, with tiles; padded with grey",
    keeps_aspect=False,
    reference="deepseek-ai/DeepSeek-OCR DeepSeek-OCR-vllm/process/image_process.py",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
    equal_views=False,
)
