"""MiniCPM-V 4.6: MiniCPM-V's slicing with sides that are multiples of four patches, and a token count for each view.

Follows transformers, minicpmv4_6 (`MiniCPMV4_6ImageProcessorPil`, `MiniCPMV4_6Processor.replace_image_token`).
"""

from __future__ import annotations

from dataclasses import dataclass

from dynres_cli.geometry import Plan, Size
from dynres_cli.strategies.family import Candidate, Numbers, Packed, Prompt, Strategy
from dynres_cli.strategies.minicpmv import (
    Slicing,
    patch_grids,
    patch_strips,
    ranked,
    slice_candidates,
    slice_prompt,
    sliced,
)
from dynres_cli.strategies.packing import NumberArray
from dynres_cli.strategies.params import Params, choice, number

MERGES = {"16x": 4, "4x": 2}


@dataclass(frozen=True, slots=True)
class MiniCPMV46Params(Params):
    """The processor's own parameters; `downsample_mode` says how many patches become one token."""

    max_slice_nums: int = number(9, 1, 1000)
    scale_resolution: int = number(448, 14, 4096)
    patch_size: int = number(14, 1, 256)
    downsample_mode: str = choice("16x", "16x", "4x")
    use_image_id: bool = True


def _rule(params: MiniCPMV46Params) -> Slicing:
    divisor = params.patch_size * MERGES[params.downsample_mode]
    return Slicing(params.max_slice_nums, params.scale_resolution, divisor)


def _order(candidate: Candidate) -> tuple[float, int]:
    """Nearest first; of equals the one with more rows."""
    return candidate.distance, -candidate.grid.rows


def plan(size: Size, params: MiniCPMV46Params) -> Plan:
    """Slice the picture into the grid whose aspect ratio is nearest; of equals the one with more rows is taken."""
    best = min(slice_candidates(size, _rule(params)), key=_order, default=None)
    return sliced(size, best.grid if best else None, _rule(params))


def view_tokens(params: MiniCPMV46Params, plan: Plan) -> list[int]:
    """Tokens of each view: its patches, merged."""
    merged = MERGES[params.downsample_mode] ** 2
    return [rows * cols // merged for rows, cols in patch_grids(plan, params.patch_size)]


def tokens(_size: Size, params: MiniCPMV46Params, plan: Plan) -> int:
    """The tokens of all views; they differ with the size of the views."""
    return sum(view_tokens(params, plan))


def prompt(_size: Size, params: MiniCPMV46Params, plan: Plan) -> Prompt:
    """The placeholder of the first picture of a conversation."""
    return slice_prompt(plan, view_tokens(params, plan), "<|image_pad|>", image_id=params.use_image_id)


def inputs(_size: Size, params: MiniCPMV46Params, plan: Plan) -> dict[str, Numbers]:
    """Patch rows and columns of every view, rows and columns of the grid (0, 0 if not sliced), and the views."""
    return {
        "target_sizes": patch_grids(plan, params.patch_size),
        "grids": (plan.grid.rows, plan.grid.cols) if plan.thumbnail else (0, 0),
        "num_patches_per_image": plan.total,
    }


def pack(size: Size, params: MiniCPMV46Params, plan: Plan) -> dict[str, Packed]:
    """All views' patches in one strip, (1, 3, patch, length)."""
    stated = inputs(size, params, plan)
    return {
        "pixel_values": patch_strips(params.patch_size, "last", lead=1),
        "target_sizes": NumberArray(stated["target_sizes"], "int32"),
        "grids": NumberArray((stated["grids"],)),
        "num_patches_per_image": NumberArray((plan.total,)),
    }


def candidates(size: Size, params: MiniCPMV46Params) -> list[Candidate]:
    """Every grid that was considered, nearest first."""
    return ranked(slice_candidates(size, _rule(params)), _order)


STRATEGY = Strategy(
    params=MiniCPMV46Params,
    plan=plan,
    tokens=tokens,
    rule="MiniCPM-V's slices, sides snapped to four patches",
    overview="first, with slices",
    keeps_aspect=False,
    reference="transformers models/minicpmv4_6 (Pillow backend)",
    prompt=prompt,
    inputs=inputs,
    pack=pack,
    candidates=candidates,
    equal_views=False,
)
