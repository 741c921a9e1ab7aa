"""LLaVA-NeXT's anyres: the best of a few canvases, the picture fitted into it on black, the global view first.

Follows haotian-liu/LLaVA, llava/mm_utils.py (`select_best_resolution`, `resize_and_pad_image`,
`process_anyres_image`), and transformers' llava_next, which reads the same list as (height, width).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from dynres_cli.errors import UsageError
from dynres_cli.geometry import Grid, Plan, Point, Size, Surface, overview, tile_views
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, choice, number

V1_6_PINPOINTS = ((336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008))


@dataclass(frozen=True, slots=True)
class LlavaNextParams(Params):
    """The canvases in their order, and which side of a pair comes first.

    The first of two equally good canvases wins, so for small pictures the order of the sides decides: the original
    code reads (width, height), transformers reads (height, width).
    """

    image_size: int = number(336, 14, 4096)
    grid_pinpoints: tuple[tuple[int, int], ...] = V1_6_PINPOINTS
    pinpoint_order: str = choice("width_height", "width_height", "height_width")

    def __post_init__(self) -> None:
        Params.__post_init__(self)
        if not self.grid_pinpoints:
            msg = "grid_pinpoints=[]: name one canvas at least, as 336x672"
            raise UsageError(msg)
        bad = [pair for pair in self.grid_pinpoints if any(side < 1 or side % self.image_size for side in pair)]
        if bad:
            msg = f"grid_pinpoints={list(bad)}: each side must be a multiple of image_size={self.image_size}"
            raise UsageError(msg)


@lru_cache(maxsize=64)
def canvases(params: LlavaNextParams) -> tuple[Size, ...]:
    """The pinpoints as sizes, in their own order."""
    swap = params.pinpoint_order == "height_width"
    return tuple(Size(second, first) if swap else Size(first, second) for first, second in params.grid_pinpoints)


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture would lie in a canvas: the pixels that carry information, and those that are wasted."""

    canvas: Size
    effective: int
    wasted: int


def fit(size: Size, canvas: Size) -> Fit:
    """What a canvas keeps of a picture; enlarging adds nothing."""
    scale = min(canvas.width / size.width, canvas.height / size.height)
    effective = min(int(size.width * scale) * int(size.height * scale), size.area)
    return Fit(canvas, effective, canvas.area - effective)


def best_canvas(size: Size, sizes: tuple[Size, ...]) -> Size:
    """The canvas that keeps most of the picture; of equals the one that wastes least, then the first.

    Of a strip that is a thousand times as long as it is thin every canvas keeps nothing: the rule takes the smallest.
    """
    return max((fit(size, canvas) for canvas in sizes), key=lambda fit: (fit.effective, -fit.wasted)).canvas


def fitted(size: Size, canvas: Size) -> Surface:
    """The picture enlarged or reduced to touch the canvas on two sides, centred on black."""
    scale_width, scale_height = canvas.width / size.width, canvas.height / size.height
    if scale_width < scale_height:
        scaled = Size(canvas.width, min(math.ceil(size.height * scale_width), canvas.height))
    else:
        scaled = Size(min(math.ceil(size.width * scale_height), canvas.width), canvas.height)
    offset = Point((canvas.width - scaled.width) // 2, (canvas.height - scaled.height) // 2)
    return Surface(scaled, canvas=canvas, offset=offset)


def plan(size: Size, params: LlavaNextParams) -> Plan:
    """The whole picture squashed to one tile first, then the tiles of the padded canvas."""
    canvas = best_canvas(size, canvases(params))
    tile = Size(params.image_size, params.image_size)
    grid = Grid(canvas.width // tile.width, canvas.height // tile.height)
    return Plan(grid, (Surface(tile), fitted(size, canvas)), (overview(0, tile), *tile_views(1, grid, tile)))


def largest(params: LlavaNextParams) -> Plan:
    """The canvas of the largest area, all of it filled."""
    canvas = max(canvases(params), key=lambda size: size.area)
    return plan(canvas, replace(params, grid_pinpoints=((canvas.width, canvas.height),), pinpoint_order="width_height"))


def unpadded(size: Size, plan: Plan, patches: int) -> tuple[int, int]:
    """Rows and columns of features left once the padding is cut off again.

    Follows transformers' `_get_unpadded_features`; its round to 7 digits before truncating is needed.
    """
    rows, cols = plan.grid.rows * patches, plan.grid.cols * patches
    if size.width / size.height > cols / rows:
        kept = int(round(size.height * (cols / size.width), 7))
        return rows - 2 * ((rows - kept) // 2), cols
    kept = int(round(size.width * (rows / size.height), 7))
    return rows, cols - 2 * ((cols - kept) // 2)


def tokens(size: Size, params: LlavaNextParams, plan: Plan) -> int:
    """The global view's features, then the unpadded ones with a newline after each row."""
    patches = params.image_size // 14
    rows, cols = unpadded(size, plan, patches)
    return patches * patches + rows * cols + rows


def inputs(size: Size, _params: LlavaNextParams, _plan: Plan) -> dict[str, Numbers]:
    """The picture's own height and width, from which the model cuts the padding off."""
    return {"image_sizes": (size.height, size.width)}


def prompt(size: Size, params: LlavaNextParams, plan: Plan) -> Prompt:
    """One placeholder a token; the newlines after the rows are features, not text."""
    return (("<image>", tokens(size, params, plan)),)


def pack(size: Size, params: LlavaNextParams, _plan: Plan) -> dict[str, Packed]:
    """The views under an axis for the batch, and the picture's (height, width); the original has the views alone."""
    if params.pinpoint_order == "width_height":
        return {"pixel_values": PixelArray()}
    return {"pixel_values": PixelArray(lead=1), "image_sizes": NumberArray(((size.height, size.width),))}


def best_first(size: Size, canvases: Sequence[Size], side: int) -> list[Candidate]:
    """These canvases of tiles, the best one first; the distance is the share of the picture's pixels that is lost."""
    fits = sorted((fit(size, canvas) for canvas in canvases), key=lambda fit: (-fit.effective, fit.wasted))
    return [
        Candidate(Grid(each.canvas.width // side, each.canvas.height // side), 1 - each.effective / size.area)
        for each in fits
    ]


def candidates(size: Size, params: LlavaNextParams) -> list[Candidate]:
    """Every canvas, the one that keeps most pixels first."""
    return best_first(size, canvases(params), params.image_size)


STRATEGY: Strategy[LlavaNextParams] = Strategy(
    params=LlavaNextParams,
    plan=plan,
    tokens=tokens,
    rule="the canvas that keeps most pixels, the picture fitted in on black",
    overview="first",
    keeps_aspect=True,
    reference="haotian-liu/LLaVA llava/mm_utils.py",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
    largest=largest,
)
