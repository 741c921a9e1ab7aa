"""Records made from plans alone, without a picture."""

from __future__ import annotations

from dynres_cli.geometry import Size
from dynres_cli.manifest import GridEntry, SizeEntry, TiledRecord
from dynres_cli.recipe import resolve


def planned_record(preset: str, size: Size, orientation: int = 1) -> TiledRecord:
    """The record of a picture of this size, turned upright from an orientation; without files."""
    recipe = resolve(preset)
    plan = recipe.plan(size)
    return TiledRecord(
        key="a.jpg",
        source="a.jpg",
        bytes=1,
        sha256="",
        format="JPEG",
        mode="RGB",
        width=size.width,
        height=size.height,
        orientation=orientation,
        oriented=orientation > 1,
        preset=preset,
        strategy=recipe.strategy_name,
        params=recipe.params_json,
        grid=GridEntry(plan.grid.cols, plan.grid.rows),
        canvas=SizeEntry(plan.canvas.width, plan.canvas.height) if plan.canvas else None,
        tiles=plan.tiles,
        thumbnail=plan.thumbnail,
        total=plan.total,
        tokens=1,
        flags=(),
        files=(),
    )
