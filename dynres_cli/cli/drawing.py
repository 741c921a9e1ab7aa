"""Runs `dynres report`: pieces of pages are drawn by workers, bound in key order, and put into the output."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from dynres_cli.cli.running import Steering
from dynres_cli.engines import ENGINES
from dynres_cli.engines.contract import EngineLimits, Pace, Watch
from dynres_cli.errors import RunError
from dynres_cli.operations.reading import Output, open_output
from dynres_cli.operations.reporting import PAGE, Pieces, ReportOrder, draw_all
from dynres_cli.operations.rerendering import Sources
from dynres_cli.report import printing
from dynres_cli.report.pages import MAKER, Cover, bound, page_name, piece
from dynres_cli.report.steps import steps
from dynres_cli.report.text import count, safe
from dynres_cli.report.wording import about_views
from dynres_cli.source import Selection
from dynres_cli.storage import NewFile, Writer, check_writable, scratch, start_below, stat_below
from dynres_cli.urls import joined

HEAD = 256
"""Bytes of a page that tell whose it is."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for."""

    out: str
    selection: Selection
    sample: int | None
    limits: EngineLimits


def run(asked: Request, *, quiet: bool) -> int:
    """Draw, bind, say where, and give the exit status."""
    steering = Steering()
    with open_output(asked.out) as output, scratch("report") as folder:
        _refuse_foreign(output.root, page_name(1))
        check_writable(output.root)
        sources = Sources(asked.selection, None) if asked.selection.inputs else None
        order = ReportOrder(output, sources, asked.sample, folder, asked.limits, ENGINES["processes"]())
        watch = Watch(pace=lambda: Pace.RUN if steering.signal is None else Pace.KILL)
        with steering.installed(), steps(quiet=quiet) as seen:
            pieces = draw_all(order, piece, watch, seen)
        if steering.signal is not None:
            return 128 + steering.signal
        lost = _lost(pieces) if sources else ()
        cover = _cover(output, pieces, lost)
        _bind(output.root, cover, pieces, folder)
    if not quiet:
        where = safe(joined(output.root, page_name(1)))
        printing.note(f"{where}: {count(pieces.count, 'picture')} on {count(cover.pages, 'page')}")
        for note in lost:
            printing.note(note)
        if pieces.missing:
            printing.note(f"{count(pieces.missing, 'picture')} with files that cannot be read; see dynres verify")
    return 3 if pieces.missing else 0


def _lost(pieces: Pieces) -> tuple[str, ...]:
    """That originals were not found where they were said to be."""
    if not pieces.without_source:
        return ()
    shown = f"{pieces.without_source:,} of {count(pieces.tiled, 'picture')}"
    return (f"{shown} are not below --source; their canvases are shown, joined from the tiles",)


def _cover(output: Output, pieces: Pieces, lost: tuple[str, ...]) -> Cover:
    """What stands on every page."""
    run_of, shares = output.run, pieces.shares
    facts = [
        ("pictures", f"{shares.tiled:,}"),
        ("views", f"{shares.views:,}"),
        ("tokens", f"{shares.all_tokens:,}"),
        ("failed", f"{shares.failed:,}"),
    ]
    sampled = () if pieces.count == run_of.images else (f"a sample of {pieces.count:,} of {run_of.images:,} pictures",)
    flags = tuple(sorted(shares.flags)) + (("failed",) if shares.failed else ())
    title = os.path.basename(os.path.abspath(output.root))
    return Cover(
        title,
        run_of.preset,
        about_views(run_of.strategy),
        tuple(facts),
        shares.histograms(),
        flags,
        pieces.count,
        (*sampled, *lost),
    )


def _bind(root: str, cover: Cover, pieces: Pieces, folder: str) -> None:
    """Write every page, and remove those that an earlier, longer report had, the last first: a kill leaves no gap."""
    writer = Writer(root)
    for number in range(1, cover.pages + 1):
        _refuse_foreign(root, page_name(number))
    for number in range(1, cover.pages + 1):
        mine = range((number - 1) * PAGE, min(number * PAGE, pieces.count))
        writer.write("", [NewFile(page_name(number), bound(cover, number, _read(pieces, folder, mine)))])
    end = cover.pages + 1
    while stat_below(root, page_name(end)) is not None:
        end += 1
    for name in map(page_name, reversed(range(cover.pages + 1, end))):
        if MAKER in start_below(root, name, HEAD):
            writer.remove("", [name])


def _refuse_foreign(root: str, name: str) -> None:
    """Many programs call a page like this: RunError where it is none of ours."""
    if (start := start_below(root, name, HEAD)) and MAKER not in start:
        msg = f"{joined(root, name)}: was not made by dynres and would be replaced; rename it, or move it"
        raise RunError(msg, "not_ours")


def _read(pieces: Pieces, folder: str, numbers: range) -> Iterator[bytes]:
    for number in numbers:
        with open(pieces.path(folder, number), "rb") as file:
            yield file.read()
