"""InternVL's dynamic preprocessing: the grid nearest to the picture's aspect ratio, then a thumbnail.

Follows OpenGVLab/InternVL, README.md (`load_image`, `dynamic_preprocess`, `find_closest_aspect_ratio`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from dynres_cli.geometry import Grid, Plan, Size, Surface, overview, tile_views
from dynres_cli.strategies.family import Candidate, Prompt, Strategy
from dynres_cli.strategies.packing import counted, packed_and_counted
from dynres_cli.strategies.params import Params, number, ordered


@dataclass(frozen=True, slots=True)
class InternVLParams(Params):
    """InternVL's own parameters; a thumbnail is added only above one tile."""

    image_size: int = number(448, 14, 4096)
    min_num: int = number(1, 1, 1000)
    max_num: int = number(12, 1, 1000)
    thumbnail: bool = True

    def __post_init__(self) -> None:
        Params.__post_init__(self)
        ordered("min_num", self.min_num, "max_num", self.max_num)


@lru_cache(maxsize=64)
def candidate_grids(min_num: int, max_num: int) -> tuple[Grid, ...]:
    """Every grid of min_num to max_num tiles, smallest first, grids of one area in CPython's set order.

    The reference loops over a set and sorts it by area alone, so the hash order of small tuples decides which of two
    grids of one area is tried first. A real set, filled in the reference's order, is therefore part of the rule. Pairs
    that the reference would add a second time change nothing and are left out.
    """
    found: set[tuple[int, int]] = set()
    for n in range(min_num, max_num + 1):
        for cols in range(1, n + 1):
            newest_row = 1 if n in (min_num, cols) else n
            for rows in range(newest_row, min(n, max_num // cols) + 1):
                if min_num <= cols * rows:
                    found.add((cols, rows))
    return tuple(Grid(cols, rows) for cols, rows in sorted(found, key=lambda grid: grid[0] * grid[1]))


def closest_grid(size: Size, grids: tuple[Grid, ...], side: int) -> Grid:
    """The grid whose aspect ratio is nearest; of equal distance the later, larger one, if the picture is big enough."""
    best, best_distance = Grid(1, 1), float("inf")
    aspect, area = size.aspect, size.area
    for grid in grids:
        distance = abs(aspect - grid.cols / grid.rows)
        closer = distance < best_distance
        tie_and_big_enough = distance == best_distance and area > 0.5 * side * side * grid.cols * grid.rows
        if closer or tie_and_big_enough:
            best, best_distance = grid, distance
    return best


def plan(size: Size, params: InternVLParams) -> Plan:
    """Stretch the picture over the chosen grid, cut it row by row, and put the thumbnail last."""
    grid = closest_grid(size, candidate_grids(params.min_num, params.max_num), params.image_size)
    return stretched(grid, params.image_size, thumbnail=params.thumbnail)


def largest(params: InternVLParams) -> Plan:
    """All the tiles that are allowed."""
    return stretched(Grid(params.max_num, 1), params.image_size, thumbnail=params.thumbnail)


def stretched(grid: Grid, side: int, *, thumbnail: bool) -> Plan:
    """The plan that stretches the whole picture over a grid of square tiles; the thumbnail comes last."""
    tile = Size(side, side)
    canvas = Surface(grid.times(side))
    tiles = tile_views(0, grid, tile)
    if not thumbnail or grid.tiles == 1:
        return Plan(grid, (canvas,), tiles)
    return Plan(grid, (canvas, Surface(tile)), (*tiles, overview(1, tile)))


def tokens(_size: Size, params: InternVLParams, plan: Plan) -> int:
    """A quarter of the tile's 14-pixel patches for every view: 256 at 448 pixels."""
    return plan.total * tokens_per_view(params)


def tokens_per_view(params: InternVLParams) -> int:
    """The reference's int((image_size // 14) ** 2 * 0.5 ** 2)."""
    return int((params.image_size // 14) ** 2 * 0.25)


def prompt(size: Size, params: InternVLParams, plan: Plan) -> Prompt:
    """The placeholder that the chat template puts for one picture."""
    return (("<img>", 1), ("<IMG_CONTEXT>", tokens(size, params, plan)), ("</img>", 1))


def candidates(size: Size, params: InternVLParams) -> list[Candidate]:
    """Every grid that was compared, nearest first."""
    return by_distance(size, candidate_grids(params.min_num, params.max_num))


def by_distance(size: Size, grids: tuple[Grid, ...]) -> list[Candidate]:
    """Grids by how far their aspect ratio is from the picture's; of equals the smaller one first."""
    return sorted(
        (Candidate(grid, abs(size.aspect - grid.aspect)) for grid in grids),
        key=lambda candidate: (candidate.distance, candidate.grid.tiles),
    )


STRATEGY: Strategy[InternVLParams] = Strategy(
    params=InternVLParams,
    plan=plan,
    tokens=tokens,
    rule="the grid nearest to the picture's aspect ratio, stretched over it",
    overview="last, above one tile",
    keeps_aspect=False,
    reference="OpenGVLab/InternVL README.md",
    prompt=prompt,
    inputs=counted,
    pack=packed_and_counted,
    candidates=candidates,
    largest=largest,
)
