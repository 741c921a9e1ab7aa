"""Molmo: the whole picture first, then overlapping crops of one canvas, both fitted in and padded as floats.

Follows allenai/molmo, olmo/data/model_preprocessor.py (`select_tiling`, `resize_and_pad`,
`image_to_patches_and_tokens` with crop mode `overlap-and-resize-c2`). What Molmo2 shares with it stands here.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from dynres_cli.errors import NotTileable, UsageError
from dynres_cli.geometry import Box, Grid, Plan, Point, Size, Surface, View, overview
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number

HIDDEN = -100
"""The reference's place of a token that the prompt does not show."""

NEVER = 10e9
"""What the reference puts in the place of a scale below 1, so that it is not the least."""


@dataclass(frozen=True, slots=True)
class MolmoParams(Params):
    """The crop's side, how many crops a canvas has at most, and the margin (in patches) that neighbours share."""

    image_size: int = number(336, 14, 4096)
    max_crops: int = number(12, 1, 1000)
    patch_size: int = number(14, 1, 256)
    margin: int = number(4, 0, 64)
    pooling: int = number(2, 1, 16)

    def __post_init__(self) -> None:
        Params.__post_init__(self)
        if self.window < self.patch_size:
            msg = f"margin={self.margin} leaves nothing of a crop of {self.image_size} pixels; use a smaller margin"
            raise UsageError(msg)
        if self.image_size % self.patch_size or self.margin % self.pooling:
            msg = (
                f"image_size={self.image_size} must be whole patches of {self.patch_size}, and margin={self.margin} "
                f"whole tokens of {self.pooling}"
            )
            raise UsageError(msg)

    @property
    def shared(self) -> int:
        """The pixels that a crop shares with its neighbours on both sides together."""
        return 2 * self.margin * self.patch_size

    @property
    def window(self) -> int:
        """The pixels from one crop to the next."""
        return self.image_size - self.shared

    @property
    def pooled(self) -> int:
        """How many tokens stand along a crop's side."""
        return -(-(self.image_size // self.patch_size) // self.pooling)


def float32(value: float) -> float:
    """The nearest single-precision number; a product or quotient of two such numbers comes out as in float32."""
    rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    return rounded


def quotient32(above: float, below: float) -> float:
    """A float32 division, in which a positive number over zero is infinite."""
    return float32(float32(above) / float32(below)) if below else float("inf")


@lru_cache(maxsize=64)
def candidate_grids(max_crops: int) -> tuple[Grid, ...]:
    """Every grid of at most max_crops tiles, smallest first, grids of one area from the lowest."""
    grids = [Grid(cols, rows) for rows in range(1, max_crops + 1) for cols in range(1, max_crops // rows + 1)]
    return tuple(sorted(grids, key=lambda grid: (grid.tiles, grid.rows)))


def scales(size: Size, params: MolmoParams) -> list[float]:
    """For every grid, how much the picture without its margins is enlarged to fit the grid without its margins.

    A side no longer than the margins has a scale of infinity, or below zero; then the other side decides, or the
    smallest grid wins.
    """
    width, height = size.width - params.shared, size.height - params.shared
    return [
        min(quotient32(grid.rows * params.window, height), quotient32(grid.cols * params.window, width))
        for grid in candidate_grids(params.max_crops)
    ]


def best_grid(size: Size, params: MolmoParams) -> Grid:
    """The first grid that enlarges least; where none holds the picture, the first that shrinks it least."""
    needed = scales(size, params)
    if all(scale < 1 for scale in needed):
        best = max(needed)
    else:
        needed = [NEVER if scale < 1 else scale for scale in needed]
        best = min(needed)
    return candidate_grids(params.max_crops)[needed.index(best)]


def canvas_of(grid: Grid, params: MolmoParams) -> Size:
    """The windows of a grid side by side, and the margins around them."""
    return Size(grid.cols * params.window + params.shared, grid.rows * params.window + params.shared)


def overlapping_tiles(surface: int, grid: Grid, params: MolmoParams) -> tuple[View, ...]:
    """The crops of a canvas row by row, each a window further than the last."""
    side, step = params.image_size, params.window
    return tuple(
        View(surface, Box(col * step, row * step, col * step + side, row * step + side), row=row, col=col)
        for row in range(grid.rows)
        for col in range(grid.cols)
    )


def fitted(size: Size, canvas: Size) -> Surface:
    """The picture as floats from 0 to 1 in the middle of a black canvas; NotTileable if a side would vanish."""
    scale = min(quotient32(canvas.width, size.width), quotient32(canvas.height, size.height))
    width, height = (int(float32(float32(side) * scale)) for side in (size.width, size.height))
    if not width or not height:
        msg = f"a picture of {size} shrinks to nothing in a view of {canvas}; Molmo cannot take a strip this narrow"
        raise NotTileable(msg)
    offset = Point((canvas.width - width) // 2, (canvas.height - height) // 2)
    return Surface(Size(width, height), canvas=canvas, offset=offset, filter="torch-bilinear-antialias", space="unit")


def plan(size: Size, params: MolmoParams) -> Plan:
    """The padded whole picture first, then the overlapping crops of the padded canvas."""
    square, grid = Size(params.image_size, params.image_size), best_grid(size, params)
    surfaces = (fitted(size, square), fitted(size, canvas_of(grid, params)))
    return Plan(grid, surfaces, (overview(0, square), *overlapping_tiles(1, grid, params)))


def pooled_shape(plan: Plan, params: MolmoParams) -> tuple[int, int]:
    """Rows and columns of tokens of the canvas."""
    canvas, cell = plan.surfaces[1].size, params.patch_size
    return -(-(canvas.height // cell) // params.pooling), -(-(canvas.width // cell) // params.pooling)


def rows_of(rows: int, cols: int) -> Sequence[tuple[str, int]]:
    """Rows of patches, each closed by a column mark."""
    return [("<im_patch>", cols), ("<im_col>", 1)] * rows


def prompt(_size: Size, params: MolmoParams, plan: Plan) -> Prompt:
    """The whole picture's rows, then the canvas's, each between a start and an end."""
    pieces = (params.pooled, params.pooled), pooled_shape(plan, params)
    return tuple(run for piece in pieces for run in (("<im_start>", 1), *rows_of(*piece), ("<im_end>", 1)))


def tokens(size: Size, params: MolmoParams, plan: Plan) -> int:
    """Everything the placeholder holds."""
    return sum(count for _, count in prompt(size, params, plan))


def inputs(_size: Size, params: MolmoParams, plan: Plan) -> dict[str, Numbers]:
    """The shape of `image_input_idx`: for each view, one place in the prompt for each of its tokens."""
    return {"image_input_idx": (plan.total, params.pooled**2)}


def pack(_size: Size, params: MolmoParams, plan: Plan) -> dict[str, Packed]:
    """Each view as a row of patches, the place of each token in the prompt, and the true share of each patch."""
    patch = params.patch_size
    return {
        "images": PixelArray(pattern="c (h p) (w q) -> (h w) (p q c)", lengths={"p": patch, "q": patch}),
        "image_input_idx": NumberArray(token_places(params, plan), "int32"),
        "image_masks": NumberArray(patch_shares(params, plan), "float32"),
    }


def token_places(params: MolmoParams, plan: Plan) -> tuple[tuple[int, ...], ...]:
    """For each view the place in the prompt of each of its tokens; -100 for one that another crop shows."""
    side, (_, wide) = params.pooled, pooled_shape(plan, params)
    whole = tuple(1 + row * (side + 1) + col for row in range(side) for col in range(side))
    start = side * (side + 1) + 3
    step = params.window // params.patch_size // params.pooling

    def place(view: View, row: int, col: int) -> int:
        own = shows(row, view.row, plan.grid.rows, params), shows(col, view.col, plan.grid.cols, params)
        if not all(own):
            return HIDDEN
        return start + (view.row * step + row) * (wide + 1) + view.col * step + col

    crops = (tuple(place(view, row, col) for row in range(side) for col in range(side)) for view in plan.views[1:])
    return (whole, *crops)


def shows(token: int, crop: int, crops: int, params: MolmoParams) -> bool:
    """Whether a crop shows its token itself, along one axis: not in a margin that it shares with a neighbour."""
    margin = params.margin // params.pooling
    return (crop == 0 or token >= margin) and (crop == crops - 1 or token < params.pooled - margin)


def patch_shares(params: MolmoParams, plan: Plan) -> tuple[tuple[float, ...], ...]:
    """For each crop how much of each patch is picture and not padding; the reference ends with a row of -1."""
    made, patch = plan.surfaces[1], params.patch_size
    along = params.image_size // patch

    def covered(first: int, start: int, length: int) -> int:
        return max(0, min(first + patch, start + length) - max(first, start))

    def share(box: Box, row: int, col: int) -> float:
        high = covered(box.top + row * patch, made.offset.y, made.scaled.height)
        wide = covered(box.left + col * patch, made.offset.x, made.scaled.width)
        return high * wide / patch**2

    crops = [view.box for view in plan.views[1:]]
    shown = (tuple(share(box, row, col) for row in range(along) for col in range(along)) for box in crops)
    return (*shown, (-1.0,) * along**2)


def candidates(size: Size, params: MolmoParams) -> list[Candidate]:
    """Every grid, best first; the distance is how far its scale is from 1."""
    found = zip(candidate_grids(params.max_crops), scales(size, params), strict=True)
    best = sorted(found, key=lambda pair: (pair[1] < 1, abs(pair[1] - 1)))
    return [Candidate(grid, abs(scale - 1)) for grid, scale in best]


STRATEGY: Strategy[MolmoParams] = Strategy(
    params=MolmoParams,
    plan=plan,
    tokens=tokens,
    rule="the grid that enlarges least, overlapping crops of the picture centred on black",
    overview="first",
    keeps_aspect=True,
    reference="allenai/molmo olmo/data/model_preprocessor.py",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
    float_views=True,
)
