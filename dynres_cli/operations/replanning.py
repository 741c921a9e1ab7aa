"""A record's plan, computed again from its preset, parameters and size, and held against what the record says."""

from __future__ import annotations

import json
from functools import lru_cache

from dynres_cli.errors import DynresError, Unsound
from dynres_cli.geometry import Plan, Size
from dynres_cli.jsontext import to_json
from dynres_cli.manifest import GridEntry, SizeEntry, TiledRecord
from dynres_cli.recipe import Recipe, resolve


def replanned(record: TiledRecord) -> Plan:
    """The plan that a picture was tiled by; RunError where this version makes another one of it."""
    try:
        plan = _recipe(record.preset, to_json(record.params)).plan(tiled_size(record))
    except (DynresError, ValueError) as error:
        raise _other_plan(record) from error
    boxes = {entry.view: entry.box for entry in record.files if entry.view is not None and entry.box is not None}
    if _told(record) != _made(plan) or any(_box(plan, view) != box for view, box in boxes.items()):
        raise _other_plan(record)
    return plan


@lru_cache(maxsize=64)
def _recipe(preset: str, params: str) -> Recipe:
    """The recipe of a preset and its parameters: one output's pictures nearly all have the same."""
    return resolve(preset, overrides=json.loads(params))


def _told(record: TiledRecord) -> tuple[object, ...]:
    return record.grid, record.canvas, record.tiles, record.thumbnail, record.total


def _made(plan: Plan) -> tuple[object, ...]:
    canvas = SizeEntry(plan.canvas.width, plan.canvas.height) if plan.canvas else None
    return GridEntry(plan.grid.cols, plan.grid.rows), canvas, plan.tiles, plan.thumbnail, plan.total


def tiled_size(record: TiledRecord) -> Size:
    """The picture's size in the frame that was tiled."""
    return Size(record.width, record.height)


def _box(plan: Plan, view: int) -> tuple[int, int, int, int] | None:
    if not 0 <= view < plan.total:
        return None
    box = plan.views[view].box
    return box.left, box.top, box.right, box.bottom


def _other_plan(record: TiledRecord) -> Unsound:
    message = (
        f"{record.key}: this dynres would not cut it as its record says, which was edited or comes from another "
        "version; see `dynres verify`, or tile it again"
    )
    return Unsound(message, "manifest")
