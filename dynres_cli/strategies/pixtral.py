"""Pixtral and Mistral Small 3.1: no tiles; the picture within a longest edge, stretched to whole patches.

Follows transformers, models/pixtral (`get_resize_output_image_size`), which rounds down where mistral-common rounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dynres_cli.errors import NotTileable
from dynres_cli.geometry import Grid, Plan, Size, Surface, View, whole
from dynres_cli.strategies.family import Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number


@dataclass(frozen=True, slots=True)
class PixtralParams(Params):
    """The longest edge, and the side of what becomes one token: a patch, or merged patches."""

    longest_edge: int = number(1024, 1, 16_384)
    patch_size: int = number(16, 1, 256)


def token_grid(size: Size, params: PixtralParams) -> Grid:
    """How many patches cover the picture once it is within the longest edge."""
    ratio = max(size.height / params.longest_edge, size.width / params.longest_edge)
    width, height = size.width, size.height
    if ratio > 1:
        width, height = math.floor(width / ratio), math.floor(height / ratio)
    if width == 0 or height == 0:
        msg = f"a picture of {size} shrinks to nothing within {params.longest_edge} pixels; Pixtral cannot resize it"
        raise NotTileable(msg)
    return Grid((width - 1) // params.patch_size + 1, (height - 1) // params.patch_size + 1)


def plan(size: Size, params: PixtralParams) -> Plan:
    """The whole picture, stretched to whole patches."""
    snapped = token_grid(size, params).times(params.patch_size)
    return Plan(Grid(1, 1), (Surface(snapped),), (View(0, whole(snapped)),))


def tokens(size: Size, params: PixtralParams, _plan: Plan) -> int:
    """One for every patch, and one more to end each row."""
    grid = token_grid(size, params)
    return grid.rows * (grid.cols + 1)


def prompt(size: Size, params: PixtralParams, _plan: Plan) -> Prompt:
    """A run for every row with a break after it; the last break is the end."""
    grid = token_grid(size, params)
    row: Prompt = (("[IMG]", grid.cols), ("[IMG_BREAK]", 1))
    return (*(row * grid.rows)[:-1], ("[IMG_END]", 1))


def inputs(_size: Size, _params: PixtralParams, plan: Plan) -> dict[str, Numbers]:
    """Height and width of the picture that the model is given."""
    shown = plan.surfaces[0].size
    return {"image_sizes": (shown.height, shown.width)}


def pack(size: Size, params: PixtralParams, plan: Plan) -> dict[str, Packed]:
    """The picture, and its height and width, by which a batch's padding is told from it."""
    return {"pixel_values": PixelArray(), "image_sizes": NumberArray((inputs(size, params, plan)["image_sizes"],))}


STRATEGY: Strategy[PixtralParams] = Strategy(
    params=PixtralParams,
    plan=plan,
    tokens=tokens,
    rule="no tiles: within the longest edge, both sides rounded up to whole patches",
    overview="never",
    keeps_aspect=False,
    reference="transformers models/pixtral (Pillow backend)",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    equal_views=False,
)
