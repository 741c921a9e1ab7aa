"""Idefics3 and SmolVLM: the longest edge first, then whole tiles, then the overview, each made from the one before.

Follows transformers, models/idefics3 and models/smolvlm (`get_resize_output_image_size`, `resize_for_vision_encoder`,
`split_images`), the Pillow backend.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dynres_cli.errors import NotTileable
from dynres_cli.geometry import Grid, Plan, Size, Surface, overview, tile_views
from dynres_cli.strategies.family import Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.packing import NumberArray, PixelArray
from dynres_cli.strategies.params import Params, number

# The reference never makes a picture with a longer edge, whatever longest_edge says.
LONGEST_EDGE_EVER = 4096


@dataclass(frozen=True, slots=True)
class Idefics3Params(Params):
    """`longest_edge` is the reference's size, `max_image_size` the side of a tile, `image_seq_len` a view's tokens."""

    longest_edge: int = number(1456, 1, 16384)
    max_image_size: int = number(364, 14, 4096)
    do_image_splitting: bool = True
    image_seq_len: int = number(169, 1, 10_000)


def with_longest_edge(size: Size, longest: int) -> Size:
    """The picture with this longest edge, enlarged if need be; the other edge is rounded up to an even number."""
    if size.width >= size.height:
        short = int(longest / size.aspect)
        scaled = Size(longest, max(short + short % 2, 1))
    else:
        short = int(longest * size.aspect)
        scaled = Size(max(short + short % 2, 1), longest)
    return _capped(scaled)


def _capped(size: Size) -> Size:
    """The size below the reference's absolute maximum; here the other edge may be odd."""
    if max(size.width, size.height) <= LONGEST_EDGE_EVER:
        return size
    if size.width >= size.height:
        return Size(LONGEST_EDGE_EVER, max(int(LONGEST_EDGE_EVER / size.aspect), 1))
    return Size(max(int(LONGEST_EDGE_EVER * size.aspect), 1), LONGEST_EDGE_EVER)


def tiles_covering(size: Size, side: int) -> Grid:
    """The grid of whole tiles: the longer edge rounded up, the other from the rounded one, then rounded up itself."""
    if size.width >= size.height:
        cols = math.ceil(size.width / side)
        rows = math.ceil(int(cols * side / size.aspect) / side)
    else:
        rows = math.ceil(size.height / side)
        cols = math.ceil(int(rows * side * size.aspect) / side)
    if cols == 0 or rows == 0:
        msg = (
            f"a picture of {size} (after its longest edge was set) rounds to no tile at all; Idefics3 cannot resize it"
        )
        raise NotTileable(msg)
    return Grid(cols, rows)


def plan(size: Size, params: Idefics3Params) -> Plan:
    """Three Lanczos resamplings in a row: the longest edge, whole tiles, and the overview last."""
    tile = Size(params.max_image_size, params.max_image_size)
    first = Surface(with_longest_edge(size, params.longest_edge), filter="lanczos")
    grid = tiles_covering(first.scaled, tile.width) if params.do_image_splitting else Grid(1, 1)
    second = Surface(grid.times(tile.width), of=0, filter="lanczos")
    tiles = tile_views(1, grid, tile)
    if grid.tiles == 1:
        return Plan(grid, (first, second), tiles)
    return Plan(grid, (first, second, Surface(tile, of=1, filter="lanczos")), (*tiles, overview(2, tile)))


def tokens(_size: Size, params: Idefics3Params, plan: Plan) -> int:
    """The placeholders and their markers: two for every tile, one for every row of them, three for the overview."""
    each, (rows, cols) = params.image_seq_len, _rows_and_cols(plan)
    return each + 3 + rows * ((each + 2) * cols + 1)


def prompt(_size: Size, params: Idefics3Params, plan: Plan) -> Prompt:
    """A marker and its place before every tile, a line for every row, then the global view between two markers."""
    edge, images = ("<fake_token_around_image>", 1), ("<image>", params.image_seq_len)
    whole: Prompt = (edge, ("<global-img>", 1), images, edge)
    if not plan.thumbnail:
        return whole
    runs: list[tuple[str, int]] = []
    for row in range(1, plan.grid.rows + 1):
        for col in range(1, plan.grid.cols + 1):
            runs += [edge, (f"<row_{row}_col_{col}>", 1), images]
        runs.append(("\n", 1))
    return (*runs, ("\n", 1), *whole)


def inputs(_size: Size, params: Idefics3Params, plan: Plan) -> dict[str, Numbers]:
    """Rows and columns of tiles, both 0 for a picture that is not split; what each mask covers, the whole view."""
    rows, cols = _rows_and_cols(plan)
    side = params.max_image_size
    return {"rows": rows, "cols": cols, "pixel_attention_mask": ((side, side),) * plan.total}


def pack(_size: Size, params: Idefics3Params, plan: Plan) -> dict[str, Packed]:
    """All views under an axis for the batch, and a mask without a hole: only a batch has padding."""
    side = params.max_image_size
    return {
        "pixel_values": PixelArray(lead=1),
        "pixel_attention_mask": NumberArray(1, shape=(1, plan.total, side, side)),
    }


def _rows_and_cols(plan: Plan) -> tuple[int, int]:
    return (plan.grid.rows, plan.grid.cols) if plan.thumbnail else (0, 0)


STRATEGY: Strategy[Idefics3Params] = Strategy(
    params=Idefics3Params,
    plan=plan,
    tokens=tokens,
    rule="the longest edge set, both sides rounded up to whole tiles",
    overview="last, above one tile",
    keeps_aspect=False,
    reference="transformers models/idefics3, models/smolvlm (Pillow backend)",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
)
