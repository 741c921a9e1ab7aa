"""A run whose output is cut into shards: plan them, tile what is missing, put each together when it is complete.

One engine does it all: a shard is one more item, which the feed gives out once the outcomes of its pictures are known.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from dynres_cli.aside import forget_aside
from dynres_cli.engines.contract import Engine, EngineLimits, Watch
from dynres_cli.errors import RunError
from dynres_cli.items import Done, Failed, Item, Tiled
from dynres_cli.job import Job, recorded
from dynres_cli.manifest import LayoutEntry
from dynres_cli.names import MANIFEST, STATE, TIMES
from dynres_cli.operations.shards.costs import assessed
from dynres_cli.operations.shards.dealing import KIND, Dealt, Numbers, dealt
from dynres_cli.operations.shards.finished import Left
from dynres_cli.operations.shards.putting import Place
from dynres_cli.operations.shards.tasks import Judge, Judged, Work, shard_item
from dynres_cli.operations.spool import Spool
from dynres_cli.sinks.owned import by_owner
from dynres_cli.sinks.shard import shards_in
from dynres_cli.storage import open_folder, scratch
from dynres_cli.urls import is_url, joined

STAGING = (STATE, "staging")
ROWS_AT_ONCE = 1 << 14
"""Rows of the table of costs that are written together."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a run is done with."""

    engine: Engine
    limits: EngineLimits
    watch: Watch
    told: Callable[[Tiled | Failed], bool]
    """Given every picture's outcome; False ends the run."""


@contextmanager
def staging_of(out: str, *, far: bool) -> Iterator[str]:
    """The folder for the pictures of shards that are not complete, which no link may lead away from.

    Shards for an object store are put together on this machine, so that a picture costs no request of its own; where
    `far` machines work on it, pictures meet in the store.
    """
    if is_url(out) and far:
        yield joined(out, *STAGING)
        return
    if is_url(out):
        with scratch("staging") as folder:
            yield folder
        return
    try:
        with open_folder(out, STAGING, create=True):
            pass
    except OSError as error:
        message = f"{out}: {'/'.join(STAGING)} cannot be used ({error.strerror}); remove what stands there"
        raise RunError(message, "output") from error
    yield os.path.join(out, *STAGING)


def planned(job: Job, layout: LayoutEntry, spool: Spool, means: Means) -> tuple[Numbers, Dealt] | None:
    """Every picture's costs and its shard; None where the run was stopped meanwhile."""
    count = spool.keys.count
    table = _table(count)
    numbers: dict[str, int] = {}

    def listed() -> Iterator[Item]:
        for number, (place, item) in enumerate(spool.located()):
            table[number]["place"] = place
            numbers[item.key] = number
            yield item

    seen = 0
    for pictures, costs in assessed(job, listed(), means.engine, means.limits, means.watch):
        for item, cost in zip(pictures.items, costs, strict=True):
            row = table[numbers.pop(item.key)]
            row["bytes"], row["views"], row["tokens"] = cost.bytes, cost.views, cost.tokens
        seen += len(costs)
    return (table, dealt(table, layout)) if seen == count else None


def _table(count: int) -> Numbers:
    """Room for the costs of so many pictures, on disk: the parent's memory does not grow with the list."""
    rows = max(count, 1)
    with tempfile.TemporaryFile() as file:
        # Zeros and not a hole: where a disk has no room for a mapped page, the system kills the process.
        for start in range(0, rows, ROWS_AT_ONCE):
            file.write(bytes(min(rows - start, ROWS_AT_ONCE) * KIND.itemsize))
        file.flush()
        return np.memmap(file, KIND, "r+", shape=(rows,))[:count]


@dataclass(slots=True)
class ShardRun:
    """The run over all shards, of which the parent knows how many pictures each still waits for."""

    job: Job
    """Its writer leads to the staging folder."""
    place: Place
    spool: Spool
    table: Numbers
    dealt: Dealt
    means: Means
    finished: set[int] = field(default_factory=set)
    kept: dict[int, tuple[bool, ...]] = field(default_factory=dict)
    """Of shards that are there but not as they should be: which of their pictures need not be made again."""
    waiting: dict[int, int] = field(default_factory=dict)
    shard_of: dict[str, int] = field(default_factory=dict)
    """Of pictures in work."""
    complete: deque[int] = field(default_factory=deque)

    def run(self) -> bool:
        """Put every input through the engine; False if the run stopped before its end."""
        if not self.job.fresh:
            forget_aside(self.job.writer)
        if not (self._look() and self._work()):
            return False
        self._remove_surplus()
        if not is_url(self.job.out):
            shutil.rmtree(self.job.out, ignore_errors=True)
        return True

    def _members(self, number: int) -> tuple[Item, ...]:
        return tuple(self.spool.at(int(self.table[each]["place"])) for each in self.dealt.members(number))

    def _look(self) -> bool:
        """See what an earlier run has finished."""
        there = {shard.number for shard in shards_in(self.place.out, self.place.layout)}
        asked = [number for number in range(self.dealt.shards) if number in there]
        items = (shard_item(self.place.shard(number), self._members(number)) for number in asked)
        engine, limits, watch = self.means.engine, self.means.limits, self.means.watch
        looked = 0
        for number, outcome in _by_number(engine(Judge(self.place, self.job), items, limits, watch)):
            looked += 1
            left = outcome.left if isinstance(outcome, Judged) else Left()
            outcomes = left.outcomes
            if is_url(self.place.out) and not left.is_exact:
                outcomes = ()  # to fetch a shard for each picture that is kept would take longer than to make them
            if left.is_finished:
                self.finished.add(number)
            elif any(outcomes):
                self.kept[number] = tuple(each is not None for each in outcomes)
            if not all(self.means.told(each) for each in outcomes if each is not None):
                return False
        return looked == len(asked)

    def _work(self) -> bool:
        """Tile what is missing and put the shards together."""
        engine, limits, watch = self.means.engine, self.means.limits, self.means.watch
        outcomes = engine(Work(self.place, self.job), self._feed(), limits, watch)
        for outcome in outcomes:
            if outcome.key not in self.shard_of:
                self._put(outcome)
                continue
            number = self.shard_of.pop(outcome.key)
            told = recorded(outcome, self.job)
            self.waiting[number] -= 1
            if not self.waiting[number]:
                del self.waiting[number]
                self.complete.append(number)
            if not self.means.told(told):
                outcomes.close()
                return False
        return len(self.finished) == self.dealt.shards

    def _put(self, outcome: Done | Failed) -> None:
        """A shard is there, or the run cannot be done."""
        number = _number(outcome)
        if isinstance(outcome, Failed):
            name = self.place.shard(number).file
            message = f"{name}: {outcome.message}; smaller shards (--shard-size) take less time and memory"
            raise RunError(message, "output")
        self.finished.add(number)

    def _feed(self) -> Iterator[Item | None]:
        """Pictures in the order of the shards, and each shard as soon as its pictures are there."""
        for number in range(self.dealt.shards):
            if number in self.finished:
                continue
            members = self._members(number)
            kept = self.kept.get(number, (False,) * len(members))
            missing = [item for item, is_kept in zip(members, kept, strict=True) if not is_kept]
            if missing:
                self.waiting[number] = len(missing)
            else:
                self.complete.append(number)  # nothing will come in that could complete it
                yield from self._ready()
            for item in missing:
                self.shard_of[item.key] = number
                yield item
                yield from self._ready()
        while self.waiting or self.complete:
            yield from self._ready()
            if self.waiting:
                yield None

    def _ready(self) -> Iterator[Item]:
        """The shards that wait for nothing any more."""
        while self.complete:
            number = self.complete.popleft()
            members = self._members(number)
            kept = self.kept.pop(number, (False,) * len(members))
            yield shard_item(self.place.shard(number), members, kept)

    def _remove_surplus(self) -> None:
        """Shards of an earlier run beyond the last one of this: whoever reads all shards would meet them."""
        ours, _ = by_owner(self.place.out, self.place.layout)
        for shard in ours:
            if shard.number >= self.dealt.shards:
                self.place.writer.remove("", [MANIFEST, *shard.files])
                self.place.writer.remove(TIMES, [shard.stem])


def _by_number(outcomes: Iterable[Done | Failed]) -> Iterator[tuple[int, Done | Failed]]:
    return ((_number(outcome), outcome) for outcome in outcomes)


def _number(outcome: Done | Failed) -> int:
    """The shard that an outcome is of."""
    return int(outcome.key.rpartition("-")[2])
