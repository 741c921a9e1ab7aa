"""Phi-4-multimodal: as many tiles as the picture covers, white bars to the right or below, the overview first.

Follows transformers, phi4_multimodal (`dynamic_preprocess`), and the checkpoint's own processing_phi4mm.py, which
resizes with Pillow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dynres_cli.errors import NotTileable, UsageError
from dynres_cli.geometry import WHITE, Box, Grid, Plan, Size, Surface, overview, tile_views
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.internvl import by_distance, candidate_grids, closest_grid
from dynres_cli.strategies.packing import MaskArray, NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number

LEAST_SIDE = 10


@dataclass(frozen=True, slots=True)
class Phi4Params(Params):
    """The processor's own parameters; `image_size` is both sides of its `size`."""

    image_size: int = number(448, 28, 4096)
    dynamic_hd: int = number(36, 1, 1000)
    patch_size: int = number(14, 1, 256)

    def __post_init__(self) -> None:
        Params.__post_init__(self)
        if self.image_size % (2 * self.patch_size):
            msg = f"image_size={self.image_size} must be a multiple of two patches, {2 * self.patch_size} pixels"
            raise UsageError(msg)


def covering_grid(size: Size, side: int) -> Grid:
    """The grid that covers the picture at its own scale."""
    return Grid(math.ceil(size.width / side), math.ceil(size.height / side))


def chosen_grid(size: Size, params: Phi4Params) -> Grid:
    """The covering grid as long as it is small enough, else the one of nearest aspect ratio."""
    grid = covering_grid(size, params.image_size)
    if grid.tiles <= params.dynamic_hd:
        return grid
    return closest_grid(size, candidate_grids(1, params.dynamic_hd), params.image_size)


def scaled_size(size: Size, canvas: Size) -> Size:
    """The picture enlarged or reduced until it touches the canvas on two sides."""
    scale_width, scale_height = canvas.width / size.width, canvas.height / size.height
    if scale_width < scale_height:
        width, height = canvas.width, int(size.height * scale_width)
    else:
        width, height = int(size.width * scale_height), canvas.height
    if min(width, height) < LEAST_SIDE:
        msg = (
            f"a picture of {size} becomes {width}×{height}, and Phi-4 refuses a side under {LEAST_SIDE} pixels as too"
            " extreme an aspect ratio; crop the picture"
        )
        raise NotTileable(msg)
    return Size(width, height)


def plan(size: Size, params: Phi4Params) -> Plan:
    """The overview, which torch makes of the normalised canvas, bars and all; then the tiles."""
    grid = chosen_grid(size, params)
    canvas = grid.times(params.image_size)
    tile = Size(params.image_size, params.image_size)
    large = Surface(scaled_size(size, canvas), canvas=canvas, fill=WHITE, filter="bilinear")
    small = Surface(tile, of=0, filter="torch-bicubic", space="normalised")
    return Plan(grid, (large, small), (overview(1, tile), *tile_views(0, grid, tile)))


def kept_patches(params: Phi4Params, plan: Plan) -> tuple[int, int]:
    """Rows and columns of the canvas's patches that are not wholly white bars."""
    canvas, scaled, patch = plan.surfaces[0].size, plan.surfaces[0].scaled, params.patch_size
    rows = canvas.height // patch - (canvas.height - scaled.height) // patch
    cols = canvas.width // patch - (canvas.width - scaled.width) // patch
    return rows, cols


def mask_extents(params: Phi4Params, plan: Plan) -> tuple[tuple[int, int], ...]:
    """Rows and columns of ones in every view's attention mask; they begin at its top left, the rest is zero."""
    side = params.image_size // params.patch_size
    rows, cols = kept_patches(params, plan)
    tiles = (view for view in plan.views if view.role == "tile")
    return ((side, side), *((_part(rows, view.row, side), _part(cols, view.col, side)) for view in tiles))


def _part(kept: int, place: int, side: int) -> int:
    """How many of the kept patches lie in one tile's span."""
    return min(max(kept - place * side, 0), side)


def tokens(_size: Size, params: Phi4Params, plan: Plan) -> int:
    """The overview's 256 and 16 newlines, a separator, every second kept patch each way and a newline a row of them."""
    rows, cols = (math.ceil(kept / 2) for kept in kept_patches(params, plan))
    return 256 + 1 + rows * cols + rows + 16


def prompt(size: Size, params: Phi4Params, plan: Plan) -> Prompt:
    """One placeholder for every token."""
    return (("<|endoftext10|>", tokens(size, params, plan)),)


def inputs(size: Size, params: Phi4Params, plan: Plan) -> dict[str, Numbers]:
    """Height and width of the canvas, the tokens to reserve, and each view's attention mask.

    A mask is ones from its top left corner, so its rows and columns of ones say it all: thirty thousand numbers a
    picture would not. The arrays themselves are what `pack` gives.
    """
    canvas = plan.surfaces[0].size
    return {
        "image_sizes": (canvas.height, canvas.width),
        "num_img_tokens": tokens(size, params, plan),
        "image_attention_mask": mask_extents(params, plan),
    }


def pack(size: Size, params: Phi4Params, plan: Plan) -> dict[str, Packed]:
    """The views, the canvas's height and width, and a mask of patches for every view."""
    side = params.image_size // params.patch_size
    canvas = plan.grid.times(params.image_size)
    extents = (Box(0, 0, cols, rows) for rows, cols in mask_extents(params, plan))
    return {
        "image_pixel_values": PixelArray(lead=1),
        "image_sizes": NumberArray(((canvas.height, canvas.width),)),
        "image_attention_mask": MaskArray(Size(side, side), tuple(extents), "float32", lead=1),
        "num_img_tokens": NumberArray((tokens(size, params, plan),)),
    }


def candidates(size: Size, params: Phi4Params) -> list[Candidate]:
    """The covering grid alone, or every grid with the nearest aspect ratio first if that one has too many tiles."""
    cover = covering_grid(size, params.image_size)
    if cover.tiles <= params.dynamic_hd:
        return [Candidate(cover, 0.0)]
    grids = candidate_grids(1, params.dynamic_hd)
    return by_distance(size, grids)


STRATEGY = Strategy(
    params=Phi4Params,
    plan=plan,
    tokens=tokens,
    rule="as many tiles as the picture covers, above 36 the nearest aspect ratio; white bars",
    overview="first, made of the padded canvas",
    keeps_aspect=True,
    reference="transformers models/phi4_multimodal; microsoft/Phi-4-multimodal-instruct processing_phi4mm.py",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
    float_views=True,
)
