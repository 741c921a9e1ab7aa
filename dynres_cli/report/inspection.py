"""What `dynres inspect` shows of a picture: its facts, its grid drawn, and why that grid."""

from __future__ import annotations

from dynres_cli.geometry import Plan, Size
from dynres_cli.manifest import shown, to_json
from dynres_cli.operations.inspecting import Inspection, NotInspected
from dynres_cli.report.drawing import beside, grid_lines
from dynres_cli.report.text import count, safe, size_of
from dynres_cli.strategies import Candidate

SHOWN_CANDIDATES = 5
ROOM = Size(36, 14)


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
    """Which picture it is."""
    source: dict[str, str | int] = {"source": shown(result.source)}
    return source if result.frame is None else {**source, "frame": result.frame}


def _title(result: Inspection | NotInspected) -> str:
    frame = "" if result.frame is None else f", frame {result.frame}"
    return f"{safe(shown(result.source))}{frame}"


def failed_fields(result: NotInspected) -> dict[str, str | int]:
    """What a program is told of a bad file."""
    why = {"stage": result.stage, "code": result.code, "message": result.message}
    return {**source_fields(result), "status": "failed", **why}


def failure_line(result: NotInspected) -> str:
    """A bad file in one line."""
    return f"failed  {_title(result)}: {result.code}: {safe(result.message)}"


def as_text(result: Inspection) -> str:
    """The picture's facts, the chosen grid in its proportions, and the candidates next in line."""
    plan = result.plan
    canvas = plan.canvas or result.size
    picture = grid_lines(plan.grid, canvas, ROOM)
    lines = [_title(result), *_facts(result), ""]
    lines += [f"  {line}".rstrip() for line in beside(picture, _outcome(result))]
    lines += ["", *_why(result)]
    return "\n".join(lines) + "\n"


def _facts(result: Inspection) -> list[str]:
    facts = result.facts
    known = [str(result.size), facts.format, facts.mode, size_of(facts.bytes), f"aspect {result.size.aspect:.3f}"]
    lines = ["  " + ", ".join(known)]
    if result.flags:
        lines.append("  flags: " + ", ".join(result.flags))
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


def _why(result: Inspection) -> list[str]:
    """The nearest candidates with their distances, the chosen one marked."""
    rule = f"  why: {result.recipe.strategy.rule}"
    candidates = result.candidates
    if not candidates:
        return [rule]
    chosen = next((each for each in candidates if each.grid == result.plan.grid), None)
    others = [each for each in candidates if each.grid != result.plan.grid]
    listed = ([chosen] if chosen else []) + others
    lines = [rule, f"  {'grid':>8}  {'aspect':>7}  {'distance':>8}"]
    for each in listed[:SHOWN_CANDIDATES]:
        mark = "  chosen" if each is chosen else _runner_up(each, chosen)
        lines.append(f"  {each.grid!s:>8}  {each.grid.aspect:>7.3f}  {each.distance:>8.3f}{mark}")
    return lines


def _runner_up(candidate: Candidate, chosen: Candidate | None) -> str:
    """Why a grid of the same distance did not win."""
    tied = chosen is not None and candidate.distance == chosen.distance
    return "  as near, but the tie went to the chosen one" if tied else ""
