"""What an earlier run left of a shard: which of its pictures need not be tiled again, and whether it has no others."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from dynres_cli.errors import Unsound
from dynres_cli.items import Failed, Item, Tiled
from dynres_cli.job import Job
from dynres_cli.manifest import LayoutEntry, Record, exact_key, line, parse_record
from dynres_cli.names import TIMES
from dynres_cli.resume import Earlier, still_counts
from dynres_cli.sinks import packed, webdataset
from dynres_cli.sinks.index import open_index
from dynres_cli.sinks.shard import Shard
from dynres_cli.storage import NewFile, read_below, stat_below

UNKNOWN_TIME = 0


@dataclass(frozen=True, slots=True)
class Left:
    """What an earlier run left of a shard."""

    outcomes: tuple[Tiled | Failed | None, ...] = ()
    """For each of its pictures what the committed record stands for; None where it has to be made again."""
    is_exact: bool = False
    """Whether it holds its pictures, and only those, as a fresh run would write them; else what is good is copied."""
    is_whole: bool = False
    """Whether what follows from its index lies beside it, too."""

    @property
    def is_finished(self) -> bool:
        return self.is_exact and self.is_whole


def judged(out: str, shard: Shard, items: Sequence[Item], job: Job) -> Left:
    """What is there of the shard that these pictures belong into."""
    before = {} if job.redo else committed(out, shard, job.layout)
    outcomes = tuple(_outcome(before.get(item.key), item, job) for item in items)
    is_exact = all(outcomes) and _holds_just(before, shard, items)
    return Left(outcomes, is_exact, is_exact and has_ranges(out, shard, [each.record for each in before.values()]))


def _outcome(before: Earlier | None, item: Item, job: Job) -> Tiled | Failed | None:
    if before is None:
        return None
    return still_counts(item, before, job.sameness, retry_failed=job.retry_failed)


def _holds_just(before: dict[str, Earlier], shard: Shard, items: Sequence[Item]) -> bool:
    """Whether a shard has these pictures and no others, in their order and under the names that this run gives."""
    names_are_ours = are_named(shard, [each.record for each in before.values()])
    return names_are_ours and list(before) == [item.key for item in items]


def are_named(shard: Shard, records: Sequence[Record]) -> bool:
    """Whether a shard's samples are called as in this part of a run; only a tar's have names."""
    return shard.layout != "webdataset" or webdataset.are_named(shard, records)


def has_ranges(out: str, shard: Shard, records: Sequence[Record]) -> bool:
    """Whether the index as numbers lies beside a packed shard of these records; other shards have none."""
    if shard.layout != "packed":
        return True
    expected = packed.ranges(records)
    try:
        return read_below(out, shard.ranges, len(expected)) == expected
    except (OSError, Unsound):
        return False


def committed(out: str, shard: Shard, cut: LayoutEntry | None) -> dict[str, Earlier]:
    """The records of a shard by key, if it was cut in this way and lies there as its index says; else nothing."""
    try:
        found = stat_below(out, shard.file)
        with ExitStack() as stack:
            index = stack.enter_context(open_index(out, shard.index))
            head = index.head
            if found is None or (head.layout, head.file, head.bytes) != (cut, shard.file, found.st_size):
                return {}
            records = [parse_record(text, shard.index) for _, text in index.lines()]
    except (OSError, Unsound):
        return {}
    times = _times(out, shard, len(records))
    return {exact_key(record): Earlier(record, *both) for record, both in zip(records, times, strict=True)}


def _times(out: str, shard: Shard, count: int) -> list[tuple[int, int]]:
    """When each source of a shard was last changed, as the run saw it, and when its record was made."""
    layout = struct.Struct(f"<{2 * count}q")
    try:
        times = layout.unpack(read_below(out, f"{TIMES}/{shard.stem}", layout.size))
    except (OSError, Unsound, struct.error):
        times = (UNKNOWN_TIME,) * (2 * count)
    return list(zip(times[::2], times[1::2], strict=True))


def times_file(shard: Shard, pictures: Sequence[Earlier]) -> NewFile:
    """The file that keeps them."""
    times = [_fitting(time) for each in pictures for time in (each.mtime_ns, each.written_ns)]
    return NewFile(shard.stem, (struct.pack(f"<{len(times)}q", *times),))


def _fitting(time: int) -> int:
    """A time if its nanoseconds are a number of 64 bits, which hold the years from 1678 to 2261."""
    return time if -(1 << 63) <= time < 1 << 63 else UNKNOWN_TIME


def same_records(before: dict[str, Earlier], records: Sequence[Record]) -> bool:
    """Whether a shard holds these very records already."""
    return [line(each.record) for each in before.values()] == [line(record) for record in records]
