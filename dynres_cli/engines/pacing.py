"""The beat that engines with work under way share: hand out, wait, tell what came, and stop as they are told to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Protocol

from dynres_cli.engines.contract import EngineLimits, Outcome, Pace, Watch
from dynres_cli.items import Item

POLL = 0.1
"""Seconds between two looks at the pace."""
POLL_FEED = 0.01
"""Seconds between two looks at a feed that has nothing yet."""
ATTEMPTS = 2
"""So many workers may die of an item that they had to themselves; then it is to blame."""


class Workforce(Protocol):
    """Workers, wherever they are."""

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way."""
        ...

    @property
    def has_more(self) -> bool:
        """Whether anything is left to be handed out, or may still come from the feed."""
        ...

    def fill(self, feed: Iterator[Item | None]) -> None:
        """Hand out work wherever there is room for it."""
        ...

    def step(self) -> list[Outcome]:
        """Wait for something to happen, `POLL` seconds at the most, and see to it."""
        ...


def paced(force: Workforce, feed: Iterator[Item | None], limits: EngineLimits, watch: Watch) -> Iterator[Outcome]:
    """Outcomes as they come, until all is done or the pace says stop; some may be left under way then."""
    pending: list[Outcome] = []
    drained_by = float("inf")
    while True:
        pace = watch.pace()
        if pace is Pace.RUN:
            force.fill(feed)
        elif drained_by == float("inf"):
            drained_by = time.monotonic() + limits.grace
        # The workers have new items by now, so whatever the caller does with an outcome costs them nothing.
        yield from pending
        if pace is Pace.KILL or time.monotonic() > drained_by:
            return
        if not force.is_busy and (pace is Pace.DRAIN or not force.has_more):
            return
        pending = force.step()
