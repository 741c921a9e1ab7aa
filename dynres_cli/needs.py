"""How much memory a picture takes once its plan is known: arithmetic, before anything is decoded."""

from __future__ import annotations

import math

from dynres_cli.facts import Facts
from dynres_cli.geometry import Plan, Size, Surface
from dynres_cli.peaks import DECODING_ROOM, LEVELS, peak_bytes
from dynres_cli.resample import REACH, first_pass, is_torch
from dynres_cli.sinks.npy import VALUE_BYTES, Dtype
from dynres_cli.sinks.tree import Writing
from dynres_cli.urls import is_url

FLOAT_PIXEL = 12
"""Bytes of three float32."""

STATES_OF_A_SURFACE = 2
"""As the resizer gives it, and on its canvas; without one this is room for the resizer's own work."""

BETWEEN_PIXEL, TAP = 4, 12
"""Bytes of a pixel between two passes, and of a weight: Pillow's own in the one, ours in the other take the most."""

CONVERTED_BYTES: dict[Dtype, int] = {"float16": 4, "bfloat16": 10}
"""For each value of the view that is converted: its float32; for bfloat16 also that rounded, and its upper half."""


def need(facts: Facts, plan: Plan, writing: Writing) -> int:
    """Bytes that this picture takes at its peak: decoding, its surfaces, its tensor and the files before writing."""
    return peak_bytes(facts) + resampling_bytes(Size(facts.width, facts.height), plan) + made_bytes(plan, writing)


def resampling_bytes(source: Size, plan: Plan) -> int:
    """Bytes that resizing takes beside its results and beyond what the decoder has given back when it begins.

    Of levels that is something only in very long pictures: a line of a million pixels is as wide as a tile between its
    two passes, and every tile that is made of it has millions of weights.
    """
    given_back = LEVELS * source.area + DECODING_ROOM  # by every decoder at the least, see peaks
    levels = sum(_passes_bytes(source, plan, each) for each in plan.surfaces if not is_torch(each.filter))
    return max(0, levels - given_back) + _float_bytes(source, plan)


def _passes_bytes(source: Size, plan: Plan, surface: Surface) -> int:
    """Bytes between the two passes of Pillow's resize, and of its weights.

    By the order of Pillow 12: that of 13 is another only where less than the source is between its passes.
    """
    parent = source if surface.of is None else plan.surfaces[surface.of].size
    cut, scaled = surface.region.size if surface.region else parent, surface.scaled
    rows_first = first_pass(cut, scaled, "pillow12", surface.first_axis) == "vertical"
    between = scaled.height * cut.width if rows_first else cut.height * scaled.width
    reach = REACH[surface.filter]
    weights = _weights(cut.width, scaled.width, reach) + _weights(cut.height, scaled.height, reach)
    return BETWEEN_PIXEL * between + TAP * weights


def _weights(length: int, target: int, reach: float) -> int:
    """How many weights take `length` inputs to `target` outputs at the most."""
    return target * (2 * math.ceil(reach * max(length / target, 1.0)) + 1)


def _float_bytes(source: Size, plan: Plan) -> int:
    """Bytes of pictures made of floats: rows between the two passes, then what is scaled, placed and normalised."""
    rows = {None: max(source.width, source.height)} | {at: each.size.height for at, each in enumerate(plan.surfaces)}
    between = sum(rows[each.of] * each.scaled.width for each in plan.surfaces if is_torch(each.filter))
    held = sum(each.size.area for each in plan.surfaces if each.space != "uint8" or is_torch(each.filter))
    return FLOAT_PIXEL * (between + 3 * held)


def made_bytes(plan: Plan, writing: Writing) -> int:
    """Bytes that a plan takes beside the decoded picture."""
    surfaces = LEVELS * plan.rendered_pixels * STATES_OF_A_SURFACE
    pictures = LEVELS * sum(_areas(plan)) if writing.tiles == "png" else 0
    return surfaces + tensor_bytes(plan, writing) + pictures


def tensor_bytes(plan: Plan, writing: Writing) -> int:
    """Bytes of a plan's tensor files, and of the view that is on its way into one."""
    if writing.tensor == "none":
        return 0
    values, largest = 3 * sum(_areas(plan)), 3 * max(_areas(plan))
    return values * VALUE_BYTES[writing.dtype] + largest * CONVERTED_BYTES.get(writing.dtype, 0)


def _areas(plan: Plan) -> list[int]:
    return [view.box.size.area for view in plan.views]


def uploading_bytes(plan: Plan, writing: Writing, out: str) -> int:
    """Bytes that the files take once more while they are on their way to an object store."""
    return made_bytes(plan, writing) if is_url(out) else 0
