"""Command-A-Vision: the grid that needs least enlarging, the picture stretched over it, then a thumbnail.

Follows transformers, cohere2_vision (`get_optimal_tiled_canvas`, `Cohere2VisionProcessor.replace_image_token`), as of
version 5.23.
"""

from __future__ import annotations

from dataclasses import dataclass

from dynres_cli.geometry import Grid, Plan, Size
from dynres_cli.strategies.family import Candidate, Prompt, Strategy
from dynres_cli.strategies.got_ocr2 import candidate_grids
from dynres_cli.strategies.internvl import stretched
from dynres_cli.strategies.mllama import canvas_scale
from dynres_cli.strategies.packing import counted, packed_and_counted
from dynres_cli.strategies.params import Params, number


@dataclass(frozen=True, slots=True)
class Cohere2VisionParams(Params):
    """The tile's side, how many tiles a grid may have, and how many patches lie along a tile's side.

    The reference also takes `min_patches` and never reads it.
    """

    image_size: int = number(512, 16, 4096)
    max_patches: int = number(12, 1, 1000)
    patch_size: int = number(16, 1, 256)
    thumbnail: bool = True


def best_grid(size: Size, params: Cohere2VisionParams) -> Grid:
    """The grid that enlarges least; where none holds the whole picture, the one that shrinks it least."""
    grids = candidate_grids(1, params.max_patches)
    holding = [grid for grid in grids if canvas_scale(size, grid, params.image_size) >= 1]
    if holding:
        return min(holding, key=lambda grid: canvas_scale(size, grid, params.image_size))
    return max(grids, key=lambda grid: canvas_scale(size, grid, params.image_size))


def plan(size: Size, params: Cohere2VisionParams) -> Plan:
    """Stretch the picture over the chosen grid, cut it row by row, and put the thumbnail last."""
    return stretched(best_grid(size, params), params.image_size, thumbnail=params.thumbnail)


def tokens(_size: Size, params: Cohere2VisionParams, plan: Plan) -> int:
    """A line break after the patches of each view, and one token before and after the picture."""
    return plan.total * (params.patch_size**2 + 1) + 2


def prompt(_size: Size, params: Cohere2VisionParams, plan: Plan) -> Prompt:
    """The placeholder for one picture: every view's patches, each view closed by a line break."""
    view = (("<|IMG_PATCH|>", params.patch_size**2), ("<|IMG_LINE_BREAK|>", 1))
    return (("<|START_OF_IMG|>", 1), *(view * plan.total), ("<|END_OF_IMG|>", 1))


def candidates(size: Size, params: Cohere2VisionParams) -> list[Candidate]:
    """Every grid, best first: those that hold the picture by their enlarging, then the others by their shrinking."""
    scales = [(grid, canvas_scale(size, grid, params.image_size)) for grid in candidate_grids(1, params.max_patches)]
    best = sorted(scales, key=lambda pair: (pair[1] < 1, abs(pair[1] - 1)))
    return [Candidate(grid, abs(scale - 1)) for grid, scale in best]


STRATEGY: Strategy[Cohere2VisionParams] = Strategy(
    params=Cohere2VisionParams,
    plan=plan,
    tokens=tokens,
    rule="the grid that enlarges least, the picture stretched over it",
    overview="last, above one tile",
    keeps_aspect=False,
    reference="transformers models/cohere2_vision (torch)",
    prompt=prompt,
    inputs=counted,
    pack=packed_and_counted,
    candidates=candidates,
)
