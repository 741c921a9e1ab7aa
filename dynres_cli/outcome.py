"""The record of a picture that was tiled, from what was seen of it on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dynres_cli.errors import NotTileable
from dynres_cli.facts import Facts, Handling, fit_flags, flags, last_flags
from dynres_cli.geometry import Plan, Size, to_source
from dynres_cli.items import Item
from dynres_cli.manifest import FileEntry, GridEntry, SizeEntry, TiledRecord, raw, shown
from dynres_cli.opening import Source
from dynres_cli.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture on its way: its bytes, its header's facts, its plan and how its pixels were read."""

    source: Source
    facts: Facts
    plan: Plan
    handling: Handling
    truncated: bool = False


def tiled_record(
    item: Item, recipe: Recipe, seen: Seen, files: Sequence[FileEntry], options: Mapping[str, Any]
) -> TiledRecord:
    """What grid.json and the manifest say of this picture."""
    facts, plan = seen.facts, seen.plan
    size = facts.tiled_size(seen.handling)
    extra = model_inputs(recipe, size, plan)
    return TiledRecord(
        key=shown(item.key),
        source=shown(item.source),
        raw=raw(item.key),
        frame=item.frame,
        bytes=facts.bytes,
        sha256=seen.source.sha256,
        format=facts.format,
        mode=facts.mode,
        width=size.width,
        height=size.height,
        orientation=facts.orientation,
        oriented=facts.oriented(seen.handling),
        preset=recipe.preset,
        strategy=recipe.strategy_name,
        params=recipe.params_json,
        options=options or None,
        grid=GridEntry(plan.grid.cols, plan.grid.rows),
        canvas=SizeEntry(plan.canvas.width, plan.canvas.height) if plan.canvas else None,
        tiles=plan.tiles,
        thumbnail=plan.thumbnail,
        total=plan.total,
        tokens=recipe.tokens(size, plan),
        flags=all_flags(facts, seen.handling, recipe, plan, truncated=seen.truncated),
        inputs=extra,
        prompt=recipe.prompt(size, plan),
        files=tuple(files),
    )


def model_inputs(recipe: Recipe, size: Size, plan: Plan) -> Mapping[str, Any] | None:
    """What the model needs beside pixels, under its own names; None where it needs nothing more."""
    stated = recipe.strategy.inputs
    return dict(stated(size, recipe.params, plan)) if stated else None


def all_flags(
    facts: Facts, handling: Handling, recipe: Recipe, plan: Plan, *, truncated: bool = False
) -> tuple[str, ...]:
    """Every flag of a picture in the order of the design."""
    flipped = _grid_if_upright(facts, recipe) != plan.grid if facts.orientation >= 5 else False
    read = flags(facts, handling, truncated=truncated, grid_flipped=flipped)
    return read + fit_flags(*scales(plan, facts.tiled_size(handling))) + last_flags(facts)


def _grid_if_upright(facts: Facts, recipe: Recipe) -> object:
    try:
        return recipe.plan(facts.upright_size()).grid
    except NotTileable:
        return None


def scales(plan: Plan, size: Size) -> tuple[float, float]:
    """How much larger the tiles show the picture than it is, by axis."""
    back = to_source(plan, size, measured_surface(plan))
    return float(1 / back.scale_x), float(1 / back.scale_y)


def measured_surface(plan: Plan) -> int:
    """The surface whose scale is told: that of the first tile."""
    return next((view for view in plan.views if view.role == "tile"), plan.views[0]).surface
