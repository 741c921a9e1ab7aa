"""Ovis2: the fewest crops of the picture that keep nine tenths of its pixels, each padded with the mean colour.

Follows AIDC-AI/Ovis, ovis/vllm/processing_ovis.py, as ported in vLLM's processors/ovis.py (`preprocess_image`).
"""

from __future__ import annotations

from dataclasses import dataclass

from dynres_cli.errors import NotTileable
from dynres_cli.geometry import Box, Grid, Plan, Point, Size, Surface, View, whole
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number

ATOM_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Ovis2Params(Params):
    """The reference's own parameters; `image_size` is the side of its image processor."""

    image_size: int = number(448, 14, 4096)
    max_partition: int = number(9, 1, 400)
    covering_threshold: float = number(0.9, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Covering:
    """A grid, and the share of the picture's pixels that is left once each crop's longer side is at most the tile's."""

    grid: Grid
    share: float


def partition(size: Size, grid: Grid) -> list[tuple[int, int, int, int]]:
    """Left, top, right and bottom of each crop, row by row; the last column and row take what division leaves over.

    Plain edges and not boxes: a thin picture has crops of no height, which the rule counts as nothing.
    """
    width, height = size.width // grid.cols, size.height // grid.rows
    rights = [*(width * col for col in range(1, grid.cols)), size.width]
    bottoms = [*(height * row for row in range(1, grid.rows)), size.height]
    return [
        (col * width, row * height, rights[col], bottoms[row]) for row in range(grid.rows) for col in range(grid.cols)
    ]


def covered(width: int, height: int, side: int) -> float:
    """The pixels that a crop keeps; divided before it is multiplied, as the reference rounds it."""
    longer, shorter = max(width, height), min(width, height)
    return shorter / longer * side * side if longer > side else longer * shorter


def coverings(size: Size, most: int, side: int) -> list[Covering]:
    """Every grid of up to `most` crops with its covering, by rows and then by columns."""
    grids = [Grid(cols, rows) for rows in range(1, most + 1) for cols in range(1, most // rows + 1)]
    return [Covering(grid, _share(size, grid, side)) for grid in grids]


def _share(size: Size, grid: Grid, side: int) -> float:
    edges = partition(size, grid)
    return sum(covered(right - left, bottom - top, side) for left, top, right, bottom in edges) / size.area


def ranked(found: list[Covering], threshold: float) -> list[Covering]:
    """Best first: above the threshold the fewest crops, then the most covered; below it the other way round."""
    good = sorted((each for each in found if each.share > threshold), key=lambda each: (each.grid.tiles, -each.share))
    rest = sorted((each for each in found if each.share <= threshold), key=lambda each: (-each.share, each.grid.tiles))
    return good + rest


def squared(size: Size, region: Box | None, side: int) -> Surface:
    """A crop with its longer side at `side`, in the middle of a square whose rest is 0.0 once normalised."""
    crop = size if region is None else region.size
    width = height = side
    if crop.width > crop.height:
        height = int(crop.height / crop.width * side)
    elif crop.width < crop.height:
        width = int(crop.width / crop.height * side)
    if width == 0 or height == 0:
        msg = f"a crop of {crop} at {side} pixels would be thinner than one; Ovis2's image processor refuses it"
        raise NotTileable(msg)
    offset = Point((side - width) // 2, (side - height) // 2)
    return Surface(Size(width, height), region=region, canvas=Size(side, side), offset=offset, space="normalised")


def plan(size: Size, params: Ovis2Params) -> Plan:
    """The whole picture first, then the crops row by row; a picture that one crop covers is shown once."""
    side = params.image_size
    square = whole(Size(side, side))
    grid = ranked(coverings(size, params.max_partition, side), params.covering_threshold)[0].grid
    first = squared(size, None, side)
    if grid.tiles == 1:
        return Plan(grid, (first,), (View(0, square),))
    crops = [squared(size, Box(*edges), side) for edges in partition(size, grid)]
    tiles = (View(i + 1, square, row=i // grid.cols, col=i % grid.cols) for i in range(grid.tiles))
    return Plan(grid, (first, *crops), (View(0, square, role="overview"), *tiles))


def tokens(_size: Size, _params: Ovis2Params, plan: Plan) -> int:
    """256 for every view; the marks between them come on top, in the prompt."""
    return ATOM_TOKENS * plan.total


def prompt(_size: Size, _params: Ovis2Params, plan: Plan) -> Prompt:
    """The atoms of the whole picture, then those of the crops with marks between columns and rows."""
    return indicators(plan)


def indicators(plan: Plan) -> Prompt:
    """The marks by the names that transformers gives them; the original numbers them −300 to −305."""
    atom = ("<IMG_ATOM>", ATOM_TOKENS)
    runs = [("<IMG_START>", 1), atom, ("<IMG_GRID>", 1)]
    for view in plan.views if plan.thumbnail else ():
        if view.role == "tile":
            runs += [atom, *_mark(view, plan.grid)]
    return (*runs, ("<IMG_END>", 1))


def _mark(view: View, grid: Grid) -> Prompt:
    """What follows a crop: a mark for the next column or row, nothing after the last."""
    if view.col < grid.cols - 1:
        return (("<IMG_COL>", 1),)
    return (("<IMG_ROW>", 1),) if view.row < grid.rows - 1 else ()


def inputs(_size: Size, _params: Ovis2Params, plan: Plan) -> dict[str, Numbers]:
    """Rows and columns of crops."""
    return {"grids": (plan.grid.rows, plan.grid.cols)}


def pack(_size: Size, _params: Ovis2Params, plan: Plan) -> dict[str, Packed]:
    """The views, and rows and columns of crops."""
    return views_and_grid(plan)


def views_and_grid(plan: Plan) -> dict[str, Packed]:
    """What both codes of Ovis2 return."""
    return {"pixel_values": PixelArray(), "grids": NumberArray(((plan.grid.rows, plan.grid.cols),))}


def candidates(size: Size, params: Ovis2Params) -> list[Candidate]:
    """Every grid, best first; the distance is the share of the picture's pixels that it loses."""
    found = ranked(coverings(size, params.max_partition, params.image_size), params.covering_threshold)
    return [Candidate(each.grid, 1 - each.share) for each in found]


STRATEGY = Strategy(
    params=Ovis2Params,
    plan=plan,
    tokens=tokens,
    rule="the fewest crops that keep nine tenths of the pixels, each padded with the mean colour",
    overview="first, above one crop",
    keeps_aspect=True,
    reference="AIDC-AI/Ovis ovis/vllm/processing_ovis.py",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
    float_views=True,
)
