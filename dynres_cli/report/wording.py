"""What the model sees of one picture, told in two or three sentences to someone who has never heard of tiles."""

from __future__ import annotations

from dynres_cli.fitting import measured_surface, scales
from dynres_cli.geometry import Plan, Size, View, content_box
from dynres_cli.operations.inspecting import Inspection
from dynres_cli.strategies import FAMILIES, load

CLOSE = 1.05
"""Scales within this factor count as equal, as they do for flags."""


def in_words(result: Inspection) -> str:
    """How many pictures of which size, what becomes of this one on the way, and the cost."""
    plan = result.plan
    seen = _alone(result) if plan.total == 1 else _several(result)
    return f"{seen} {'It costs' if plan.total == 1 else 'Together they cost'} {result.tokens:,} tokens."


def _alone(result: Inspection) -> str:
    made = result.plan.views[0].box.size
    return f"The model sees one picture of {made}: the whole of it, {_fitted(result, '')}."


def _several(result: Inspection) -> str:
    plan = result.plan
    return f"The model sees {plan.total} pictures: {_order(plan)}. For the tiles it is {_cut(result)}."


def _order(plan: Plan) -> str:
    """The views in the model's order, by kind."""
    tiles = [view for view in plan.views if view.role == "tile"]
    parts = [f"{_number(len(tiles), 'tile')}{_of_size(tiles)} cut from this one, numbered below"]
    overview = next((view for view in plan.views if view.role == "overview"), None)
    if overview is not None:
        whole = f"the whole of it as {overview.box.size}"
        parts = [whole, *parts] if plan.views[0].role == "overview" else [*parts, whole]
    return ", then ".join(parts)


def _of_size(tiles: list[View]) -> str:
    sizes = {view.box.size for view in tiles}
    return f" of {sizes.pop()}" if len(sizes) == 1 else " of several sizes"


def _cut(result: Inspection) -> str:
    grid, canvas = result.plan.grid, result.plan.canvas
    shape = f"{_number(grid.cols, 'column')} and {_number(grid.rows, 'row')}"
    if canvas is None:
        return f"cut into {shape}, each resized by itself"
    layers = {view.layer for view in result.plan.views if view.role == "tile"}
    again = f", and by {len(layers) - 1} more grid{'s' if len(layers) > 2 else ''}" if len(layers) > 1 else ""
    to = f" to {canvas}"
    return f"{_fitted(result, to)} and cut into {shape}{again}"


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _fitted(result: Inspection, to: str) -> str:
    """What becomes of the picture: enlarged or reduced, squashed, padded; `to` names the size that it gets."""
    plan, size = result.plan, result.size
    across, down = scales(plan, size)
    most, least = max(across, down), min(across, down)
    if most / least > CLOSE:
        how = f"stretched{to} (its width {_times(across)}, its height {_times(down)})"
    elif most > CLOSE:
        how = f"enlarged {most:.1f} times{to}"
    elif least < 1 / CLOSE:
        how = f"reduced{to}"
    else:
        how = "kept at about its size"
    return f"{how} with bars beside it" if padded(plan, size) else how


def _times(scale: float) -> str:
    return f"{scale:.2g} times" if scale < 10 else f"{scale:.0f} times"


def padded(plan: Plan, size: Size) -> bool:
    """Whether bars fill a part of the canvas; the odd column or row that rounding leaves is none."""
    surface = measured_surface(plan)
    canvas, box = plan.surfaces[surface].size, content_box(plan, size, surface)
    return box[0] > 1 or box[1] > 1 or box[2] < canvas.width - 1 or box[3] < canvas.height - 1


def about_views(strategy: str) -> str:
    """What the pages of a report show, and how the family cuts; a family of another version is left unexplained."""
    seen = (
        "The model is fed the small pictures, its views, in the order of their numbers. "
        "A tile is a piece of the picture: the numbered boxes show which. The thumbnail is the whole of it in one view."
    )
    if strategy not in FAMILIES:
        return seen
    family = load(strategy)
    return f"{seen} How this family cuts: {family.rule}. Thumbnail: {family.overview}."
