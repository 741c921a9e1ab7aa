"""Qwen2-VL, 2.5 and 3: no tiles; the picture snapped to whole merged patches within a budget of pixels.

Follows transformers, models/qwen2_vl (`smart_resize`), whose floor of one factor in the shrinking branch the original
qwen-vl-utils lacks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dynres_cli.errors import NotTileable
from dynres_cli.geometry import Grid, Plan, Size, Surface, View, whole
from dynres_cli.strategies.family import Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number, ordered

LARGEST_RATIO = 200


@dataclass(frozen=True, slots=True)
class Qwen2VLParams(Params):
    """The budget in pixels (the reference calls it shortest_edge and longest_edge), and how the model patches."""

    min_pixels: int = number(56 * 56, 1, 2**31)
    max_pixels: int = number(12_845_056, 1, 2**31)
    patch_size: int = number(14, 1, 256)
    merge_size: int = number(2, 1, 16)
    temporal_patch_size: int = number(2, 1, 16)

    def __post_init__(self) -> None:
        Params.__post_init__(self)
        ordered("min_pixels", self.min_pixels, "max_pixels", self.max_pixels)

    @property
    def factor(self) -> int:
        """What both sides are a multiple of: one merged patch."""
        return self.patch_size * self.merge_size


def smart_size(size: Size, params: Qwen2VLParams) -> Size:
    """Both sides rounded to the factor, then scaled together into the budget.

    The order of the divisions is the reference's: another order rounds differently.
    """
    refuse_long(size)
    factor = params.factor
    # Banker's rounding on purpose, and to 0 if it comes to that: a product of 0 is then below every budget.
    width, height = round(size.width / factor) * factor, round(size.height / factor) * factor
    if width * height > params.max_pixels:
        beta = math.sqrt(size.area / params.max_pixels)
        width = max(factor, math.floor(size.width / beta / factor) * factor)
        height = max(factor, math.floor(size.height / beta / factor) * factor)
    elif width * height < params.min_pixels:
        beta = math.sqrt(params.min_pixels / size.area)
        width = math.ceil(size.width * beta / factor) * factor
        height = math.ceil(size.height * beta / factor) * factor
    return Size(width, height)


def refuse_long(size: Size) -> None:
    """Refuse what the reference refuses: one side more than 200 times the other."""
    ratio = max(size.width, size.height) / min(size.width, size.height)
    if ratio > LARGEST_RATIO:
        msg = f"the sides of {size} have a ratio of {ratio:.6g}; Qwen2-VL takes pictures up to {LARGEST_RATIO}:1"
        raise NotTileable(msg)


def plan(size: Size, params: Qwen2VLParams) -> Plan:
    """The whole picture, stretched to its snapped size."""
    snapped = smart_size(size, params)
    return Plan(Grid(1, 1), (Surface(snapped),), (View(0, whole(snapped)),))


def patch_grid(params: Qwen2VLParams, plan: Plan) -> Grid:
    """How many patches, before merging, stand side by side and on top of each other."""
    size = plan.surfaces[0].size
    return Grid(size.width // params.patch_size, size.height // params.patch_size)


def tokens(_size: Size, params: Qwen2VLParams, plan: Plan) -> int:
    """One for every merged patch."""
    return patch_grid(params, plan).tiles // params.merge_size**2


def prompt(size: Size, params: Qwen2VLParams, plan: Plan) -> Prompt:
    """The placeholder that the chat template puts for one picture."""
    return (("<|vision_start|>", 1), ("<|image_pad|>", tokens(size, params, plan)), ("<|vision_end|>", 1))


def inputs(_size: Size, params: Qwen2VLParams, plan: Plan) -> dict[str, Numbers]:
    """Frames, rows and columns of patches."""
    grid = patch_grid(params, plan)
    return {"image_grid_thw": (1, grid.rows, grid.cols)}


def pack(size: Size, params: Qwen2VLParams, plan: Plan) -> dict[str, Packed]:
    """One row of numbers a patch: patches that merge stand together, and a picture is a film of equal frames."""
    patch, merge = params.patch_size, params.merge_size
    lengths = {"p": patch, "q": patch, "m": merge, "n": merge, "t": params.temporal_patch_size}
    return {
        "pixel_values": PixelArray(
            pattern="c (rows m p) (cols n q) -> (rows cols m n) (c t p q)", lengths=lengths, join="first"
        ),
        "image_grid_thw": NumberArray((inputs(size, params, plan)["image_grid_thw"],)),
    }


STRATEGY: Strategy[Qwen2VLParams] = Strategy(
    params=Qwen2VLParams,
    plan=plan,
    tokens=tokens,
    rule="no tiles: both sides snapped to whole merged patches within a budget of pixels",
    overview="never",
    keeps_aspect=False,
    reference="transformers models/qwen2_vl (Pillow backend)",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    equal_views=False,
)
