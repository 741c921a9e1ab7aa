"""DeepSeek-OCR-2: the whole page fitted into a grey square, and InternVL's tiles for pages larger than a tile.

Follows transformers, deepseek_ocr2 (`DeepseekOcr2ImageProcessorPil`, `DeepseekOcr2Processor.replace_image_token`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dynres_cli.errors import NotTileable
from dynres_cli.geometry import Grid, Plan, Point, Size, Surface, overview, tile_views
from dynres_cli.strategies.deepseek_vl2 import GREY
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.got_ocr2 import candidate_grids
from dynres_cli.strategies.internvl import by_distance, closest_grid
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number, ordered


@dataclass(frozen=True, slots=True)
class DeepSeekOCR2Params(Params):
    """The processor's own parameters; `size` is the side of the whole page's square, and of a tile if not cut."""

    size: int = number(1024, 64, 4096)
    tile_size: int = number(768, 64, 4096)
    min_patches: int = number(2, 1, 1000)
    max_patches: int = number(6, 1, 1000)
    crop_to_patches: bool = True

    def __post_init__(self) -> None:
        Params.__post_init__(self)
        ordered("min_patches", self.min_patches, "max_patches", self.max_patches)


def fitted(size: Size, side: int) -> Surface:
    """The page with its longer side at `side`, in the middle of a grey square; an odd margin is larger at its end."""
    scale = side / max(size.width, size.height)
    width, height = round(size.width * scale), round(size.height * scale)
    if width == 0 or height == 0:
        msg = f"a page of {size} fitted into {side}×{side} would be thinner than one pixel; the processor refuses it"
        raise NotTileable(msg)
    offset = Point((side - width) // 2, (side - height) // 2)
    return Surface(Size(width, height), canvas=Size(side, side), offset=offset, fill=GREY)


def is_cut(size: Size, params: DeepSeekOCR2Params) -> bool:
    """Whether the page is larger than a tile."""
    return params.crop_to_patches and max(size.width, size.height) > params.tile_size


def plan(size: Size, params: DeepSeekOCR2Params) -> Plan:
    """The whole page first, then the tiles of the stretched one; a small page has no tiles."""
    side = params.size if params.crop_to_patches else params.tile_size
    page = fitted(size, side)
    if not is_cut(size, params):
        return Plan(Grid(1, 1), (page,), tile_views(0, Grid(1, 1), page.size))
    grid = closest_grid(size, candidate_grids(params.min_patches, params.max_patches), params.tile_size)
    tiles = tile_views(1, grid, Size(params.tile_size, params.tile_size))
    return Plan(grid, (page, Surface(grid.times(params.tile_size))), (overview(0, page.size), *tiles))


def local_patches(plan: Plan) -> int:
    """How many tiles stand beside the whole page; a lone page is not one of them."""
    return plan.tiles if plan.thumbnail else 0


def queries(side: int) -> int:
    """Tokens of a square: 16-pixel patches, four by four."""
    return math.ceil(side / 16 / 4) ** 2


def tokens(_size: Size, params: DeepSeekOCR2Params, plan: Plan) -> int:
    """The whole page's tokens, those of the tiles, and a separator."""
    return queries(params.size) + queries(params.tile_size) * local_patches(plan) + 1


def prompt(size: Size, params: DeepSeekOCR2Params, plan: Plan) -> Prompt:
    """One placeholder for every token."""
    return (("<image>", tokens(size, params, plan)),)


def inputs(_size: Size, _params: DeepSeekOCR2Params, plan: Plan) -> dict[str, Numbers]:
    """How many tiles belong to the picture."""
    return {"num_local_patches": local_patches(plan)}


def pack(_size: Size, _params: DeepSeekOCR2Params, plan: Plan) -> dict[str, Packed]:
    """The page, and the tiles beside it if there are any."""
    count: dict[str, Packed] = {"num_local_patches": NumberArray((local_patches(plan),))}
    if not plan.thumbnail:
        return count | {"pixel_values": PixelArray()}
    return count | {"pixel_values": PixelArray("overview"), "pixel_values_local": PixelArray("tile")}


def candidates(size: Size, params: DeepSeekOCR2Params) -> list[Candidate]:
    """Every grid, nearest aspect ratio first; a page that is not cut has one, itself."""
    if not is_cut(size, params):
        return [Candidate(Grid(1, 1), 0.0)]
    grids = candidate_grids(params.min_patches, params.max_patches)
    return by_distance(size, grids)


STRATEGY = Strategy(
    params=DeepSeekOCR2Params,
    plan=plan,
    tokens=tokens,
    rule="the grid nearest to a large page's aspect ratio, stretched over it; small pages are not cut",
    overview="first, with tiles; padded with grey",
    keeps_aspect=False,
    reference="transformers models/deepseek_ocr2 (Pillow backend)",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
    equal_views=False,
)
