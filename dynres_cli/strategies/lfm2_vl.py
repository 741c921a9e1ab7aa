"""LFM2-VL: one picture snapped to the patch where it is small enough, else InternVL's grid and a snapped thumbnail.

Follows transformers, lfm2_vl (`Lfm2VlImageProcessor`, `Lfm2VlProcessor`), as of version 5.23.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dynres_cli.errors import NotTileable, UsageError
from dynres_cli.geometry import Grid, Plan, Size, Surface, overview, tile_views
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.internvl import by_distance, candidate_grids, closest_grid
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number, ordered


@dataclass(frozen=True, slots=True)
class Lfm2VlParams(Params):
    """The tiles of a large picture, and between how many tokens a picture in one piece is worth."""

    tile_size: int = number(512, 16, 4096)
    min_tiles: int = number(2, 1, 1000)
    max_tiles: int = number(10, 1, 1000)
    thumbnail: bool = True
    do_image_splitting: bool = True
    min_image_tokens: int = number(64, 1, 65536)
    max_image_tokens: int = number(256, 1, 65536)
    encoder_patch_size: int = number(16, 1, 256)
    downsample_factor: int = number(2, 1, 16)
    max_pixels_tolerance: float = number(2.0, 0.0, 1000.0)

    def __post_init__(self) -> None:
        Params.__post_init__(self)
        ordered("min_tiles", self.min_tiles, "max_tiles", self.max_tiles)
        ordered("min_image_tokens", self.min_image_tokens, "max_image_tokens", self.max_image_tokens)
        if self.do_image_splitting and self.tile_size % self.encoder_patch_size:
            msg = f"tile_size={self.tile_size} must be whole patches of {self.encoder_patch_size}"
            raise UsageError(msg)

    @property
    def snap(self) -> int:
        """The side of one token in pixels: what a snapped side is a multiple of."""
        return self.encoder_patch_size * self.downsample_factor


def snapped(size: Size, params: Lfm2VlParams) -> Size:
    """The picture with both sides at multiples of a token's side, and its tokens within their limits."""
    step = params.snap
    least, most = params.min_image_tokens * step**2, params.max_image_tokens * step**2
    # Banker's rounding on purpose: the reference uses Python's round().
    width, height = (max(step, round(side / step) * step) for side in (size.width, size.height))
    if width * height > most:
        beta = math.sqrt(size.area / most)
        width, height = (max(step, math.floor(side / beta / step) * step) for side in (size.width, size.height))
    elif width * height < least:
        beta = math.sqrt(least / size.area)
        width, height = (math.ceil(side * beta / step) * step for side in (size.width, size.height))
    return Size(width, height)


def too_large(size: Size, params: Lfm2VlParams) -> bool:
    """Whether the picture, each side rounded to a token's side but not below a patch's, is beyond the tolerance."""
    step = params.snap
    width, height = (max(params.encoder_patch_size, round(side / step) * step) for side in (size.width, size.height))
    return width * height > params.max_image_tokens * step**2 * params.max_pixels_tolerance


def splits(size: Size, params: Lfm2VlParams) -> bool:
    """Whether the picture is cut into tiles at all."""
    may_split = params.do_image_splitting and params.max_tiles > 1
    return may_split and too_large(size, params)


def plan(size: Size, params: Lfm2VlParams) -> Plan:
    """The snapped picture as one tile, or the stretched tiles and then the snapped picture as thumbnail."""
    whole = snapped(size, params)
    lone = Surface(whole, filter="bilinear")
    if not splits(size, params):
        return Plan(Grid(1, 1), (lone,), tile_views(0, Grid(1, 1), whole))
    grid = closest_grid(size, candidate_grids(params.min_tiles, params.max_tiles), params.tile_size)
    canvas = Surface(grid.times(params.tile_size), filter="bilinear")
    tiles = tile_views(0, grid, Size(params.tile_size, params.tile_size))
    if not params.thumbnail or grid.tiles == 1:
        return Plan(grid, (canvas,), tiles)
    if patches_of(whole, params) > most_patches(params):
        msg = (
            f"the thumbnail of {size} would be {whole}, more patches than the {most_patches(params):,} that stand for "
            "a view; LFM2-VL's processor cannot stack it with the tiles; crop the picture"
        )
        raise NotTileable(msg)
    return Plan(grid, (canvas, lone), (*tiles, overview(1, whole)))


def patches_of(size: Size, params: Lfm2VlParams) -> int:
    """How many patches a view of this size is."""
    return (size.height // params.encoder_patch_size) * (size.width // params.encoder_patch_size)


def most_patches(params: Lfm2VlParams) -> int:
    """What every view's patches are padded to."""
    of_a_tile = (params.tile_size // params.encoder_patch_size) ** 2 if params.do_image_splitting else 0
    return max(params.max_image_tokens * params.downsample_factor**2, of_a_tile)


def tokens_of(size: Size, params: Lfm2VlParams) -> int:
    """How many tokens a view of this size is worth."""
    wide, high = (
        math.ceil(side // params.encoder_patch_size / params.downsample_factor) for side in (size.width, size.height)
    )
    return wide * high


def prompt(_size: Size, params: Lfm2VlParams, plan: Plan) -> Prompt:
    """The placeholder for one picture: each tile after its row and column, the thumbnail after its mark."""
    runs: list[tuple[str, int]] = [("<|image_start|>", 1)]
    for view in plan.views:
        if view.role == "overview":
            runs.append(("<|img_thumbnail|>", 1))
        elif plan.grid.tiles > 1:
            runs.append((f"<|img_row_{view.row + 1}_col_{view.col + 1}|>", 1))
        runs.append(("<image>", tokens_of(view.box.size, params)))
    return (*runs, ("<|image_end|>", 1))


def tokens(size: Size, params: Lfm2VlParams, plan: Plan) -> int:
    """Everything the placeholder holds: each view's tokens and the marks around them."""
    return sum(count for _, count in prompt(size, params, plan))


def patch_shapes(params: Lfm2VlParams, plan: Plan) -> tuple[tuple[int, int], ...]:
    """Rows and columns of patches of every view."""
    patch = params.encoder_patch_size
    return tuple((view.box.size.height // patch, view.box.size.width // patch) for view in plan.views)


def inputs(size: Size, params: Lfm2VlParams, plan: Plan) -> dict[str, Numbers]:
    """Each view's patches as (rows, columns), the grid, and the (height, width) of the picture in one piece."""
    whole = snapped(size, params)
    return {
        "spatial_shapes": patch_shapes(params, plan),
        "image_rows": plan.grid.rows,
        "image_cols": plan.grid.cols,
        "image_sizes": (whole.height, whole.width),
    }


def pack(_size: Size, params: Lfm2VlParams, plan: Plan) -> dict[str, Packed]:
    """Each view as a row of patches, padded to the most that any view may have, and which of them are true."""
    patch = params.encoder_patch_size
    most = most_patches(params)
    shapes = patch_shapes(params, plan)
    filled = [min(rows * cols, most) for rows, cols in shapes]
    return {
        "pixel_values": PixelArray(
            pattern="c (h p) (w q) -> (h w) (p q c)", lengths={"p": patch, "q": patch}, pad_to=(0, most)
        ),
        "pixel_attention_mask": NumberArray(tuple((1,) * some + (0,) * (most - some) for some in filled), "int32"),
        "spatial_shapes": NumberArray(shapes),
    }


def candidates(size: Size, params: Lfm2VlParams) -> list[Candidate]:
    """Every grid that was compared, nearest first; none where the picture stays in one piece."""
    if not splits(size, params):
        return []
    return by_distance(size, candidate_grids(params.min_tiles, params.max_tiles))


STRATEGY: Strategy[Lfm2VlParams] = Strategy(
    params=Lfm2VlParams,
    plan=plan,
    tokens=tokens,
    rule="one picture snapped to the patch; if too large, the grid nearest to its aspect ratio",
    overview="last, above one tile",
    keeps_aspect=False,
    reference="transformers models/lfm2_vl (torch)",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
    equal_views=False,
)
