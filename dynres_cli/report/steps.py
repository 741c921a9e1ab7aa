"""Progress of long work other than tiling: a bar on a terminal, elsewhere a plain line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dynres_cli.report.progress import SECONDS_BETWEEN_LINES
from dynres_cli.report.text import duration

Steps = Callable[[int, int], None]
"""Told how many images are done, and of how many."""


@contextmanager
def steps(*, quiet: bool) -> Iterator[Steps]:
    """Show how far some work is, until the block ends."""
    if quiet or sys.stderr is None:
        yield lambda _done, _total: None
    elif sys.stderr.isatty():
        from tqdm import tqdm  # noqa: PLC0415 - only a terminal needs it

        with tqdm(unit="img", dynamic_ncols=True, leave=False) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            yield show
    else:
        yield _Lines().show


class _Lines:
    """A line at most every half minute, for logs."""

    def __init__(self) -> None:
        self.started = self.last = time.monotonic()

    def show(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN_LINES:
            return
        self.last = now
        rate = done / (now - self.started)
        left = duration(max(total - done, 0) / rate)
        sys.stderr.write(f"{done:,} of {total:,} images, {rate:.1f}/s, {left} left\n")
