"""Progress on stderr: a bar on a terminal, elsewhere a plain line now and then."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dynres_cli.operations.tally import Tally
from dynres_cli.report.bars import Lines, progress_bar
from dynres_cli.report.text import count

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
        yield _Logged(total)


def _say_nothing(_tally: Tally) -> None:
    return


@contextmanager
def _bar(total: int) -> Iterator[Progress]:
    with progress_bar(total=total, smoothing=0.05) as shown:

        def show(tally: Tally) -> None:
            shown.set_postfix_str(f"{count(tally.total, 'view')}, {tally.failed:,} failed", refresh=False)
            shown.update(1)

        yield show


class _Logged:
    def __init__(self, total: int) -> None:
        self.total, self.done, self.lines = total, 0, Lines()

    def __call__(self, tally: Tally) -> None:
        self.done += 1
        self.lines.show(self.done, self.total, f"{tally.failed:,} failed, ")


@contextmanager
def counting(*, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how many images were looked at so far, where nobody knows how many there are."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield _count_nothing
        return
    with progress_bar(leave=False) as shown:
        yield shown.update


def _count_nothing(_images: int) -> None:
    return
