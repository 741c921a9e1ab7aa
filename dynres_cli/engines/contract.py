"""What every engine promises: each item gets exactly one outcome, whatever happens to the process that works on it.

An engine is a parallel map that knows nothing about pictures. Items are streamed, at most `jobs` of them (of chunks of
them, where an engine makes such) are in flight, and outcomes come as they are ready, in no particular order. Only a
stop (see `Pace`) leaves items without an outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from dynres_cli.errors import ImageError, RunError
from dynres_cli.items import Done, Failed, Item

T = TypeVar("T")

Outcome = Done | Failed

Admit = Callable[[int], None]
"""Asks for so many bytes of memory and returns once they are granted.

Call it once for an item, before the memory is used; the bytes go back by themselves with the item's outcome. A second
call replaces the first. Raises ImageError `out_of_memory` when the need is above the whole budget.
"""


@dataclass(frozen=True, slots=True)
class Closing:
    """An item that is done but for waiting, for a disk say: the next one can be begun meanwhile.

    `finish` waits and gives the outcome, and may raise what a work may. It is called once, in another thread; what the
    item was granted is no longer needed.
    """

    finish: Callable[[], Outcome]


Work = Callable[[Item, Admit], Outcome | Closing]
"""What is done with one item; it must be picklable where workers are spawned.

A RunError that it raises ends the whole run and is raised again by the engine, in the parent.
"""


class Pace(Enum):
    """How the run shall go on; the caller changes it, for instance from a signal handler."""

    RUN = "run"
    DRAIN = "drain"
    """No new items; the running ones have `EngineLimits.grace` seconds to finish, then they are dropped."""
    KILL = "kill"
    """Drop the running items now."""


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """What a run may use; None means no limit."""

    jobs: int = 1
    timeout: float | None = None
    """Seconds for one item, waiting for memory not counted. Workers that do not answer are killed."""
    memory: int | None = None
    """Bytes that all running items together may have been granted."""
    chunk: int = 1
    """Items that travel together where a hand-over costs more than an item may; otherwise they go one by one."""
    grace: float = 3.0
    """Seconds that running items have to finish once the pace is DRAIN."""


def _run_on() -> Pace:
    return Pace.RUN


def _drop(_key: str, _text: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Watch:
    """How the caller steers and hears a run."""

    pace: Callable[[], Pace] = _run_on
    """Asked several times a second; a RunError from it ends the run, as where its output was lost to another one."""
    noise: Callable[[str, str], None] = _drop
    """Given a key and what C libraries wrote to stderr meanwhile: bounded, but unescaped and untrusted."""


UNWATCHED = Watch()

Engine = Callable[[Work, Iterable[Item | None], EngineLimits, Watch], Generator[Outcome, None, None]]
"""An engine: run(work, items, limits, watch) -> outcomes.

An iterator of items that would have to wait, for a slow pipe say, yields None instead, so that the run stays awake.
Closing the iterator of outcomes ends all workers at once.
"""


def attempt(work: Work, item: Item, admit: Admit) -> Outcome:
    """The hand-off: whatever `work` raises becomes this item's outcome, except what ends the run."""
    begun = begin(work, item, admit)
    return close(begun, item) if isinstance(begun, Closing) else begun


def begin(work: Work, item: Item, admit: Admit) -> Outcome | Closing:
    """The first part of `attempt`: a Closing where all is done but for waiting, otherwise the outcome."""
    return _safely(lambda: work(item, admit), item)


def close(closing: Closing, item: Item) -> Outcome:
    """The second part of `attempt`: wait, and give the outcome."""
    return _safely(closing.finish, item)


def _safely(step: Callable[[], T], item: Item) -> T | Failed:
    try:
        return step()
    except RunError:
        raise
    except ImageError as error:
        return item.failed("probe", error.code, str(error))
    except MemoryError:
        return out_of_memory(
            item, "the memory that it needs could not be had; use fewer jobs or a smaller limit of pixels"
        )
    except Exception as error:  # noqa: BLE001 - one item's surprise must not end the run
        return item.failed("decode", "worker_crash", f"{type(error).__name__}: {error}")


def out_of_memory(item: Item, reason: str) -> Failed:
    """The outcome of an item that memory did not suffice for."""
    return item.failed("decode", "out_of_memory", reason)


def refuse(need: int, budget: int) -> ImageError:
    """The error for a need that the whole budget cannot meet."""
    return ImageError(
        "out_of_memory",
        f"needs {need:,} bytes of memory, and the whole run may use {budget:,}; raise --max-memory to tile it",
    )
