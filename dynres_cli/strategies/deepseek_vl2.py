"""DeepSeek-VL2: LLaVA's choice of a canvas, then `ImageOps.pad` on grey for the whole picture and for the tiles.

Follows deepseek-ai/DeepSeek-VL2, deepseek_vl2/models/processing_deepseek_vl_v2.py (`tokenize_with_images`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dynres_cli.errors import NotTileable, UsageError
from dynres_cli.geometry import RGB, Grid, Plan, Point, Size, Surface, overview, tile_views
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.llava_next import best_canvas, best_first
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number

GREY: RGB = (127, 127, 127)
"""int(0.5 · 255): the reference pads with its mean colour."""

GRIDS = (
    *("1x1", "1x2", "2x1", "1x3", "3x1", "1x4", "4x1", "2x2", "1x5", "5x1", "1x6", "6x1", "2x3", "3x2"),
    *("1x7", "7x1", "1x8", "8x1", "2x4", "4x2", "1x9", "9x1", "3x3"),
)
RESOLUTIONS = tuple((384 * int(grid[0]), 384 * int(grid[2])) for grid in GRIDS)
"""Width and height of every canvas; the first of two equally good ones wins."""


@dataclass(frozen=True, slots=True)
class DeepSeekVL2Params(Params):
    """The canvases as (width, height) in their order; `image_size` is the side of a tile."""

    image_size: int = number(384, 14, 4096)
    candidate_resolutions: tuple[tuple[int, int], ...] = RESOLUTIONS
    patch_size: int = number(14, 1, 256)
    downsample_ratio: int = number(2, 1, 16)

    def __post_init__(self) -> None:
        Params.__post_init__(self)
        side = self.image_size
        bad = [pair for pair in self.candidate_resolutions if any(length < 1 or length % side for length in pair)]
        if bad or not self.candidate_resolutions:
            msg = f"candidate_resolutions={bad}: there must be some, and each side a multiple of image_size={side}"
            raise UsageError(msg)


def padded(size: Size, canvas: Size, of: int | None = None) -> Surface:
    """Pillow's `ImageOps.pad` on grey: the picture as large as it fits, in the middle; every step rounds half to even.

    Raises NotTileable for a picture that would be thinner than a pixel: Pillow below 13 refuses it too, and 13 would
    show the model a page of nothing but grey.
    """
    width, height = canvas.width, canvas.height
    if size.aspect > canvas.aspect:
        height = round(size.height / size.width * canvas.width)
    elif size.aspect < canvas.aspect:
        width = round(size.width / size.height * canvas.height)
    if width == 0 or height == 0:
        msg = (
            f"a picture of {size} fitted into {canvas} would be thinner than one pixel, and nothing of it left; crop it"
        )
        raise NotTileable(msg)
    offset = Point(round((canvas.width - width) * 0.5), round((canvas.height - height) * 0.5))
    return Surface(Size(width, height), of=of, canvas=canvas, offset=offset, fill=GREY)


def canvases(params: DeepSeekVL2Params) -> tuple[Size, ...]:
    """The candidate resolutions as sizes, in their own order."""
    return tuple(Size(width, height) for width, height in params.candidate_resolutions)


def plan(size: Size, params: DeepSeekVL2Params) -> Plan:
    """The padded whole picture first, then the tiles of the padded canvas; one tile is shown beside it too."""
    tile = Size(params.image_size, params.image_size)
    canvas = best_canvas(size, canvases(params))
    grid = Grid(canvas.width // tile.width, canvas.height // tile.height)
    surfaces = (padded(size, tile), padded(size, canvas))
    return Plan(grid, surfaces, (overview(0, tile), *tile_views(1, grid, tile)))


def tokens(_size: Size, params: DeepSeekVL2Params, plan: Plan) -> int:
    """The overview's features with a newline after each row, a separator, then the tiles' as one picture likewise."""
    side = math.ceil(params.image_size // params.patch_size / params.downsample_ratio)
    rows, cols = plan.grid.rows * side, plan.grid.cols * side
    return side * (side + 1) + 1 + rows * (cols + 1)


def prompt(size: Size, params: DeepSeekVL2Params, plan: Plan) -> Prompt:
    """One placeholder for every token."""
    return (("<image>", tokens(size, params, plan)),)


def inputs(_size: Size, _params: DeepSeekVL2Params, plan: Plan) -> dict[str, Numbers]:
    """Columns and rows of tiles."""
    return {"images_spatial_crop": (plan.grid.cols, plan.grid.rows)}


def pack(size: Size, params: DeepSeekVL2Params, plan: Plan) -> dict[str, Packed]:
    """The views, columns and rows of tiles, and the number of tokens."""
    return {
        "images": PixelArray(),
        "images_spatial_crop": NumberArray(((plan.grid.cols, plan.grid.rows),)),
        "num_image_tokens": NumberArray((tokens(size, params, plan),)),
    }


def candidates(size: Size, params: DeepSeekVL2Params) -> list[Candidate]:
    """Every canvas, the one that keeps most pixels first."""
    return best_first(size, canvases(params), params.image_size)


STRATEGY = Strategy(
    params=DeepSeekVL2Params,
    plan=plan,
    tokens=tokens,
    rule="the canvas that keeps most pixels, the picture padded to it with grey",
    overview="first",
    keeps_aspect=True,
    reference="deepseek-ai/DeepSeek-VL2 deepseek_vl2/models/processing_deepseek_vl_v2.py",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
)
