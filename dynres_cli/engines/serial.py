"""One item after another in this very process, for debugging: no time limit, and a crash ends the run."""

from __future__ import annotations

from collections.abc import Generator, Iterable

from dynres_cli.engines.contract import UNWATCHED, EngineLimits, Outcome, Pace, Watch, Work, attempt, refuse
from dynres_cli.items import Item


def run(
    work: Work, items: Iterable[Item | None], limits: EngineLimits, watch: Watch = UNWATCHED
) -> Generator[Outcome, None, None]:
    """Outcomes in the order of the items."""

    def admit(need: int) -> None:
        if limits.memory is not None and need > limits.memory:
            raise refuse(need, limits.memory)

    for item in items:
        if watch.pace() is not Pace.RUN:
            return
        if item is not None:
            yield attempt(work, item, admit)
