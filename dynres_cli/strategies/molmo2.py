"""Molmo2: the whole picture first, then overlapping crops of one canvas, both stretched and not padded.

Follows transformers, molmo2 (`Molmo2ImageProcessor`, `Molmo2Processor`), as of version 5.23.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dynres_cli.geometry import Plan, Size, Surface, overview
from dynres_cli.strategies.family import Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.molmo import (
    MolmoParams,
    best_grid,
    candidates,
    canvas_of,
    overlapping_tiles,
    pooled_shape,
    rows_of,
)
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import number

__all__ = ["Molmo2Params", "candidates", "inputs", "pack", "plan", "prompt", "tokens"]


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


def pack(_size: Size, params: Molmo2Params, plan: Plan) -> dict[str, Packed]:
    """Each view as a row of patches, the patches of each token, and the two shapes of tokens."""
    patch = params.patch_size
    stated: dict[str, Packed] = {
        "pixel_values": PixelArray(pattern="c (h p) (w q) -> (h w) (p q c)", lengths={"p": patch, "q": patch}),
        "image_token_pooling": NumberArray(pooled_patches(params, plan), "int32"),
    }
    shapes = (params.pooled, params.pooled, *pooled_shape(plan, params))
    return {**stated, "image_grids": NumberArray((shapes,)), "image_num_crops": NumberArray((plan.total,))}


def pooled_patches(params: Molmo2Params, plan: Plan) -> tuple[tuple[int, ...], ...]:
    """For each token the numbers of the patches it joins, row by row through all views; -1 where there is none."""
    side, canvas = params.image_size // params.patch_size, plan.surfaces[1].size
    cols = plan.grid.cols

    def in_crops(row: int, col: int) -> int:
        down, right = crop_showing(row, plan.grid.rows, params), crop_showing(col, cols, params)
        step = params.window // params.patch_size
        return ((down * cols + right + 1) * side + row - down * step) * side + col - right * step

    rows_shown, cols_shown = canvas.height // params.patch_size, canvas.width // params.patch_size
    whole = joined(side, side, params.pooling, lambda row, col: row * side + col)
    return (*whole, *joined(rows_shown, cols_shown, params.pooling, in_crops))


def crop_showing(patch: int, crops: int, params: Molmo2Params) -> int:
    """Which crop along an axis shows a patch of the canvas outside the margins that it shares."""
    return min(max(0, (patch - params.margin) // (params.window // params.patch_size)), crops - 1)


def joined(rows: int, cols: int, pooling: int, numbered: Callable[[int, int], int]) -> Iterator[tuple[int, ...]]:
    """Squares of patches row by row; what they stick out is shared by both ends, the larger half at the far one."""
    high, wide = -(-rows // pooling), -(-cols // pooling)
    top, left = (high * pooling - rows) // 2, (wide * pooling - cols) // 2
    within = [(down, right) for down in range(pooling) for right in range(pooling)]
    for row in range(-top, high * pooling - top, pooling):
        for col in range(-left, wide * pooling - left, pooling):
            places = ((row + down, col + right) for down, right in within)
            yield tuple(numbered(y, x) if 0 <= y < rows and 0 <= x < cols else -1 for y, x in places)


STRATEGY: Strategy[Molmo2Params] = Strategy(
    params=Molmo2Params,
    plan=plan,
    tokens=tokens,
    rule="the grid that enlarges least, overlapping crops of the stretched picture",
    overview="first",
    keeps_aspect=False,
    reference="transformers models/molmo2 (torch)",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
)
