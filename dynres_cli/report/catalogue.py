"""Presets as a table to choose from, in full, or as JSON."""

from __future__ import annotations

import dataclasses
import re
import textwrap
from collections.abc import Sequence

from dynres_cli.jsontext import to_json
from dynres_cli.operations.describing import EXAMPLE, Description, Parameter
from dynres_cli.report.text import count


def as_json(descriptions: Sequence[Description]) -> str:
    """All of them as one JSON list."""
    return to_json([_plain(each) for each in descriptions])


def _plain(description: Description) -> dict[str, object]:
    fields = dataclasses.asdict(description)
    fields["proof"] = description.proof
    fields["example"] = {"width": EXAMPLE.width, "height": EXAMPLE.height}
    return fields


NAMES, PROOFS = 22, 14
"""Widths of the columns that hold words; the models take what is left of a line."""
HEAD = f"  {'preset':<{NAMES}} grid views  tokens  {'proved':<{PROOFS}}models"


def table(descriptions: Sequence[Description], columns: int) -> str:
    """Every strategy with its rule, and below it its presets with what they make of one common picture."""
    by_strategy: dict[str, list[Description]] = {}
    for each in descriptions:
        by_strategy.setdefault(each.strategy, []).append(each)
    blocks = [_block(presets, columns) for presets in by_strategy.values()]
    notes = (
        f"Views and tokens are those of a picture of {EXAMPLE}. Proved: bit-exact, or the largest difference of a "
        "normalised value from a reference that torch alone can run. ? marks presets with an unconfirmed value."
    )
    return "\n\n".join([HEAD, *blocks, textwrap.fill(notes, columns)])


def _block(presets: Sequence[Description], columns: int) -> str:
    first = presets[0]
    aspect = "aspect kept" if first.keeps_aspect else "aspect squashed"
    heading = f"{first.strategy}: {first.rule}; overview {first.overview}; {aspect}"
    lines = textwrap.wrap(heading, columns, subsequent_indent="    ")
    for reference in dict.fromkeys(each.reference for each in presets):
        followers = [each.preset for each in presets if each.reference == reference]
        whose = "" if len(followers) == len(presets) else f" ({', '.join(followers)})"
        lines += textwrap.wrap(
            f"    after {reference}{whose}", columns, subsequent_indent="      ", break_on_hyphens=False
        )
    return "\n".join([*lines, *(_row(each, columns) for each in presets)])


def _row(each: Description, columns: int) -> str:
    name = each.preset + ("" if each.confirmed else " ?")
    start = f"  {name:<{NAMES}}{each.grid:>5}{each.total:>6}{each.tokens:>8,}  {each.proof:<{PROOFS}}"
    return textwrap.fill(
        each.models, columns, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False
    )


def in_full(description: Description, columns: int) -> str:
    """A preset with its parameters, ranges and pixel policy."""
    pixels = description.pixels
    status = "" if description.confirmed else "  (unconfirmed: a value was not found in a public reference)"
    lines = [
        f"{description.preset}{status}",
        f"  models      {description.models}",
        f"  strategy    {description.strategy}: {description.rule}",
        f"  overview    {description.overview}",
        f"  aspect      {'kept, padded where needed' if description.keeps_aspect else 'squashed to the grid'}",
        f"  reference   {description.reference}",
        f"  proved      {description.proof}",
        *([f"  note        {description.notes}"] if description.notes else []),
        f"  {EXAMPLE}    grid {description.grid}, {count(description.total, 'view')}, {description.tokens:,} tokens",
        f"  mean, std   {_channels(pixels.mean)}; {_channels(pixels.std)}",
        f"  alpha       {'dropped' if pixels.alpha == 'drop' else 'over white'}",
        f"  EXIF        {'ignored' if pixels.exif == 'ignore' else 'applied'}",
        "  16 bits     clipped at 255, as Pillow does",
        "  parameters",
    ]
    lines += [f"    {each.name} = {_value(each.value)}    ({_range(each)})" for each in description.parameters]
    return "\n".join(_folded(line, columns) for line in lines)


def _folded(line: str, columns: int) -> str:
    """A line as several, which begin where its words do."""
    indent = "        " if line.startswith("    ") else " " * 14
    folding = _Folding(columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return folding.fill(line)


class _Folding(textwrap.TextWrapper):
    """Breaks lists of pairs after a comma too: --set takes them with the ends of lines in them, as they then stand."""

    wordsep_simple_re = re.compile(r"([\t\n ]+|(?<=\d,)(?=\d+x\d))")


def _channels(values: tuple[float, float, float]) -> str:
    return " ".join(f"{value:g}" for value in values)


def _range(parameter: Parameter) -> str:
    """What is allowed, and the strategy's default; a list of pairs is long enough to be told once."""
    told_already = isinstance(parameter.value, tuple) and parameter.value == parameter.default
    return f"{parameter.allowed}; default {'the same' if told_already else _value(parameter.default)}"


def _value(value: object) -> str:
    """A parameter as one would give it to --set."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(f"{first}x{second}" for first, second in value)
    return str(value)
