"""The far side of the Ray engine: chunks of items through a pool of one process, which outlives the chunk.

An image that crashes or hangs costs that process and never Ray's own worker; it is stopped, tried again and blamed by
the very code that does so on one machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from dynres_cli.engines import processes
from dynres_cli.engines.contract import Admit, Closing, EngineLimits, Outcome, Watch, Work, refuse
from dynres_cli.errors import RunError
from dynres_cli.items import Failed, Item


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a chunk; chunks of equal terms share a process."""

    run: str
    """Names the run: a worker may have served another one before."""
    timeout: float | None = None
    share: int | None = None
    """Bytes that one item may be granted here."""
    budget: int | None = None
    """Bytes that one item could be granted if it were alone on its node."""


@dataclass(frozen=True, slots=True)
class Heavy(Failed):
    """An item that needs more than its share and less than the budget: it is to be sent again, alone."""

    need: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back from a chunk: an outcome for each item in any order, what was heard, and whether the run ends."""

    outcomes: tuple[Outcome, ...] = ()
    noise: tuple[tuple[str, str], ...] = ()
    ended: tuple[str, str] | None = None
    """Code and text of a RunError."""


class _TooHeavy(BaseException):
    """Ends the work on an item without its notice; as an Exception it would become a record of failure."""

    def __init__(self, need: int) -> None:
        super().__init__(need)
        self.need = need


@dataclass(frozen=True, slots=True)
class Rationed:
    """A work whose items are granted their share at once, or nothing at all: no worker waits for another."""

    work: Work
    terms: Terms

    def __call__(self, item: Item, admit: Admit) -> Outcome | Closing:
        def within(need: int) -> None:
            budget, share = self.terms.budget, self.terms.share
            if budget is not None and need > budget:
                raise refuse(need, budget)
            if share is not None and need > share:
                raise _TooHeavy(need)
            admit(need)

        try:
            return self.work(item, within)
        except _TooHeavy as error:
            message = f"needs {error.need:,} bytes of memory"
            return Heavy(item.key, item.source, "decode", "out_of_memory", message, need=error.need)


class Crew:
    """One process at work under some terms, kept from chunk to chunk with all that it has loaded."""

    def __init__(self, work: Work, terms: Terms) -> None:
        self.terms = terms
        self._items: deque[Item] = deque()
        self._noise: list[tuple[str, str]] = []
        watch = Watch(noise=lambda key, text: self._noise.append((key, text)))
        limits = EngineLimits(jobs=1, timeout=terms.timeout)
        self._outcomes: Generator[Outcome, None, None] = processes.run(
            Rationed(work, terms), self._feed(), limits, watch
        )

    def do(self, items: Sequence[Item]) -> Answer:
        """Work on all items."""
        self._items.extend(items)
        self._noise.clear()
        try:
            outcomes = tuple(next(self._outcomes) for _ in items)
        except RunError as error:
            return Answer(ended=(error.code, str(error)))
        return Answer(outcomes, tuple(self._noise))

    def dismiss(self) -> None:
        self._outcomes.close()

    def _feed(self) -> Iterator[Item | None]:
        while True:
            yield self._items.popleft() if self._items else None


_CREWS: list[Crew] = []
"""This worker's crew, if it has one."""


def chunk(work: Work, terms: Terms, items: Sequence[Item]) -> Answer:
    """The task that is sent to Ray: work on some items, in the process that the last chunk of this run left behind."""
    if not _CREWS or _CREWS[0].terms != terms:
        while _CREWS:
            _CREWS.pop().dismiss()
        _CREWS.append(Crew(work, terms))
    answer = _CREWS[0].do(items)
    if answer.ended:
        _CREWS.clear()
    return answer
