"""What a test says about a plan: grid, views and tokens in a line that can be laid beside a reference's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynres_cli.geometry import Plan, Size
from dynres_cli.recipe import Recipe, resolve

Sides = tuple[int, int]


def planned(preset: str, size: Sides, **overrides: object) -> tuple[Recipe, Plan]:
    """The recipe of a preset, and its plan for a picture of (width, height)."""
    recipe = resolve(preset, overrides=overrides)
    return recipe, recipe.plan(Size(*size))


def told(preset: str, size: Sides, **overrides: object) -> tuple[Sides, Sides, Sides, int, int]:
    """Grid, size of the first view, size of the last, number of views, tokens."""
    recipe, plan = planned(preset, size, **overrides)
    first, last = plan.views[0].box.size, plan.views[-1].box.size
    return (
        (plan.grid.cols, plan.grid.rows),
        (first.width, first.height),
        (last.width, last.height),
        plan.total,
        recipe.tokens(Size(*size), plan),
    )


def inputs(preset: str, size: Sides) -> Mapping[str, Any]:
    """What the model is given beside pixels."""
    recipe, plan = planned(preset, size)
    assert recipe.strategy.inputs is not None
    return recipe.strategy.inputs(Size(*size), recipe.params, plan)


def prompt(preset: str, size: Sides, **overrides: object) -> str:
    """The placeholder text, written out."""
    recipe, plan = planned(preset, size, **overrides)
    assert recipe.strategy.prompt is not None
    return "".join(text * times for text, times in recipe.strategy.prompt(Size(*size), recipe.params, plan))
