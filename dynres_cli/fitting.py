"""How a plan fits its picture: how much larger its tiles show it, and what is to be said of that."""

from __future__ import annotations

from dynres_cli.errors import NotTileable
from dynres_cli.facts import Facts, Handling
from dynres_cli.flags import fit_flags, flags
from dynres_cli.geometry import Grid, Plan, Size, to_source
from dynres_cli.recipe import Recipe


def all_flags(
    facts: Facts, handling: Handling, recipe: Recipe, plan: Plan, *, truncated: bool = False
) -> tuple[str, ...]:
    """Every flag of a picture in the order of the design."""
    flipped = facts.orientation >= 5 and _grid_if_upright(facts, recipe) != plan.grid
    fit = fit_flags(*scales(plan, facts.tiled_size(handling)))
    return flags(facts, handling, fit, truncated=truncated, grid_flipped=flipped)


def _grid_if_upright(facts: Facts, recipe: Recipe) -> Grid | None:
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
