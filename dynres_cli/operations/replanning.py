"""A record's plan, computed again from its preset, parameters and size, and held against what the record says."""

from __future__ import annotations

from dynres_cli.errors import DynresError, RunError
from dynres_cli.geometry import Plan, Size
from dynres_cli.manifest import TiledRecord
from dynres_cli.recipe import resolve


def replanned(record: TiledRecord) -> Plan:
    """The plan that a picture was tiled by; RunError where this version makes another one of it."""
    try:
        plan = resolve(record.preset, overrides=record.params).plan(size_of(record))
    except (DynresError, ValueError) as error:
        raise _other_version(record) from error
    boxes = {entry.view: entry.box for entry in record.files if entry.view is not None and entry.box is not None}
    if plan.total != record.total or any(_box(plan, view) != box for view, box in boxes.items()):
        raise _other_version(record)
    return plan


def size_of(record: TiledRecord) -> Size:
    """The picture's size in the frame that was tiled."""
    return Size(record.width, record.height)


def _box(plan: Plan, view: int) -> tuple[int, int, int, int] | None:
    if not 0 <= view < plan.total:
        return None
    box = plan.views[view].box
    return box.left, box.top, box.right, box.bottom


def _other_version(record: TiledRecord) -> RunError:
    message = (
        f"{record.key}: this dynres would not cut it as its record says; "
        "use the version that the manifest names, or tile it again"
    )
    return RunError(message, "manifest")
