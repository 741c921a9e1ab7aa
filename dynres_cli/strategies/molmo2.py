"""Molmo2: the whole picture first, then overlapping crops of one canvas, both stretched and not padded.

Follows transformers, molmo2 (`Molmo2ImageProcessor`, `Molmo2Processor`), as of version 5.23.
"""

from __future__ import annotations

from dataclasses import dataclass

from dynres_cli.geometry import Plan, Size, Surface, overview
from dynres_cli.strategies.family import Numbers, Prompt
from dynres_cli.strategies.molmo import (
    MolmoParams,
    best_grid,
    candidates,
    canvas_of,
    overlapping_tiles,
    pooled_shape,
    rows_of,
)
from dynres_cli.strategies.params import number

__all__ = ["Molmo2Params", "candidates", "inputs", "plan", "prompt", "tokens"]


@dataclass(frozen=True, slots=True)
class Molmo2Params(MolmoParams):
    """Molmo's parameters with a larger crop and fewer of them."""

    image_size: int = number(378, 14, 4096)
    max_crops: int = number(8, 1, 1000)


def plan(size: Size, params: Molmo2Params) -> Plan:
    """The whole picture squashed to one crop first, then the overlapping crops of the stretched canvas."""
    square, grid = Size(params.image_size, params.image_size), best_grid(size, params)
    surfaces = (
        Surface(square, filter="torch-bilinear"),
        Surface(canvas_of(grid, params), filter="torch-bilinear"),
    )
    return Plan(grid, surfaces, (overview(0, square), *overlapping_tiles(1, grid, params)))


def prompt(_size: Size, params: Molmo2Params, plan: Plan) -> Prompt:
    """The whole picture's rows between their own start and an end, then the canvas's."""
    whole, canvas = rows_of(params.pooled, params.pooled), rows_of(*pooled_shape(plan, params))
    return (("<low_res_im_start>", 1), *whole, ("<im_end>", 1), ("<im_start>", 1), *canvas, ("<im_end>", 1))


def tokens(size: Size, params: Molmo2Params, plan: Plan) -> int:
    """Everything the placeholder holds."""
    return sum(count for _, count in prompt(size, params, plan))


def inputs(_size: Size, params: Molmo2Params, plan: Plan) -> dict[str, Numbers]:
    """Rows and columns of tokens of the whole picture and of the canvas, and how many views there are."""
    return {
        "image_grids": (params.pooled, params.pooled, *pooled_shape(plan, params)),
        "image_num_crops": plan.total,
    }
