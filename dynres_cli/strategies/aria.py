"""Aria: the picture in the corner of one black square, or each crop of LLaVA's padded canvas in a square of its own.

Follows transformers, aria (`AriaImageProcessorPil`), as of version 5.23; 4.57's slow class is the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from dynres_cli.errors import UsageError
from dynres_cli.geometry import Box, Grid, Plan, Size, Surface, View, whole
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.llava_next import best_canvas, fit, fitted
from dynres_cli.strategies.packing import MaskArray, NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number

SPLIT_SHAPES = (
    *((1, 2), (1, 3), (1, 4), (1, 5), (1, 6), (1, 7), (1, 8), (2, 4), (2, 3), (2, 2), (2, 1)),
    *((3, 1), (3, 2), (4, 1), (4, 2), (5, 1), (6, 1), (7, 1), (8, 1)),
)
"""Rows and columns of 490 pixels; the first of two equally good ones wins, so the order counts."""

TOKENS = {490: 128, 980: 256}
"""What a view of each side is worth to the language model."""


@dataclass(frozen=True, slots=True)
class AriaParams(Params):
    """The view's side, 490 or 980, and the canvases as (height, width) that a split picture is fitted into."""

    max_image_size: int = number(980, 490, 980)
    min_image_size: int = number(336, 1, 980)
    split_image: bool = False
    split_resolutions: tuple[tuple[int, int], ...] = tuple((rows * 490, cols * 490) for rows, cols in SPLIT_SHAPES)

    def __post_init__(self) -> None:
        Params.__post_init__(self)
        if self.max_image_size not in TOKENS:
            msg = f"max_image_size={self.max_image_size} is not a side that Aria was made for; use 490 or 980"
            raise UsageError(msg)
        if self.min_image_size > self.max_image_size:
            msg = f"min_image_size={self.min_image_size} is above max_image_size={self.max_image_size}; lower it"
            raise UsageError(msg)
        if not self.split_resolutions or any(side < 1 for pair in self.split_resolutions for side in pair):
            msg = "split_resolutions needs at least one canvas, as height x width: 490x980,980x490"
            raise UsageError(msg)


def plan(size: Size, params: AriaParams) -> Plan:
    """One view of the whole picture, or one of each crop of the canvas, row by row; there is no overview."""
    if not params.split_image:
        view = View(0, Box(0, 0, params.max_image_size, params.max_image_size))
        return Plan(Grid(1, 1), (cornered(size, params),), (view,))
    canvas = fitted(size, best_canvas(size, canvases(params)))
    side = params.max_image_size
    grid = grid_of(canvas.size, side)
    crops = [
        Box(col * side, row * side, min((col + 1) * side, canvas.size.width), min((row + 1) * side, canvas.size.height))
        for row in range(grid.rows)
        for col in range(grid.cols)
    ]
    squares = tuple(cornered(crop.size, params, of=0, region=crop) for crop in crops)
    views = tuple(
        View(index + 1, whole(square.size), row=index // grid.cols, col=index % grid.cols)
        for index, square in enumerate(squares)
    )
    return Plan(grid, (canvas, *squares), views)


def canvases(params: AriaParams) -> tuple[Size, ...]:
    """The resolutions as sizes, in their own order."""
    return tuple(Size(width, height) for height, width in params.split_resolutions)


def grid_of(canvas: Size, side: int) -> Grid:
    """Columns and rows of crops of a canvas; the last ones may be narrower or lower."""
    return Grid(-(-canvas.width // side), -(-canvas.height // side))


def cornered(size: Size, params: AriaParams, of: int | None = None, region: Box | None = None) -> Surface:
    """The picture with its longer side as long as the square and its shorter one not too short, at the top left."""
    side = params.max_image_size
    scaled = scaled_size(size, params)
    return Surface(scaled, of=of, region=region, canvas=Size(side, side))


def scaled_size(size: Size, params: AriaParams) -> Size:
    """The longer side at the square's, the shorter one in proportion, cut to whole pixels, at least the least."""
    scale = params.max_image_size / max(size.width, size.height)
    if size.width >= size.height:
        return Size(params.max_image_size, max(int(size.height * scale), params.min_image_size))
    return Size(max(int(size.width * scale), params.min_image_size), params.max_image_size)


def tokens(_size: Size, params: AriaParams, plan: Plan) -> int:
    """256 for every view of 980 pixels, 128 for one of 490."""
    return plan.total * TOKENS[params.max_image_size]


def prompt(size: Size, params: AriaParams, plan: Plan) -> Prompt:
    """The placeholder for one picture."""
    return (("<|img|>", tokens(size, params, plan)),)


def inputs(_size: Size, _params: AriaParams, plan: Plan) -> dict[str, Numbers]:
    """How many crops there are, and the true (height, width) of each at the top left of its `pixel_mask`."""
    shown = [plan.surfaces[view.surface].scaled for view in plan.views]
    return {"num_crops": plan.total, "pixel_mask": tuple((each.height, each.width) for each in shown)}


def pack(_size: Size, params: AriaParams, plan: Plan) -> dict[str, Packed]:
    """All views, where the picture lies in each, and how many they are."""
    square = Size(params.max_image_size, params.max_image_size)
    inside = tuple(whole(plan.surfaces[view.surface].scaled) for view in plan.views)
    return {
        "pixel_values": PixelArray(),
        "pixel_mask": MaskArray(square, inside, dtype="bool"),
        "num_crops": NumberArray(plan.total),
    }


def candidates(size: Size, params: AriaParams) -> list[Candidate]:
    """Every canvas, best first; the distance is the share of the picture's pixels it loses."""
    if not params.split_image:
        return []
    fits = sorted((fit(size, canvas) for canvas in canvases(params)), key=lambda each: (-each.effective, each.wasted))
    return [Candidate(grid_of(each.canvas, params.max_image_size), 1 - each.effective / size.area) for each in fits]


STRATEGY: Strategy[AriaParams] = Strategy(
    params=AriaParams,
    plan=plan,
    tokens=tokens,
    rule="one square with the picture at its top left; split, the crops of LLaVA's canvas",
    overview="never",
    keeps_aspect=True,
    reference="transformers models/aria (Pillow backend)",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
)
