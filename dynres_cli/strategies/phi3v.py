"""Phi-3-vision's HD transform: the picture enlarged until it fills the crop budget, white bars, the overview first.

Follows the checkpoint's own processing_phi3_v.py (`HD_transform`, `padding_336`, `Phi3VImageProcessor`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dynres_cli.errors import NotTileable
from dynres_cli.geometry import WHITE, Grid, Plan, Point, Size, Surface, overview, tile_views
from dynres_cli.strategies.family import Numbers, Packed, Strategy
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number

SIDE = 336
TILE_TOKENS = 144
ROW_TOKENS = 12


@dataclass(frozen=True, slots=True)
class Phi3VParams(Params):
    """How many tiles a picture may have."""

    num_crops: int = number(4, 1, 400)


def columns(aspect: float, num_crops: int) -> int:
    """The largest number of columns that, with the rows it needs, stays within the budget."""
    cols = 1
    while cols * math.ceil(cols / aspect) <= num_crops:
        cols += 1
    return cols - 1


def landscape(size: Size, num_crops: int) -> Surface:
    """A picture at least as wide as high, as wide as its columns, with white above and below."""
    width = columns(size.aspect, num_crops) * SIDE
    height = int(width / size.aspect)
    if height == 0:
        msg = f"a picture of {size} at {width} pixels would be thinner than one; Phi-3's HD transform refuses it"
        raise NotTileable(msg)
    canvas = Size(width, math.ceil(height / SIDE) * SIDE)
    offset = Point(0, (canvas.height - height) // 2)
    return Surface(Size(width, height), canvas=canvas, offset=offset, fill=WHITE, filter="bilinear")


def portrait(size: Size, num_crops: int) -> Surface:
    """A picture higher than wide: the reference mirrors it on its diagonal, handles it lying and mirrors it back."""
    lying = landscape(size.transposed, num_crops)
    return Surface(
        lying.scaled.transposed,
        canvas=lying.size.transposed,
        offset=Point(lying.offset.y, lying.offset.x),
        fill=lying.fill,
        filter=lying.filter,
        first_axis="vertical",
    )


def plan(size: Size, params: Phi3VParams) -> Plan:
    """The overview, which torch makes of the normalised canvas, bars and all; then the tiles."""
    place = portrait if size.width < size.height else landscape
    canvas = place(size, params.num_crops)
    tile = Size(SIDE, SIDE)
    grid = Grid(canvas.size.width // SIDE, canvas.size.height // SIDE)
    small = Surface(tile, of=0, filter="torch-bicubic", space="normalised")
    return Plan(grid, (canvas, small), (overview(1, tile), *tile_views(0, grid, tile)))


def tokens(_size: Size, _params: Phi3VParams, plan: Plan) -> int:
    """144 for every view, a newline for each of their 12 token rows (one row of views at a time), a separator."""
    return plan.total * TILE_TOKENS + 1 + (plan.grid.rows + 1) * ROW_TOKENS


def inputs(size: Size, params: Phi3VParams, plan: Plan) -> dict[str, Numbers]:
    """Height and width of the canvas, and the tokens to reserve."""
    canvas = plan.grid.times(SIDE)
    return {"image_sizes": (canvas.height, canvas.width), "num_img_tokens": tokens(size, params, plan)}


def pack(size: Size, params: Phi3VParams, plan: Plan) -> dict[str, Packed]:
    """The views, filled up with zeros to the crop budget and the overview; the canvas's height and width."""
    canvas = plan.grid.times(SIDE)
    return {
        "pixel_values": PixelArray(pad_to=(params.num_crops + 1,), lead=1),
        "image_sizes": NumberArray(((canvas.height, canvas.width),)),
        "num_img_tokens": NumberArray((tokens(size, params, plan),)),
    }


STRATEGY = Strategy(
    params=Phi3VParams,
    plan=plan,
    tokens=tokens,
    rule="as many columns as the crop budget allows, the picture enlarged to them, white bars",
    overview="first, made of the padded canvas",
    keeps_aspect=True,
    reference="microsoft/Phi-3.5-vision-instruct processing_phi3_v.py",
    inputs=inputs,
    pack=pack,
    float_views=True,
)
