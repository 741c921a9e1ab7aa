"""Bars for terminals, and lines for logs: how the progress of any work is shown."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from dynres_cli.report.text import duration

if TYPE_CHECKING:
    from tqdm import tqdm

SECONDS_BETWEEN_LINES = 30.0


@contextmanager
def progress_bar(**options: Any) -> Iterator[tqdm[Any]]:  # noqa: ANN401 - tqdm's own options
    """A bar over images, until the block ends."""
    from tqdm import tqdm  # noqa: PLC0415 - only a terminal needs it

    tqdm.monitor_interval = 0  # its thread would be copied into forked workers
    with tqdm(unit="img", dynamic_ncols=True, **options) as shown:
        yield shown


@contextmanager
def set_aside(file: TextIO) -> Iterator[None]:
    """Take the bar off the terminal while something else is written there, and draw it again below that.

    A bar does not end its line, so that whatever came next would stand behind it.
    """
    loaded = sys.modules.get("tqdm")
    if loaded is None or not file.isatty():  # no bar was ever shown, or it stands elsewhere
        yield
        return
    with loaded.tqdm.external_write_mode(file):
        yield
        file.flush()


class Lines:
    """A line at most every half minute, for logs."""

    def __init__(self) -> None:
        self.started = self.last = time.monotonic()

    def show(self, done: int, total: int, more: str = "") -> None:
        """Tell how far it is, if it is time for it; `more` is put in before the time that is left."""
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN_LINES:
            return
        self.last = now
        rate = done / (now - self.started)
        left = duration(max(total - done, 0) / rate)
        sys.stderr.write(f"{done:,} of {total:,} images, {rate:.1f}/s, {more}{left} left\n")
