"""What `dynres inspect` shows of a picture: its facts, its grid drawn, and why that grid."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from dynres_cli.fitting import measured_surface
from dynres_cli.geometry import Plan, Size, content_box
from dynres_cli.jsontext import raw, shown, to_json
from dynres_cli.operations.inspecting import Inspection, NotInspected
from dynres_cli.report.drawing import Drawing, beside, cell_of, grid_lines
from dynres_cli.report.meanings import meaning
from dynres_cli.report.text import count, file_size, safe
from dynres_cli.report.wording import in_words
from dynres_cli.strategies import Candidate
from dynres_cli.urls import discreet

if TYPE_CHECKING:
    from dynres_cli.operations.glimpsing import Glimpse

SHOWN_CANDIDATES = 5
ROOM = Size(36, 14)
WORDS = 44
"""Characters that stand beside the drawn grid."""


def as_json(result: Inspection | NotInspected) -> str:
    """One line of JSON; the fields are a contract."""
    if isinstance(result, NotInspected):
        return to_json(failed_fields(result))
    plan = result.plan
    canvas = plan.canvas
    return to_json(
        {
            **source_fields(result),
            "status": "ok",
            "width": result.size.width,
            "height": result.size.height,
            "preset": result.recipe.preset,
            "strategy": result.recipe.strategy_name,
            "grid": {"cols": plan.grid.cols, "rows": plan.grid.rows},
            "canvas": canvas and {"width": canvas.width, "height": canvas.height},
            "tiles": plan.tiles,
            "thumbnail": plan.thumbnail,
            "total": plan.total,
            "tokens": result.tokens,
            "flags": list(result.flags),
        }
    )


def source_fields(result: Inspection | NotInspected) -> dict[str, str | int]:
    """Which picture it is; of a name that is no UTF-8 also its bytes, as in a record."""
    fields = {"source": shown(discreet(result.source)), "raw": raw(result.source), "frame": result.frame}
    return {name: value for name, value in fields.items() if value is not None}


def _title(result: Inspection | NotInspected) -> str:
    frame = "" if result.frame is None else f", frame {result.frame}"
    return f"{safe(shown(discreet(result.source)))}{frame}"


def failed_fields(result: NotInspected) -> dict[str, str | int]:
    """What a program is told of a bad file."""
    why = {"stage": result.stage, "code": result.code, "message": result.message}
    return {**source_fields(result), "status": "failed", **why}


def failure_line(result: NotInspected) -> str:
    """A bad file in one line."""
    return f"failed  {_title(result)}: {result.code}: {safe(result.message)}"


def as_text(result: Inspection, columns: int, glimpse: Glimpse | None = None, *, exact: bool = False) -> str:
    """The picture's facts, what the model sees in words, the grid drawn in its proportions, and the next candidates.

    The picture itself is drawn in the grid where a glimpse of it is at hand, in exact colours or in 256.
    """
    plan = result.plan
    content = content_box(plan, result.size, measured_surface(plan)) if plan.canvas else (0, 0, *_shape(result))
    numbers = {(view.row, view.col): number for number, view in plan.grid_tiles.items()}
    drawing = Drawing(plan.grid, _canvas(result), content, numbers, glimpse, exact)
    picture = grid_lines(drawing, _cell(result, columns))
    words = textwrap.wrap(in_words(result), columns, initial_indent="  ", subsequent_indent="  ")
    lines = [_title(result), *_facts(result, columns), "", *words, ""]
    lines += [f"  {line}".rstrip() for line in beside(picture, _outcome(result))]
    lines += ["", *_why(result, columns)]
    return "\n".join(lines) + "\n"


def _cell(result: Inspection, columns: int) -> Size:
    """A drawn tile's size: the grid takes the room that a wide terminal has beside the words."""
    wide = max(columns - WORDS, ROOM.width)
    return cell_of(result.plan.grid, _canvas(result), Size(wide, ROOM.height * wide // ROOM.width))


def glimpse_size(result: Inspection, columns: int) -> Size:
    """The pixels of the picture that fit into the drawn grid: one a character across, two down."""
    grid = result.plan.grid
    cell = _cell(result, columns)
    return Size(cell.width * grid.cols, 2 * cell.height * grid.rows)


def _canvas(result: Inspection) -> Size:
    return result.plan.canvas or result.size


def _shape(result: Inspection) -> tuple[int, int]:
    return result.size.width, result.size.height


def _facts(result: Inspection, columns: int) -> list[str]:
    facts = result.facts
    known = [str(result.size), facts.format, facts.mode, file_size(facts.bytes), f"aspect {result.size.aspect:.3f}"]
    lines = ["  " + ", ".join(known)]
    for flag in result.flags:
        told = f"{flag}: {meaning(flag)}" if meaning(flag) else flag
        lines += textwrap.wrap(told, columns, initial_indent="  ! ", subsequent_indent="    ")
    return lines


def _outcome(result: Inspection) -> list[str]:
    plan = result.plan
    rows = [
        ("preset", f"{result.recipe.preset} ({result.recipe.strategy_name})"),
        ("grid", f"{plan.grid}, {_tile_sizes(plan)}"),
        ("canvas", str(plan.canvas) if plan.canvas else "none: every view has its own"),
        ("views", _views(plan)),
        ("tokens", f"{result.tokens:,}"),
    ]
    return [f"{name:<8}{value}" for name, value in rows]


def _tile_sizes(plan: Plan) -> str:
    sizes = {view.box.size for view in plan.views if view.role == "tile"}
    return f"tiles of {sizes.pop()}" if len(sizes) == 1 else "tiles of several sizes"


def _views(plan: Plan) -> str:
    if not plan.thumbnail:
        return count(plan.tiles, "tile")
    first = plan.views[0].role == "overview"
    return f"{count(plan.tiles, 'tile')} + thumbnail {'first' if first else 'last'} = {plan.total}"


def _why(result: Inspection, columns: int) -> list[str]:
    """The nearest candidates with their distances, the chosen one marked."""
    told = f"why: {result.recipe.strategy.rule}"
    rule = textwrap.wrap(told, columns, initial_indent="  ", subsequent_indent=" " * 7)
    candidates = result.candidates
    if not candidates:
        return rule
    chosen = next((each for each in candidates if each.grid == result.plan.grid), None)
    others = [each for each in candidates if each.grid != result.plan.grid]
    listed = ([chosen] if chosen else []) + others
    lines = [*rule, f"  {'grid':>8}  {'aspect':>7}  {'distance':>8}"]
    for each in listed[:SHOWN_CANDIDATES]:
        mark = "  chosen" if each is chosen else _runner_up(each, chosen)
        lines.append(f"  {each.grid!s:>8}  {each.grid.aspect:>7.3f}  {each.distance:>8.3f}{mark}")
    return lines


def _runner_up(candidate: Candidate, chosen: Candidate | None) -> str:
    """Why a grid of the same distance did not win."""
    tied = chosen is not None and candidate.distance == chosen.distance
    return "  as near, but the tie went to the chosen one" if tied else ""
