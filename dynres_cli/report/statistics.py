"""What `dynres stats` says: a table for people, one JSON object, or one CSV row a picture."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator

from dynres_cli.jsontext import to_json
from dynres_cli.manifest import FailedRecord, Record
from dynres_cli.operations.bands import ASPECTS, names
from dynres_cli.operations.statistics import SCALES, Statistics
from dynres_cli.report.summary import aligned, by_reason, histogram
from dynres_cli.report.text import bar, count, file_size, safe

COLUMNS = (
    *("key", "status", "code", "format", "width", "height", "cols", "rows", "tiles", "thumbnail", "total", "tokens"),
    *("flags", "source_bytes", "written_bytes"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_json(found: Statistics) -> str:
    """All of it as one object; histograms have the most frequent first, classes their own order."""
    return to_json(
        {
            "images": found.images,
            "tiled": found.tiled,
            "failed": found.failed,
            "tiles": found.tiles,
            "total": found.total,
            "tokens": found.all_tokens,
            "tokens_p50": found.tokens_at(0.5),
            "tokens_p95": found.tokens_at(0.95),
            "tokens_max": max(found.tokens, default=0),
            "grids": {grid.replace("×", "x"): number for grid, number in found.grids.most_common()},
            "aspects": _in_order(found.aspects, names(ASPECTS)),
            "scales": _in_order(found.scales, names(SCALES)),
            "flags": dict(sorted(found.flags.items())),
            "failures": dict(sorted(found.failures.items())),
            "formats": dict(found.formats.most_common()),
            "bytes": dict(sorted(found.bytes.items())),
        }
    )


def _in_order(counts: Counter[str], names: list[str]) -> dict[str, int]:
    return {name: counts[name] for name in names if counts[name]}


def as_text(found: Statistics, columns: int) -> str:
    """The same for a person."""
    return aligned(_rows(found), columns)


def _rows(found: Statistics) -> list[tuple[str, str]]:
    rows = [("images", f"{found.images:,}: {found.tiled:,} tiled, {found.failed:,} failed")]
    if found.tiled:
        overviews = count(found.total - found.tiles, "thumbnail")
        middle, most = found.tokens_at(0.5), found.tokens_at(0.95)
        rows += [
            ("views", f"{count(found.tiles, 'tile')} + {overviews} = {found.total:,}"),
            ("tokens", f"{found.all_tokens:,}"),
            ("a picture", f"p50 {middle:,}, p95 {most:,}, max {max(found.tokens):,} tokens"),
            ("grids", histogram(found.grids)),
            ("aspects", _classes(found.aspects, names(ASPECTS))),
            ("enlarged", _classes(found.scales, names(SCALES))),
            ("formats", by_reason(found.formats)),
            ("bytes", ", ".join(f"{kind} {file_size(number)}" for kind, number in sorted(found.bytes.items()))),
        ]
    if found.flags:
        rows.append(("flags", by_reason(found.flags)))
    if found.failures:
        rows.append(("failures", by_reason(found.failures)))
    return rows


def _classes(counts: Counter[str], names: list[str]) -> str:
    most = max(counts.values())
    return "\n".join(
        f"{name:<13}{number:>7,} {bar(number, most, 24)}" for name, number in _in_order(counts, names).items()
    )


def csv_lines(records: Iterable[Record]) -> Iterator[str]:
    """A heading and a row for each picture; a name that a spreadsheet would compute gets a quote before it."""
    yield _row(COLUMNS)
    for record in records:
        if isinstance(record, FailedRecord):
            yield _row((_harmless(record.key), record.status, record.code, *[""] * (len(COLUMNS) - 3)))
            continue
        yield _row(
            (
                *(_harmless(record.key), record.status, "", record.format, record.width, record.height),
                *(record.grid.cols, record.grid.rows, record.tiles, str(record.thumbnail).lower(), record.total),
                *(record.tokens, " ".join(record.flags), record.bytes, sum(each.bytes for each in record.files)),
            )
        )


def _harmless(name: str) -> str:
    """A name that neither a spreadsheet computes nor a terminal obeys."""
    return f"'{safe(name)}" if name.startswith(_FORMULA) else safe(name)


def _row(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
