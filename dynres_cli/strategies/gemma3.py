"""Gemma 3: the whole picture squashed to a square; with pan and scan also a few crops along its longer side.

Follows transformers, models/gemma3 (`pan_and_scan`). The crops are cut from the picture itself and each is squashed to
the same square.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dynres_cli.errors import NotTileable
from dynres_cli.geometry import Box, Grid, Plan, Size, Surface, View, overview, whole
from dynres_cli.strategies.family import Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number

TOKENS_PER_VIEW = 256


@dataclass(frozen=True, slots=True)
class Gemma3Params(Params):
    """Gemma 3's own parameters; its processor leaves pan and scan off unless asked."""

    image_size: int = number(896, 14, 4096)
    do_pan_and_scan: bool = False
    pan_and_scan_min_crop_size: int = number(256, 1, 65_536)
    pan_and_scan_max_num_crops: int = number(4, 1, 256)
    pan_and_scan_min_ratio_to_activate: float = number(1.2, 0.0, 1000.0)


def crop_count(size: Size, params: Gemma3Params) -> int:
    """How many crops lie along the longer side; 0 where the picture is too square, or the crops would be too small."""
    longer, shorter = max(size.width, size.height), min(size.width, size.height)
    if longer / shorter < params.pan_and_scan_min_ratio_to_activate:
        return 0
    nearest = math.floor(longer / shorter + 0.5)
    large_enough = longer // params.pan_and_scan_min_crop_size
    count = min(max(min(large_enough, nearest), 2), params.pan_and_scan_max_num_crops)
    too_small = min(math.ceil(longer / count), shorter) < params.pan_and_scan_min_crop_size
    return 0 if too_small else count


def crop_boxes(size: Size, grid: Grid) -> list[Box]:
    """The crops of a grid with one row or one column; all are as long as the first, but the last may be shorter."""
    width, height = math.ceil(size.width / grid.cols), math.ceil(size.height / grid.rows)
    boxes = [
        Box(left, top, min(left + width, size.width), min(top + height, size.height))
        for top in range(0, grid.rows * height, height)
        for left in range(0, grid.cols * width, width)
    ]
    if boxes[-1].left >= size.width or boxes[-1].top >= size.height:
        msg = (
            f"{grid.tiles} crops of {width}×{height} leave nothing of {size} for the last one; Gemma 3 cannot resize it"
        )
        raise NotTileable(msg)
    return boxes


def plan(size: Size, params: Gemma3Params) -> Plan:
    """The whole picture first, then its crops from left to right or from top to bottom."""
    square = Size(params.image_size, params.image_size)
    entire = Surface(square, filter="bilinear")
    count = crop_count(size, params) if params.do_pan_and_scan else 0
    if count == 0:
        return Plan(Grid(1, 1), (entire,), (View(0, whole(square)),))
    wide = size.width >= size.height
    grid = Grid(count, 1) if wide else Grid(1, count)
    crops = tuple(Surface(square, region=box, filter="bilinear") for box in crop_boxes(size, grid))
    tiles = tuple(
        View(place + 1, whole(square), row=0 if wide else place, col=place if wide else 0) for place in range(count)
    )
    return Plan(grid, (entire, *crops), (overview(0, square), *tiles))


def tokens(_size: Size, _params: Gemma3Params, plan: Plan) -> int:
    """256 for every view."""
    return plan.total * TOKENS_PER_VIEW


def prompt(_size: Size, _params: Gemma3Params, plan: Plan) -> Prompt:
    """The placeholder of one view, or the processor's sentence that introduces the crops."""
    view: Prompt = (
        ("\n\n<start_of_image>", 1),
        ("<image_soft_token>", TOKENS_PER_VIEW),
        ("<end_of_image>\n\n", 1),
    )
    if not plan.thumbnail:
        return view
    introduced: Prompt = (
        ("Here is the original image ", 1),
        *view,
        (" and here are some crops to help you see better ", 1),
        *view,
    )
    further: Prompt = ((" ", 1), *view)
    return introduced + further * (plan.tiles - 1)


def inputs(_size: Size, _params: Gemma3Params, plan: Plan) -> dict[str, Numbers]:
    """How many crops follow the picture itself."""
    return {"num_crops": plan.tiles if plan.thumbnail else 0}


def pack(size: Size, params: Gemma3Params, plan: Plan) -> dict[str, Packed]:
    """All views in one array, and how many of them are crops."""
    return {"pixel_values": PixelArray(), "num_crops": NumberArray((inputs(size, params, plan)["num_crops"],))}


STRATEGY: Strategy[Gemma3Params] = Strategy(
    params=Gemma3Params,
    plan=plan,
    tokens=tokens,
    rule="the whole picture squashed to a square; pan and scan adds crops along the longer side",
    overview="first, with crops",
    keeps_aspect=False,
    reference="transformers models/gemma3 (Pillow backend)",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
)
