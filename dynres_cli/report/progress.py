"""Progress on stderr: a bar on a terminal, elsewhere a plain line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dynres_cli.operations.tally import Tally
from dynres_cli.report.text import duration

SECONDS_BETWEEN_LINES = 30.0


Progress = Callable[[Tally], None]
"""Told after each outcome."""


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Progress]:
    """Show how far a run over `total` images is, until the block ends."""
    if quiet or sys.stderr is None:
        yield _say_nothing
    elif sys.stderr.isatty():
        with _bar(total) as shown:
            yield shown
    else:
        yield _Lines(total)


def _say_nothing(_tally: Tally) -> None:
    return


@contextmanager
def _bar(total: int) -> Iterator[Progress]:
    from tqdm import tqdm  # noqa: PLC0415 - only a terminal needs it

    tqdm.monitor_interval = 0  # its thread would be copied into forked workers
    with tqdm(total=total, unit="img", dynamic_ncols=True, smoothing=0.05) as bar:

        def show(tally: Tally) -> None:
            bar.set_postfix_str(f"{tally.total:,} views, {tally.failed:,} failed", refresh=False)
            bar.update(1)

        yield show


class _Lines:
    """A line at most every half minute, for logs."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.started = self.last = time.monotonic()

    def __call__(self, tally: Tally) -> None:
        self.done += 1
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN_LINES:
            return
        self.last = now
        rate = self.done / (now - self.started)
        left = duration((self.total - self.done) / rate)
        sys.stderr.write(
            f"{self.done:,} of {self.total:,} images, {rate:.1f}/s, {tally.failed:,} failed, {left} left\n"
        )


@contextmanager
def counting(*, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how many images were looked at so far, where nobody knows how many there are."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield _count_nothing
        return
    from tqdm import tqdm  # noqa: PLC0415 - only a terminal needs it

    tqdm.monitor_interval = 0  # its thread would be copied into forked workers
    with tqdm(unit="img", dynamic_ncols=True, leave=False) as bar:
        yield bar.update


def _count_nothing(_images: int) -> None:
    return
