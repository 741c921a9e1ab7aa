"""Plans as small drawings for notebooks: inline SVG, by the standard library alone."""

from __future__ import annotations

from html import escape

from dynres_cli.geometry import Box, Plan, Size

LONGEST = 320
"""Pixels of the drawing's longer side."""
GAP = 12


def plan_html(plan: Plan, caption: str = "") -> str:
    """A plan's tiles on their canvas, numbered in the model's order, the overview beside them, and its facts."""
    tiles = _places(plan)
    canvas = plan.canvas or _around([box for _, box in tiles])
    scale = LONGEST / max(canvas.width, canvas.height)
    parts = [_rectangle(box, scale, str(number)) for number, box in tiles]
    width, height = canvas.width * scale, canvas.height * scale
    overview = next((number for number, view in enumerate(plan.views) if view.role == "overview"), None)
    if overview is not None:
        size = plan.views[overview].box.size
        side = min(1.0, 100 / max(size.width, size.height))
        left = width + GAP
        parts.append(_rectangle(_moved(size, left / side), side, str(overview), dashed=True))
        width, height = left + size.width * side, max(height, size.height * side)
    facts = " · ".join(filter(None, (caption, describe(plan))))
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 2:.0f}" height="{height + 2:.0f}" '
        f'viewBox="-1 -1 {width + 2:.1f} {height + 2:.1f}" role="img">{"".join(parts)}</svg>'
    )
    return f"<figure>{drawing}<figcaption>{escape(facts)}</figcaption></figure>"


def describe(plan: Plan) -> str:
    """A plan in a line of words."""
    canvas = f" on {plan.canvas}" if plan.canvas else ""
    overview = ""
    if plan.thumbnail:
        overview = f" + thumbnail {'first' if plan.views[0].role == 'overview' else 'last'}"
    return f"grid {plan.grid}{canvas} · {plan.tiles} tile{'' if plan.tiles == 1 else 's'}{overview} = {plan.total}"


def _places(plan: Plan) -> list[tuple[int, Box]]:
    """Where each tile of the plan's own grid is drawn: on the canvas, or side by side where there is none."""
    found = plan.grid_tiles
    if plan.canvas is not None or not found:
        return [(number, view.box) for number, view in found.items()]
    sizes = [view.box.size for view in found.values()]
    wide, high = max(size.width for size in sizes), max(size.height for size in sizes)
    return [
        (number, Box(view.col * wide, view.row * high, (view.col + 1) * wide, (view.row + 1) * high))
        for number, view in found.items()
    ]


def _around(boxes: list[Box]) -> Size:
    return Size(max((box.right for box in boxes), default=1), max((box.bottom for box in boxes), default=1))


def _moved(size: Size, left: float) -> Box:
    return Box(round(left), 0, round(left) + size.width, size.height)


def _rectangle(box: Box, scale: float, label: str, *, dashed: bool = False) -> str:
    """A box with its number in the middle, in the page's own colour."""
    x, y = box.left * scale, box.top * scale
    width, height = box.size.width * scale, box.size.height * scale
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    font = max(min(width, height, 40) * 0.4, 4)
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="currentColor" fill-opacity="0.06" stroke="currentColor"{dash}/>'
        f'<text x="{x + width / 2:.1f}" y="{y + height / 2:.1f}" font-size="{font:.0f}" fill="currentColor" '
        f'text-anchor="middle" dominant-baseline="central">{label}</text>'
    )
