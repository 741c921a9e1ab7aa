"""One picture under every preset, as a table of 80 columns."""

from __future__ import annotations

import textwrap

from dynres_cli.jsontext import shown, to_json
from dynres_cli.operations.comparing import Comparison
from dynres_cli.operations.inspecting import Inspection, NotInspected
from dynres_cli.report.inspection import as_json, failed_fields
from dynres_cli.report.text import bar, file_size, safe
from dynres_cli.urls import discreet

BAR = 22
"""Characters of the longest bar."""


def as_json_lines(comparison: Comparison) -> str:
    """A line a preset, each what `inspect --json` says of it; a refusal names its preset too."""
    return "\n".join(map(_line, comparison.results))


def _line(result: Inspection | NotInspected) -> str:
    if isinstance(result, Inspection):
        return as_json(result)
    return to_json({**failed_fields(result), "preset": result.preset})


def as_text(comparison: Comparison, columns: int) -> str:
    """The picture's facts, then a line a preset with its cost in tokens as a bar; those that refuse it say why."""
    facts = comparison.facts
    about = f"  {facts.size}, {facts.format}, {facts.mode}, {file_size(facts.bytes)}, aspect {facts.size.aspect:.3f}"
    most = max((each.tokens for each in comparison.planned), default=1)
    heading = f"{'preset':<20}{'grid':>5}{'views':>7}{'canvas':>11}{'tokens':>8}"
    lines = [safe(shown(discreet(comparison.source))), about, "", heading]
    for result in comparison.results:
        lines += [_row(result, most)] if isinstance(result, Inspection) else _refusal(result, columns)
    return "\n".join([*lines, "", *_legend(comparison, columns)]) + "\n"


def _row(result: Inspection, most: int) -> str:
    plan = result.plan
    views = f"{plan.tiles}+1" if plan.thumbnail else str(plan.tiles)
    cells = f"{result.recipe.preset:<20}{plan.grid!s:>5}{views:>7}{_canvas(result):>11}{result.tokens:>8,}"
    return f"{cells}  {bar(result.tokens, most, BAR)}".rstrip()


def _canvas(result: Inspection) -> str:
    return str(result.plan.canvas) if result.plan.canvas else "several"


def _refusal(result: NotInspected, columns: int) -> list[str]:
    return textwrap.wrap(f"{result.preset or '':<20} no plan: {result.message}", columns, subsequent_indent=" " * 21)


def _legend(comparison: Comparison, columns: int) -> list[str]:
    """What `3×2`, `6+1` and `several` mean, and which presets turned the picture."""
    notes = "6+1: six tiles and the whole picture; several: tiles are cut from pictures of their own."
    turned = [each.recipe.preset for each in comparison.planned if each.size != comparison.facts.size]
    if turned:
        notes += f" Turned as its EXIF asks: {', '.join(turned)}."
    flags = sorted({flag for each in comparison.planned for flag in each.flags if ":" not in flag})
    if flags:
        notes += f" Flags: {', '.join(flags)}."
    return textwrap.wrap(notes, columns)
