"""What `dynres tile` says at the end: a table for people on stderr, one JSON object for programs on stdout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dynres_cli.items import Failed, Item, Tiled
from dynres_cli.jsontext import raw, shown, to_json
from dynres_cli.operations.tally import Tally
from dynres_cli.report.text import count, duration, file_size, safe

SHOWN_GRIDS = 8
BAR = 24
SHOWN_NOISE = 300
"""Characters of a library's own messages about one picture."""


def as_json(tally: Tally, manifest: str | None) -> str:
    """The run as one JSON object; the fields are a contract."""
    counts = {
        "found": tally.found,
        "tiled": tally.tiled,
        "skipped": tally.skipped,
        "failed": tally.failed,
        "tiles": tally.tiles,
        "total": tally.total,
        "tokens": tally.tokens,
        "bytes_written": tally.bytes_written,
        "seconds": round(tally.seconds, 3),
        "images_per_second": round(tally.images_per_second, 2),
        "failures": dict(sorted(tally.failures.items())),
        "flags": dict(sorted(tally.flags.items())),
        "manifest": manifest and shown(manifest),
    }
    if tally.stages:
        counts["stages"] = {name: round(seconds, 4) for name, seconds in tally.stages.items()}
    return to_json(counts)


def input_as_json(item: Item) -> str:
    """One input of a dry run, named as its record would name it."""
    name = {"key": shown(item.key), "source": shown(item.source), "frame": item.frame, "raw": raw(item.key)}
    return to_json({field: value for field, value in name.items() if value is not None})


def outcome_line(outcome: Tiled | Failed) -> str:
    """One image in one line."""
    if isinstance(outcome, Failed):
        return f"failed  {safe(outcome.source)}: {outcome.code}: {safe(outcome.message)}"
    made = "tiled" if outcome.made else "done before"
    return f"{made}  {safe(outcome.key)}: {outcome.grid}, {count(outcome.total, 'view')}, {outcome.tokens:,} tokens"


def noise_line(key: str, text: str) -> str:
    """What C libraries wrote to stderr about one picture: the beginning, escaped, on one line."""
    more = " ..." if len(text) > SHOWN_NOISE else ""
    return f"noise   {safe(key)}: {safe(text[:SHOWN_NOISE].strip())}{more}"


def failure_lines(first: Sequence[Failed], failed: int, *, recorded: bool) -> list[str]:
    """The first failures, one line each, and how many more there are."""
    lines, more = [outcome_line(each) for each in first], failed - len(first)
    where = "; all of them are in the manifest" if recorded else ""
    return [*lines, f"... and {count(more, 'more failure')}{where}"] if more else lines


def table(tally: Tally, manifest: str | None, columns: int) -> str:
    """The summary as text that fits into `columns` characters."""
    return aligned(_rows(tally, manifest), columns)


def aligned(rows: Sequence[tuple[str, str]], columns: int) -> str:
    """Names and values in two columns, with colours only where Rich finds a terminal."""
    from rich.console import Console  # noqa: PLC0415 - Rich takes as long to import as a small run
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(name, Text(value))
    console = Console(stderr=True, width=columns, highlight=False)
    with console.capture() as captured:
        console.print(grid)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _rows(tally: Tally, manifest: str | None) -> list[tuple[str, str]]:
    rows = [("images", _outcomes(tally))]
    if tally.tiled:
        rows.append(("views", f"{count(tally.tiles, 'tile')} + {count(tally.total - tally.tiles, 'thumbnail')}"))
        rows.append(("tokens", f"{tally.tokens:,}"))
        rows.append(("written", file_size(tally.bytes_written)))
        rows.append(("grids", histogram(tally.grids)))
    rows += skipped_rows(tally.passed_over, follows_links=tally.follows_links)
    if tally.failures:
        rows.append(("failures", by_reason(tally.failures)))
    rows += _flags(tally)
    rows.append(("time", f"{duration(tally.seconds)}, {tally.images_per_second:.1f} images/s"))
    if tally.stages:
        rows.append(("stages", _stages(tally.stages)))
    if manifest:
        rows.append(("manifest", safe(manifest)))
    return rows


def skipped_rows(passed_over: Counter[str], *, follows_links: bool) -> list[tuple[str, str]]:
    """What was found and never a candidate, by reason."""
    rows = [("skipped", by_reason(passed_over))] if passed_over.total() else []
    if passed_over["link"] and not follows_links:
        rows.append(("", "links below the inputs are passed over; -L follows them"))
    return rows


def _flags(tally: Tally) -> list[tuple[str, str]]:
    """What was noticed on the pictures."""
    rows = [("flags", by_reason(tally.flags))] if tally.flags else []
    if tally.flags["exif_rotated"]:
        rows.append(("", "rotated by EXIF but tiled as stored, like the reference; --exif apply turns them"))
    return rows


def _outcomes(tally: Tally) -> str:
    parts = [f"{tally.tiled:,} tiled", f"{tally.skipped:,} skipped", f"{tally.failed:,} failed"]
    return f"{tally.found:,} found: " + ", ".join(parts)


def by_reason(counts: Counter[str]) -> str:
    """Names with their numbers, the most frequent first."""
    return ", ".join(
        f"{name} {number:,}" for name, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair)) if number
    )


def histogram(grids: Counter[str]) -> str:
    """The most frequent grids with a bar each."""
    ranked = sorted(grids.items(), key=lambda pair: (-pair[1], pair[0]))
    most = ranked[0][1]
    lines = [
        f"{grid:>6} {number:>7,} {'█' * max(round(BAR * number / most), 1)}" for grid, number in ranked[:SHOWN_GRIDS]
    ]
    rest = sum(number for _, number in ranked[SHOWN_GRIDS:])
    return "\n".join([*lines, f" other {rest:>7,}"] if rest else lines)


def _stages(stages: Counter[str]) -> str:
    whole = sum(stages.values()) or 1.0
    return "\n".join(f"{name:<10}{seconds:>9.3f} s {seconds / whole:>5.0%}" for name, seconds in stages.items())
