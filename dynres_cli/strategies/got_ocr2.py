"""GOT-OCR2 and Aya Vision: InternVL's rule with the candidates in plain list order, and texts of their own.

Follows transformers, models/got_ocr2 (`get_optimal_tiled_canvas`) and models/aya_vision/processing_aya_vision.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from dynres_cli.geometry import Grid, Plan, Size
from dynres_cli.strategies.family import Candidate, Prompt, Strategy
from dynres_cli.strategies.internvl import by_distance, closest_grid, stretched
from dynres_cli.strategies.packing import counted, packed_and_counted
from dynres_cli.strategies.params import Params, number, ordered

AYA_PATCH = 28
"""Patches of 14 pixels, merged two by two."""


@dataclass(frozen=True, slots=True)
class GotOcr2Params(Params):
    """The image processor's own parameters; a thumbnail is added only above one tile."""

    image_size: int = number(1024, 14, 4096)
    min_patches: int = number(1, 1, 1000)
    max_patches: int = number(12, 1, 1000)
    thumbnail: bool = True

    def __post_init__(self) -> None:
        Params.__post_init__(self)
        ordered("min_patches", self.min_patches, "max_patches", self.max_patches)


@lru_cache(maxsize=64)
def candidate_grids(min_patches: int, max_patches: int) -> tuple[Grid, ...]:
    """Every grid of min_patches to max_patches tiles, smallest first; of one area the one with fewer columns first."""
    grids = (
        Grid(cols, rows)
        for cols in range(1, max_patches + 1)
        for rows in range(1, max_patches // cols + 1)
        if cols * rows >= min_patches
    )
    return tuple(sorted(grids, key=lambda grid: grid.tiles))


def plan(size: Size, params: GotOcr2Params) -> Plan:
    """Stretch the picture over the chosen grid, cut it row by row, and put the thumbnail last."""
    grids = candidate_grids(params.min_patches, params.max_patches)
    return stretched(closest_grid(size, grids, params.image_size), params.image_size, thumbnail=params.thumbnail)


def tokens(_size: Size, _params: GotOcr2Params, plan: Plan) -> int:
    """The processor's 256 for every view, whatever its side."""
    return 256 * plan.total


def prompt(size: Size, params: GotOcr2Params, plan: Plan) -> Prompt:
    """One run of placeholders for all views."""
    return (("<img>", 1), ("<imgpad>", tokens(size, params, plan)), ("</img>", 1))


def aya_tokens(_size: Size, params: GotOcr2Params, plan: Plan) -> int:
    """Aya's merged patches: 169 a view at 364 pixels."""
    return (params.image_size // AYA_PATCH) ** 2 * plan.total


def aya_prompt(_size: Size, params: GotOcr2Params, plan: Plan) -> Prompt:
    """Every tile under its number; the last view is the global one, also where it is the only one."""
    patches = ("<|IMG_PATCH|>", (params.image_size // AYA_PATCH) ** 2)
    tiles = (run for index in range(1, plan.total) for run in ((f"TILE_{index}", 1), patches))
    return (("<|START_OF_IMG|>", 1), *tiles, ("TILE_GLOBAL", 1), patches, ("<|END_OF_IMG|>", 1))


def candidates(size: Size, params: GotOcr2Params) -> list[Candidate]:
    """Every grid that was compared, nearest first."""
    return by_distance(size, candidate_grids(params.min_patches, params.max_patches))


STRATEGY: Strategy[GotOcr2Params] = Strategy(
    params=GotOcr2Params,
    plan=plan,
    tokens=tokens,
    rule="InternVL's grid, candidates of one area in list order",
    overview="last, above one tile",
    keeps_aspect=False,
    reference="transformers models/got_ocr2 (Pillow backend)",
    prompt=prompt,
    inputs=counted,
    pack=packed_and_counted,
    candidates=candidates,
)


AYA_VISION: Strategy[GotOcr2Params] = Strategy(
    params=GotOcr2Params,
    plan=plan,
    tokens=aya_tokens,
    rule="GOT-OCR2's grid, every tile under a tag of its own",
    overview="last, above one tile",
    keeps_aspect=False,
    reference="transformers models/aya_vision, models/got_ocr2 (Pillow backend)",
    prompt=aya_prompt,
    inputs=counted,
    pack=packed_and_counted,
    candidates=candidates,
)
