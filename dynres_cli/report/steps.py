"""Progress of long work other than tiling: a bar on a terminal, elsewhere a plain line now and then."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dynres_cli.report.bars import Lines, progress_bar

Steps = Callable[[int, int], None]
"""Told how many images are done, and of how many."""


@contextmanager
def steps(*, quiet: bool) -> Iterator[Steps]:
    """Show how far some work is, until the block ends."""
    if quiet or sys.stderr is None:
        yield lambda _done, _total: None
    elif sys.stderr.isatty():
        with progress_bar(leave=False) as shown:

            def show(done: int, total: int) -> None:
                shown.total = total
                shown.update(done - shown.n)

            yield show
    else:
        yield Lines().show
