"""Pictures that come over a network are on this machine's disk before a worker asks for them.

One process of its own fetches them, so that neither a worker nor the parent ever waits for the network, and no process
is forked from one that has threads. At most so many pictures, and so many bytes, lie ready or are under way.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import cast

from dynres_cli.addresses import Address, parsed
from dynres_cli.engines.contract import Work
from dynres_cli.engines.hand import Hand, hire
from dynres_cli.engines.worker import Line, settle
from dynres_cli.errors import DynresError, ImageError
from dynres_cli.facts import FileLimits
from dynres_cli.items import Item
from dynres_cli.job import Job
from dynres_cli.names import RECORD
from dynres_cli.opening import read_source
from dynres_cli.operations.arriving import Feed
from dynres_cli.storage import scratch, stat_below
from dynres_cli.urls import is_url

AT_ONCE = 16
"""Requests that are under way together."""
FEWEST, EACH_JOB = 16, 4
"""Pictures that may lie ready: so many at least, and so many for each worker."""
MOST_BYTES = 512 << 20
_LOOK = 0.002
"""Seconds that a look for the next copy may take: the engine waits meanwhile."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """What the fetching process knows: where copies go, what is too large, and where finished pictures would be."""

    folder: str
    limits: FileLimits
    out: str | None
    """None where no picture can be finished, or all are done anew."""

    def path(self, number: int) -> str:
        """Where the copy of this number lies."""
        return os.path.join(self.folder, str(number))

    def address(self, number: int, item: Item) -> str:
        """The address of a copy; the item's own where a worker had better look for itself."""
        own = parsed(item.path)
        try:
            if own is None or (self.out is not None and stat_below(self.out, _record(item.key)) is not None):
                return item.path
            source = read_source(item.path, self.limits)
            with open(self.path(number), "xb") as copy:
                copy.write(source.data)
        except ImageError as error:
            return str(Address("refused", str(error), own.size, own.stamp, (), error.code)) if own else item.path
        except (DynresError, OSError, MemoryError):
            return item.path
        return str(Address("staged", self.path(number), len(source.data), own.stamp, (), own.word))


def _record(key: str) -> str:
    return f"{key}/{RECORD}" if key else RECORD


def serve(work: Work, line: Line) -> None:
    """The fetching process: numbers and items come in, numbers and addresses go out as they are ready."""
    settle(line)
    fetch = cast("Fetch", work)
    lock = Lock()

    def answer(number: int, item: Item) -> None:
        address = fetch.address(number, item)
        with lock, suppress(OSError):
            line.pipe.send((number, address))

    with suppress(EOFError, ConnectionError), ThreadPoolExecutor(AT_ONCE, "fetch") as threads:
        while (task := line.pipe.recv()) is not None:
            threads.submit(answer, *task)
        threads.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class Fetched(Feed):
    """The same items, those from afar with the address of a copy, as the copies arrive."""

    hand: Hand
    fetch: Fetch
    most: int
    _numbers: dict[str, int] = field(default_factory=dict)
    """Every picture that a copy was asked for and that has no outcome yet."""
    _sizes: dict[str, int] = field(default_factory=dict)
    _under_way: dict[int, Item] = field(default_factory=dict)
    _is_alive: bool = True

    def __iter__(self) -> Iterator[Item | None]:
        asked, ready = 0, deque[Item]()
        rest = iter(self.items)
        item = next(rest, None)
        while item is not None or ready or self._under_way:
            while item is not None and len(ready) < self.most and self._has_room(item):
                if self._is_alive and _is_far(item):
                    asked += 1
                    self._ask(asked, item)
                else:
                    ready.append(item)
                item = next(rest, None)
            ready.extend(self._arrived())
            if not ready and self._under_way:
                self.hand.pipe.poll(_LOOK)  # an engine that has nothing else to do must not spin
            yield ready.popleft() if ready else None

    def release(self, key: str) -> None:
        number = self._numbers.pop(key, None)
        self._sizes.pop(key, None)
        if number is not None:
            with suppress(OSError):
                os.unlink(self.fetch.path(number))

    def _has_room(self, item: Item) -> bool:
        """Whether another picture may be asked for; one always may, however large."""
        if not self._numbers:
            return True
        return len(self._numbers) < self.most and sum(self._sizes.values()) + _size(item) <= MOST_BYTES

    def _ask(self, number: int, item: Item) -> None:
        self._numbers[item.key], self._sizes[item.key] = number, _size(item)
        self._under_way[number] = item
        with suppress(ConnectionError):
            self.hand.pipe.send((number, item))

    def _arrived(self) -> Iterator[Item]:
        """What has come since the last look; everything, as it is, where the fetching process has died."""
        self.hand.listen()
        try:
            while self._under_way and self._is_alive and self.hand.pipe.poll():
                number, path = self.hand.pipe.recv()
                yield replace(self._under_way.pop(number), path=path)
        except (EOFError, ConnectionError):
            self._is_alive = False
            yield from self._under_way.values()
            self._under_way.clear()


def _is_far(item: Item) -> bool:
    """Whether a picture takes long enough to come that it is fetched ahead: over a network, or out of a table."""
    address = parsed(item.path)
    return address is not None and (address.kind == "parquet" or is_url(address.container))


def _size(item: Item) -> int:
    address = parsed(item.path)
    return (address.size if address else 0) or 1 << 20


@contextmanager
def fetching(items: Iterable[Item], job: Job, jobs: int) -> Iterator[Feed]:
    """Items, with a process that fetches those from afar for as long as the block lasts."""
    with scratch("ahead") as folder:
        fetch = Fetch(folder, job.limits, None if job.fresh or job.redo else job.out)
        hand = hire(cast("Work", fetch), (), serve)
        try:
            yield Fetched(items, hand, fetch, max(FEWEST, EACH_JOB * jobs))
        finally:
            hand.say(None)
            hand.end(1.0)
