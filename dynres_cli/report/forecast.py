"""What `dynres plan` says: one forecast in full, or one line for each limit of tiles or preset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from dynres_cli.jsontext import to_json
from dynres_cli.operations.forecast import Forecast
from dynres_cli.operations.sweeping import Fit, limit_of_tiles
from dynres_cli.report.summary import aligned, by_reason, histogram, skipped_rows
from dynres_cli.report.text import bar, count, duration, file_size


def as_json(forecast: Forecast, jobs: int) -> str:
    """One forecast as one JSON object; the fields up to seconds_estimate are a contract."""
    return to_json(_fields(forecast, jobs))


def row_json(forecast: Forecast, jobs: int, name: str) -> str:
    """One of several: the same object with what it stands for before it."""
    return to_json({name: forecast.variant.name, **_fields(forecast, jobs)})


def _fields(forecast: Forecast, jobs: int) -> dict[str, Any]:
    low, likely, high = (forecast.png_bytes(which) for which in (0, 1, 2))
    grids = sorted(forecast.grids.items(), key=lambda pair: (-pair[1], pair[0]))
    return {
        "images": forecast.images,
        "tiles": forecast.tiles,
        "total": forecast.total,
        "tokens": forecast.all_tokens,
        "bytes": {"npy": forecast.npy, "png": likely, "png_low": low, "png_high": high},
        "grids": dict(grids),
        "flags": dict(sorted(forecast.flags.items())),
        "failed": forecast.failed,
        "seconds_estimate": round(forecast.seconds(jobs), 1),
        "tokens_p50": forecast.tokens_at(0.5),
        "tokens_p95": forecast.tokens_at(0.95),
        "tokens_max": forecast.most_tokens,
        "memory_estimate": forecast.memory(jobs),
        "failures": dict(sorted(forecast.failures.items())),
        "skipped": dict(sorted(forecast.passed_over.items())),
    }


def as_text(forecast: Forecast, jobs: int, columns: int, *, follows_links: bool) -> str:
    """One forecast for a person."""
    return aligned(_rows(forecast, jobs, follows_links=follows_links), columns)


def _rows(forecast: Forecast, jobs: int, *, follows_links: bool) -> list[tuple[str, str]]:
    rows = [("images", f"{forecast.images:,}: {forecast.planned:,} to tile, {forecast.failed:,} will fail")]
    if forecast.planned:
        overviews = count(forecast.total - forecast.tiles, "thumbnail")
        rows.append(("views", f"{count(forecast.tiles, 'tile')} + {overviews} = {forecast.total:,}"))
        rows.append(("tokens", f"{forecast.all_tokens:,}"))
        rows.append(("a picture", _a_picture(forecast)))
        rows.append(("bytes", _bytes(forecast)))
        rows.append(("grids", histogram(_with_signs(forecast.grids))))
    rows += skipped_rows(forecast.passed_over, follows_links=follows_links)
    if forecast.failures:
        rows.append(("failures", by_reason(forecast.failures)))
    if forecast.flags:
        rows.append(("flags", by_reason(forecast.flags)))
    if forecast.planned:
        run = f"about {duration(forecast.seconds(jobs))} with {count(jobs, 'worker')}"
        rows.append(("a run", f"{run}, up to {file_size(forecast.memory(jobs))} of memory"))
    return rows


def _with_signs(grids: Counter[str]) -> Counter[str]:
    """Grids as every other table tells them; in JSON they are spelt with a letter."""
    return Counter({grid.replace("x", "×"): number for grid, number in grids.items()})


def _a_picture(forecast: Forecast) -> str:
    middle, most = forecast.tokens_at(0.5), forecast.tokens_at(0.95)
    return f"p50 {middle:,}, p95 {most:,}, max {forecast.most_tokens:,} tokens"


def _bytes(forecast: Forecast) -> str:
    parts = [f"{file_size(forecast.npy)} of tensors"] if forecast.npy else []
    if forecast.png:
        low, likely, high = (file_size(forecast.png_bytes(which)) for which in (0, 1, 2))
        parts.append(f"about {likely} of PNG ({low} to {high})")
    return ", ".join(parts)


def table(forecasts: Sequence[Forecast], heading: str, jobs: int, chosen: Forecast | None = None) -> str:
    """A line each, of 80 columns: views, tokens as a number and as a bar, the dearest picture, bytes, time."""
    most = max(each.all_tokens for each in forecasts)
    wide = max(len(heading), *(len(str(each.variant.name)) for each in forecasts))
    lines = [f"{heading:<{wide}}{'views':>11}{'tokens':>15}{'max':>8}{'bytes':>9}  time"]
    for each in forecasts:
        size, time = file_size(each.npy + each.png_bytes()), duration(each.seconds(jobs))
        cells = f"{each.total:>11,}{each.all_tokens:>15,}{each.most_tokens:>8,}{size:>9}  {time:<12}"
        mark = "fits" if each is chosen else bar(each.all_tokens, most, 80 - wide - len(cells))
        lines.append(f"{each.variant.name!s:<{wide}}{cells}{mark}".rstrip())
    return "\n".join(lines)


def links_left(forecast: Forecast, *, follows_links: bool) -> list[str]:
    """The one thing passed over that changes what a table says: pictures that are there as links."""
    number = 0 if follows_links else forecast.passed_over["link"]
    return [f"passed over {count(number, 'link')} below the inputs; -L follows them"] if number else []


def verdict(chosen: Forecast, last: Forecast, fit: Fit) -> str:
    """Which limit was found, and how well it fits."""
    name = limit_of_tiles(chosen.variant.recipe)
    reasons = []
    if fit.budget is not None:
        reasons.append(f"{chosen.all_tokens:,} of {fit.budget:,} tokens")
    if fit.context is not None:
        reasons.append(f"the dearest picture takes {chosen.most_tokens:,} of {fit.context:,}")
    more = "; it is the largest that was tried, see --sweep" if chosen is last else ""
    return f"the largest {name} that fits is {chosen.variant.name}: {', '.join(reasons)}{more}"
