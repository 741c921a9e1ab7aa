"""Runs `dynres tile`: signals in, progress and summary out, an exit status at the end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from types import FrameType

from dynres_cli.engines.contract import Pace, Watch
from dynres_cli.items import Failed, Tiled
from dynres_cli.operations.order import Observer, Order, Result
from dynres_cli.operations.tally import Tally
from dynres_cli.operations.tiling import tile_all
from dynres_cli.report import log, printing, summary
from dynres_cli.report.progress import Progress, progress


@dataclass(frozen=True, slots=True)
class Display:
    """What a run shows, and where."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    profile: bool = False
    log: str | None = None


class Steering:
    """Turns signals into a run's pace: the first one drains it, the second one ends it at once."""

    def __init__(self) -> None:
        self.pace = Pace.RUN
        self.signal: int | None = None

    @contextmanager
    def installed(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._heard) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        self.pace = Pace.DRAIN if self.signal is None else Pace.KILL
        self.signal = self.signal or number


def run(order: Order, shown: Display) -> int:
    """Tile everything, say how it went, and give the exit status."""
    steering = Steering()
    with ExitStack() as stack:
        written = stack.enter_context(log.opened(shown.log))  # may wait for a pipe's reader: signals still end that
        stack.enter_context(steering.installed())
        if written is not None:
            written.start(order)
        heard = Heard(stack, shown, written)
        watch = Watch(pace=lambda: steering.pace, noise=heard.noise)
        result = tile_all(order, Observer(heard.started, heard.outcome, heard.note), watch)
        status = _status(result, steering)
        if written is not None:
            written.end(result.tally, status)
    _say(result, shown)
    return status


def _status(result: Result, steering: Steering) -> int:
    if steering.signal is not None:
        return 128 + steering.signal
    return 3 if result.tally.failed else 0


class Heard:
    """Passes what happens in a run on to the progress, to the log, and to stderr where every image is to be told."""

    def __init__(self, stack: ExitStack, shown: Display, written: log.Log | None) -> None:
        self.stack, self.shown, self.log = stack, shown, written
        self.progress: Progress | None = None

    def started(self, total: int) -> None:
        self.progress = self.stack.enter_context(progress(total, quiet=self.shown.quiet))
        if self.log is not None:
            self.log.listed(total)

    def outcome(self, each: Tiled | Failed, tally: Tally) -> None:
        if self.progress is not None:
            self.progress(tally)
        if self.shown.verbose:
            printing.note(summary.outcome_line(each))
        if self.log is not None:
            self.log.outcome(each)

    def noise(self, key: str, text: str) -> None:
        """What C libraries wrote about a picture: nobody's words to trust, and of no use to most."""
        if self.shown.verbose:
            printing.note(summary.noise_line(key, text))
        if self.log is not None:
            self.log.noise(key, text)

    def note(self, text: str) -> None:
        """A sentence of the run's own."""
        if not self.shown.quiet:
            printing.note(text)


def _say(result: Result, shown: Display) -> None:
    """The failures and the summary on stderr, the JSON on stdout."""
    if not shown.profile:
        result.tally.stages.clear()
    tally = result.tally
    for line in () if shown.verbose else summary.failure_lines(tally.first_failures, tally.failed, recorded=True):
        printing.note(line)
    if result.stopped:
        printing.note("stopped before the end; run the same command again to go on")
    if not shown.quiet:
        printing.note(summary.table(result.tally, result.manifest, printing.width()))
    if shown.json:
        printing.data(summary.as_json(result.tally, result.manifest))


def list_only(order: Order, shown: Display) -> int:
    """Print the inputs that a run would take, one a line, and tile nothing; a frame is named by its key."""
    from dynres_cli.operations.tiling import candidates
    from dynres_cli.source import listing

    found = listing(order.selection)
    with closing(candidates(order, found)) as items:
        count = 0
        for item in items:
            count += 1
            name = item.source if item.frame is None else item.key
            printing.data(summary.input_as_json(item) if shown.json else printing.name(name))
    for failed in found.failures:
        printing.note(summary.outcome_line(failed))
    if not shown.quiet:
        printing.note(f"{count:,} found; nothing was written (--dry-run)")
    if found.failures:
        return 3
    return 0 if found.found else 4
