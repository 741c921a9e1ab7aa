"""MiniCPM-V's slicing: the whole picture first, then near-square slices whose sides are snapped to the patch.

Follows OpenBMB/MiniCPM-V, finetune/dataset.py (`slice_image`, `find_best_resize`, `get_refine_size`), and for the
prompt the checkpoint's own image_processing_minicpmv.py (`get_slice_image_placeholder`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from dynres_cli.geometry import Grid, Plan, Size, Surface, overview, tile_views
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number


@dataclass(frozen=True, slots=True)
class MiniCPMVParams(Params):
    """MiniCPM-V's own parameters; `image_feature_size` is how many tokens the resampler makes of a view."""

    max_slice_nums: int = number(9, 1, 1000)
    scale_resolution: int = number(448, 14, 4096)
    patch_size: int = number(14, 1, 256)
    image_feature_size: int = number(64, 1, 4096)
    use_image_id: bool = True


@dataclass(frozen=True, slots=True)
class Slicing:
    """What the rule needs: how many slices, the side of a square slice, and what every side is a multiple of."""

    most: int
    side: int
    divisor: int


def snapped(length: float, divisor: int) -> int:
    """The nearest multiple of `divisor`, at least one. Python's round on purpose: halves go to the even multiple."""
    return max(round(length / divisor) * divisor, divisor)


def slice_candidates(size: Size, rule: Slicing) -> list[Candidate]:
    """The grids with about as many slices as the picture holds squares, in the reference's order; none if it holds one.

    The distance is the difference of the logarithms of the aspect ratios, so that wide and tall errors weigh the same.
    """
    squares = size.width * size.height / (rule.side * rule.side)
    wanted = min(math.ceil(squares), rule.most)
    if wanted <= 1:
        return []
    counts = [n for n in (wanted - 1, wanted, wanted + 1) if n != 1 and n <= rule.most]
    grids = [Grid(cols, n // cols) for n in counts for cols in range(1, n + 1) if n % cols == 0]
    aspect = math.log(size.aspect)
    return [Candidate(grid, abs(aspect - math.log(grid.aspect))) for grid in grids]


def best_size(width: float, height: float, rule: Slicing, *, enlarge: bool) -> Size:
    """About side² pixels of the same aspect ratio, both sides snapped; a smaller picture grows only with `enlarge`."""
    if enlarge or width * height > rule.side * rule.side:
        aspect = width / height
        height = int(rule.side / math.sqrt(aspect))
        width = int(height * aspect)
    return Size(snapped(width, rule.divisor), snapped(height, rule.divisor))


def slice_size(size: Size, grid: Grid, rule: Slicing) -> Size:
    """The size of every slice of a grid: that of a cell, enlarged or reduced to about side² pixels."""
    cell_width = snapped(size.width, grid.cols) / grid.cols
    cell_height = snapped(size.height, grid.rows) / grid.rows
    return best_size(cell_width, cell_height, rule, enlarge=True)


def sliced(size: Size, grid: Grid | None, rule: Slicing) -> Plan:
    """The whole picture first, then the slices row by row; without a grid the whole picture alone."""
    whole = best_size(size.width, size.height, rule, enlarge=grid is None)
    if grid is None:
        return Plan(Grid(1, 1), (Surface(whole),), tile_views(0, Grid(1, 1), whole))
    tile = slice_size(size, grid, rule)
    canvas = Surface(Size(tile.width * grid.cols, tile.height * grid.rows))
    return Plan(grid, (Surface(whole), canvas), (overview(0, whole), *tile_views(1, grid, tile)))


def patch_grids(plan: Plan, patch: int) -> tuple[tuple[int, int], ...]:
    """Rows and columns of patches in every view."""
    sizes = [view.box.size for view in plan.views]
    return tuple((size.height // patch, size.width // patch) for size in sizes)


def _rule(params: MiniCPMVParams) -> Slicing:
    return Slicing(params.max_slice_nums, params.scale_resolution, params.patch_size)


def plan(size: Size, params: MiniCPMVParams) -> Plan:
    """Slice the picture into the grid whose aspect ratio is nearest; of equals the first is taken."""
    found = slice_candidates(size, _rule(params))
    best = min(found, key=lambda candidate: candidate.distance, default=None)
    return sliced(size, best.grid if best else None, _rule(params))


def tokens(_size: Size, params: MiniCPMVParams, plan: Plan) -> int:
    """The resampler makes the same number of tokens of every view, whatever its size."""
    return plan.total * params.image_feature_size


def prompt(_size: Size, params: MiniCPMVParams, plan: Plan) -> Prompt:
    """The placeholder of the first picture of a conversation."""
    counts = [params.image_feature_size] * plan.total
    return slice_prompt(plan, counts, "<unk>", image_id=params.use_image_id)


def slice_prompt(plan: Plan, counts: Sequence[int], filler: str, *, image_id: bool) -> Prompt:
    """The whole picture's tokens between image marks, then those of the slices, a line for each row of the grid."""
    runs = [("<image_id>0</image_id>", 1)] if image_id else []
    runs += [("<image>", 1), (filler, counts[0]), ("</image>", 1)]
    slices = [view for view in plan.views if plan.thumbnail and view.role == "tile"]
    for view, count in zip(slices, counts[1:], strict=True):
        if view.col == 0 and view.row > 0:
            runs.append(("\n", 1))
        runs += [("<slice>", 1), (filler, count), ("</slice>", 1)]
    return tuple(runs)


def inputs(size: Size, params: MiniCPMVParams, plan: Plan) -> dict[str, Numbers]:
    """Patch rows and columns of every view, and the picture's own width and height."""
    return {"tgt_sizes": patch_grids(plan, params.patch_size), "image_sizes": (size.width, size.height)}


def pack(size: Size, params: MiniCPMVParams, plan: Plan) -> dict[str, Packed]:
    """Every view as its patches side by side, (3, patch, length) each; they differ in length, so they are a list."""
    grids = patch_grids(plan, params.patch_size)
    return {
        "pixel_values": patch_strips(params.patch_size, "list"),
        "tgt_sizes": NumberArray(grids, "int32"),
        "image_sizes": NumberArray(((size.width, size.height),)),
    }


def patch_strips(patch: int, join: Literal["list", "last"], lead: int = 0) -> PixelArray:
    """Views as strips of patches: channel, row within the patch, then patch after patch along the last axis."""
    return PixelArray(pattern="c (h p) (w q) -> c p (h w q)", lengths={"p": patch, "q": patch}, join=join, lead=lead)


def candidates(size: Size, params: MiniCPMVParams) -> list[Candidate]:
    """Every grid that was considered, nearest first."""
    return ranked(slice_candidates(size, _rule(params)), lambda candidate: (candidate.distance,))


def ranked(found: list[Candidate], key: Callable[[Candidate], tuple[float, ...]]) -> list[Candidate]:
    """Candidates in the order of a key; a picture that is not sliced has one, itself."""
    return sorted(found, key=key) or [Candidate(Grid(1, 1), 0.0)]


STRATEGY = Strategy(
    params=MiniCPMVParams,
    plan=plan,
    tokens=tokens,
    rule="the grid of near-square slices nearest in the logarithm of the aspect ratio, sides snapped to the patch",
    overview="first, with slices",
    keeps_aspect=False,
    reference="OpenBMB/MiniCPM-V finetune/dataset.py",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
    equal_views=False,
)
