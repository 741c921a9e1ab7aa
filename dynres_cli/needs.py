"""How much memory a picture takes once its plan is known: arithmetic, before anything is decoded."""

from __future__ import annotations

from dynres_cli.facts import Facts, peak_bytes
from dynres_cli.geometry import Plan, Size
from dynres_cli.resample import is_torch
from dynres_cli.sinks.tree import Writing
from dynres_cli.urls import is_url

FLOAT_PIXEL = 12
"""Bytes of three float32."""


def need(facts: Facts, plan: Plan, writing: Writing) -> int:
    """Bytes that this picture takes at its peak: decoding, its surfaces, its tensor and the files before writing."""
    return peak_bytes(facts) + resampling_bytes(Size(facts.width, facts.height), plan) + made_bytes(plan, writing)


def resampling_bytes(source: Size, plan: Plan) -> int:
    """Bytes of pictures made of floats: rows between the two passes, then what is scaled, placed and normalised."""
    rows = {None: max(source.width, source.height)} | {at: each.size.height for at, each in enumerate(plan.surfaces)}
    between = sum(rows[each.of] * each.scaled.width for each in plan.surfaces if is_torch(each.filter))
    held = sum(each.size.area for each in plan.surfaces if each.space != "uint8" or is_torch(each.filter))
    return FLOAT_PIXEL * (between + 3 * held)


def made_bytes(plan: Plan, writing: Writing) -> int:
    """Bytes that a plan takes beside the decoded picture."""
    values = sum(view.box.size.area for view in plan.views) * 3
    tensor = values * 4 if writing.tensor == "npy" else 0
    pictures = values if writing.tiles == "png" else 0
    return 3 * plan.rendered_pixels * 2 + tensor + pictures


def uploading_bytes(plan: Plan, writing: Writing, out: str) -> int:
    """Bytes that the files take once more while they are on their way to an object store."""
    return made_bytes(plan, writing) if is_url(out) else 0
