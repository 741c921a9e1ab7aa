"""The record of a picture that was tiled, from what was seen of it on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dynres_cli.facts import Facts, Handling
from dynres_cli.fitting import all_flags
from dynres_cli.geometry import Plan, Size
from dynres_cli.items import Item
from dynres_cli.jsontext import raw, shown
from dynres_cli.manifest import FileEntry, GridEntry, SizeEntry, TiledRecord
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
