"""NVILA: InternVL's grid and thumbnail, or squares of growing scale before the last and largest grid.

Follows NVlabs/VILA, llava/mm_utils.py (`dynamic_preprocess`, `dynamic_s2_preprocess`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from dynres_cli.errors import UsageError
from dynres_cli.geometry import Grid, Plan, Size, Surface, View, tile_views
from dynres_cli.strategies import internvl
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Strategy
from dynres_cli.strategies.internvl import candidate_grids, closest_grid, stretched
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, choice, number, ordered


@dataclass(frozen=True, slots=True)
class NVILAParams(Params):
    """`dynamic` takes min_num and thumbnail, `dynamic_s2` the scales: their ratio squared is its smallest grid."""

    image_size: int = number(448, 14, 4096)
    min_num: int = number(1, 1, 1000)
    max_num: int = number(12, 1, 1000)
    thumbnail: bool = True
    image_aspect_ratio: str = choice("dynamic", "dynamic", "dynamic_s2")
    s2_scales: str = "448,896,1344"
    downsample: int = number(2, 1, 8)
    """How many patches, along each side, become one token."""

    def __post_init__(self) -> None:
        Params.__post_init__(self)
        ordered("min_num", self.min_num, "max_num", self.max_num)
        multiples = scale_multiples(self.s2_scales)
        if self.image_aspect_ratio == "dynamic_s2":
            ordered("the last of s2_scales squared", multiples[-1] ** 2, "max_num", self.max_num)


@lru_cache(maxsize=64)
def scale_multiples(s2_scales: str) -> tuple[int, ...]:
    """Each scale over the first, in whole numbers; a list that does not grow from its first is refused."""
    words = s2_scales.split(",")
    scales = [int(word) for word in words if word.strip().isdecimal()]
    if len(scales) < len(words) or scales != sorted(set(scales)) or scales[0] < 1:
        msg = f"s2_scales={s2_scales} is not a list of growing sides; write it as 448,896,1344"
        raise UsageError(msg)
    return tuple(scale // scales[0] for scale in scales)


def plan(size: Size, params: NVILAParams) -> Plan:
    """InternVL's plan, or that of the scales."""
    if params.image_aspect_ratio == "dynamic_s2":
        return scaled_plan(size, params)
    grid = closest_grid(size, candidate_grids(params.min_num, params.max_num), params.image_size)
    return stretched(grid, params.image_size, thumbnail=params.thumbnail)


def scaled_plan(size: Size, params: NVILAParams) -> Plan:
    """The tiles of every square, layers 1 and up, then those of the grid nearest to the aspect ratio, layer 0."""
    *squares, last = scale_multiples(params.s2_scales)
    grid = closest_grid(size, candidate_grids(last**2, params.max_num), params.image_size)
    tile = Size(params.image_size, params.image_size)
    grids = [*(Grid(side, side) for side in squares), grid]
    surfaces = tuple(Surface(each.times(params.image_size)) for each in grids)
    views: list[View] = []
    for index, each in enumerate(grids):
        views += tile_views(index, each, tile, layer=(index + 1) % len(grids))
    return Plan(grid, surfaces, tuple(views))


def tokens(_size: Size, params: NVILAParams, plan: Plan) -> int:
    """The projector joins a tile's patches by squares, the last ones padded; the scales share the last one's tiles."""
    shown = plan.grid.tiles if params.image_aspect_ratio == "dynamic_s2" else plan.total
    return shown * math.ceil(params.image_size // 14 / params.downsample) ** 2


def inputs(_size: Size, params: NVILAParams, plan: Plan) -> dict[str, Numbers]:
    """Rows and columns of the last scale, by which the model puts its features together again."""
    if params.image_aspect_ratio == "dynamic_s2":
        return {"block_sizes": (plan.grid.rows, plan.grid.cols)}
    return {"num_patches": plan.total}


def pack(_size: Size, params: NVILAParams, plan: Plan) -> dict[str, Packed]:
    """All views in one array, and the last scale's rows and columns."""
    if params.image_aspect_ratio == "dynamic_s2":
        return {"pixel_values": PixelArray(), "block_sizes": NumberArray(((plan.grid.rows, plan.grid.cols),))}
    return {"pixel_values": PixelArray()}


def candidates(size: Size, params: NVILAParams) -> list[Candidate]:
    """Every grid that was compared, nearest first."""
    scaled = params.image_aspect_ratio == "dynamic_s2"
    smallest = scale_multiples(params.s2_scales)[-1] ** 2 if scaled else params.min_num
    return internvl.candidates(size, internvl.InternVLParams(params.image_size, smallest, params.max_num))


STRATEGY: Strategy[NVILAParams] = Strategy(
    params=NVILAParams,
    plan=plan,
    tokens=tokens,
    rule="InternVL's grid; with dynamic_s2 squares of growing scale, then a large grid",
    overview="last, above one tile; never with dynamic_s2",
    keeps_aspect=False,
    reference="NVlabs/VILA llava/mm_utils.py",
    inputs=inputs,
    pack=pack,
    candidates=candidates,
)
