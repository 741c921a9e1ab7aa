"""Eagle 2 and Nemotron-VL: the grid that scores best in area and aspect ratio together, then a thumbnail.

Follows NVlabs/Eagle (`find_closest_aspect_ratio_v2`, `dynamic_preprocess`) and vLLM's processors/nemotron_vl.py, which
is the same rule with other sides and tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

from dynres_cli.geometry import Grid, Plan, Size
from dynres_cli.strategies.family import Candidate, Prompt, Strategy
from dynres_cli.strategies.internvl import candidate_grids, stretched
from dynres_cli.strategies.params import Params, number, ordered

ENOUGH_AREA = 0.6
"""A canvas of this share of the picture's area scores as well as any larger one."""


@dataclass(frozen=True, slots=True)
class Eagle2Params(Params):
    """Eagle's tile side and limits; a thumbnail is added only above one tile."""

    image_size: int = number(448, 14, 4096)
    min_num: int = number(1, 1, 1000)
    max_num: int = number(12, 1, 1000)
    thumbnail: bool = True
    patch_size: int = number(14, 1, 256)

    def __post_init__(self) -> None:
        Params.__post_init__(self)
        ordered("min_num", self.min_num, "max_num", self.max_num)


@dataclass(frozen=True, slots=True)
class NemotronVLParams(Eagle2Params):
    """The same with Nemotron's tile of 512 pixels and its encoder's patch of 16."""

    image_size: int = number(512, 16, 4096)
    patch_size: int = number(16, 1, 256)


def score(size: Size, grid: Grid, side: int) -> float:
    """The kept share of the area, at most 0.6, times the ratio of the aspect ratios; larger is better.

    The order of the multiplications is the reference's: grids of one area tie up to the last bit.
    """
    area = min((grid.cols * grid.rows * side * side) / size.area, ENOUGH_AREA)
    return area * min(grid.aspect / size.aspect, size.aspect / grid.aspect)


def plan(size: Size, params: Eagle2Params) -> Plan:
    """Stretch the picture over the first grid of the best score, cut it row by row, and put the thumbnail last."""
    grids = candidate_grids(params.min_num, params.max_num)
    best = max(grids, key=lambda grid: score(size, grid, params.image_size))
    return stretched(best, params.image_size, thumbnail=params.thumbnail)


def tokens(_size: Size, params: Eagle2Params, plan: Plan) -> int:
    """A quarter of the patches for every view: 256 for both models."""
    return plan.total * int((params.image_size // params.patch_size) ** 2 * 0.25)


def prompt(size: Size, params: Eagle2Params, plan: Plan) -> Prompt:
    """The placeholder for one picture."""
    return (("<img>", 1), ("<IMG_CONTEXT>", tokens(size, params, plan)), ("</img>", 1))


def nemotron_prompt(size: Size, params: NemotronVLParams, plan: Plan) -> Prompt:
    """The same with Nemotron's own name for the context token."""
    return (("<img>", 1), ("<image>", tokens(size, params, plan)), ("</img>", 1))


def candidates(size: Size, params: Eagle2Params) -> list[Candidate]:
    """Every grid that was compared, best first; the distance is what its score lacks of the best possible."""
    grids = candidate_grids(params.min_num, params.max_num)
    scored = [Candidate(grid, ENOUGH_AREA - score(size, grid, params.image_size)) for grid in grids]
    return sorted(scored, key=lambda candidate: candidate.distance)


NEMOTRON_VL: Strategy[NemotronVLParams] = Strategy(
    params=NemotronVLParams,
    plan=plan,
    tokens=tokens,
    rule="the grid of the best score in area times aspect ratio, stretched over it",
    overview="last, above one tile",
    keeps_aspect=False,
    reference="vllm-project/vllm transformers_utils/processors/nemotron_vl.py",
    prompt=nemotron_prompt,
    candidates=candidates,
)


STRATEGY: Strategy[Eagle2Params] = Strategy(
    params=Eagle2Params,
    plan=plan,
    tokens=tokens,
    rule="the grid of the best score in area times aspect ratio, stretched over it",
    overview="last, above one tile",
    keeps_aspect=False,
    reference="NVlabs/Eagle Eagle2_5/eaglevl/train/dataset.py",
    prompt=prompt,
    candidates=candidates,
)
