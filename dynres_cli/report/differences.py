"""What `dynres diff` says: lines for people, one JSON document for programs."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack

from dynres_cli.jsontext import to_json
from dynres_cli.operations.differing import Difference, Setting
from dynres_cli.report import printing
from dynres_cli.report.text import count, safe

SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def lines(settings: Sequence[Setting], differences: Iterable[Difference]) -> Counter[str]:
    """Print each difference as it comes, and count the pictures by kind."""
    for each in settings:
        printing.data(f"! {each.name}: {_value(each.before)} → {_value(each.after)}")
    counts: Counter[str] = Counter()
    for difference in differences:
        counts[difference.kind] += 1
        if difference.kind != "same":
            printing.data(_line(difference))
    return counts


def _line(difference: Difference) -> str:
    told = [
        f"grid {' → '.join(difference.grids)}" if name == "grid" and difference.grids else name
        for name in difference.what
    ]
    return f"{SIGNS[difference.kind]} {safe(difference.key)}" + (f": {', '.join(told)}" if told else "")


def _value(value: object) -> str:
    return "(not set)" if value is None else safe(to_json(value))


def document(settings: Sequence[Setting], differences: Iterable[Difference]) -> Counter[str]:
    """Print one JSON object; the three lists wait on disk, so that their length does not matter."""
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        files = {kind: stack.enter_context(tempfile.TemporaryFile()) for kind in SIGNS}
        for each in differences:
            counts[each.kind] += 1
            if each.kind != "same":
                files[each.kind].write(b", " if counts[each.kind] > 1 else b"")
                files[each.kind].write(_entry(each).encode())
        told = [{"name": each.name, "before": each.before, "after": each.after} for each in settings]
        printing.stream([f'{{"same": {counts["same"]}, "parameters": {to_json(told)}'.encode()])
        for kind, file in files.items():
            file.seek(0)
            printing.stream([f', "{kind}": ['.encode(), file, b"]"])
        printing.stream([b"}\n"])
    return counts


def _entry(difference: Difference) -> str:
    if difference.kind != "changed":
        return to_json(difference.key)
    grids = {"grid": list(difference.grids)} if difference.grids else {}
    return to_json({"key": difference.key, "what": list(difference.what), **grids})


def summary(settings: Sequence[Setting], counts: Counter[str]) -> str:
    """The outcome in a sentence."""
    pictures = ", ".join(f"{counts[kind]:,} {kind}" for kind in ("same", "added", "removed", "changed"))
    return f"{pictures}; {count(len(settings), 'parameter')} changed"
