"""Puts a shard together from the pictures that were staged for it, and commits it: the shard, then its index."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from dynres_cli.aside import is_any_aside, places_of
from dynres_cli.errors import RunError, Unsound
from dynres_cli.geometry import Size
from dynres_cli.items import Item
from dynres_cli.job import Job
from dynres_cli.jsontext import shown
from dynres_cli.manifest import FileEntry, Record, ShardLayout, TiledRecord, line
from dynres_cli.names import MANIFEST, RECORD, TIMES
from dynres_cli.operations.shards.finished import committed, has_ranges, same_records, times_file
from dynres_cli.resume import Earlier, earlier, file_name
from dynres_cli.sinks import index, packed, parquet, webdataset
from dynres_cli.sinks.contents import open_entry
from dynres_cli.sinks.shard import Sample, Shard
from dynres_cli.storage import NewFile, Writer

TYPICAL = Size(448, 448)
"""A picture of any size will tell what all views of a packed output have in common."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the shards of a run go: how they reach the output, and where their pictures are staged."""

    writer: Writer
    layout: ShardLayout
    part: str = ""

    @property
    def out(self) -> str:
        return self.writer.root

    def shard(self, number: int) -> Shard:
        return Shard(number, self.layout, self.part)


@dataclass(frozen=True, slots=True)
class Found:
    """One picture of a shard: its record as it was made, the time of its source, and where its files are now."""

    made: Earlier
    root: str
    path: str
    """The folder of its files, or the old shard that holds them."""

    def path_of(self, entry: FileEntry) -> str:
        return self.path if entry.offset is not None or entry.at is not None else f"{self.path}/{file_name(entry.path)}"


@dataclass(frozen=True, slots=True)
class ShardContents:
    """A shard with its pictures, and which of them an earlier run's shard holds, so that they were not tiled again."""

    shard: Shard
    items: tuple[Item, ...]
    kept: tuple[bool, ...]


def put_together(to: Place, job: Job, wanted: ShardContents) -> None:
    """Write one shard from its pictures' outcomes.

    The old shard's index goes first, the new one comes last: whatever stands beside an index is what it says. Where
    nothing has changed, nothing is written but an index as numbers that was lost.
    """
    shard = wanted.shard
    before = {} if job.redo else committed(to.out, shard, job.layout)
    told = zip(wanted.items, wanted.kept, strict=True)
    any_aside = is_any_aside(job.out)
    pictures = [
        _kept(to, shard, item, before) if kept else _staged(job, item, any_aside=any_aside) for item, kept in told
    ]
    records = list(_placed(shard, job, [each.made.record for each in pictures]))
    if not same_records(before, records):
        _write(to, job, shard, pictures, records)
    elif not has_ranges(to.out, shard, records):
        to.writer.write("", _beside(shard, records))
    to.writer.write(TIMES, [times_file(shard, [each.made for each in pictures])])
    for each in pictures:
        if each.root == job.out:
            _unstage(job, each)


def _staged(job: Job, item: Item, *, any_aside: bool) -> Found:
    """A picture's files in the staging folder."""
    for folder in places_of(item.key, any_aside=any_aside):
        made = earlier(job.out, folder)
        if made is not None:
            return Found(made, job.out, folder)
    raise _gone(item)


def _kept(to: Place, shard: Shard, item: Item, before: dict[str, Earlier]) -> Found:
    """A picture's files in the shard that an earlier run wrote."""
    if item.key not in before:
        raise _gone(item)
    return Found(before[item.key], to.out, shard.file)


def _gone(item: Item) -> Unsound:
    message = f"{shown(item.key)}: its record is gone although this run has seen it; run the same command again"
    return Unsound(message, "record_missing")


def _placed(shard: Shard, job: Job, records: Sequence[Record]) -> Iterator[Record]:
    match shard.layout:
        case "packed":
            return packed.placed(shard, records, kind_of(job))
        case "webdataset":
            return webdataset.placed(shard, records)
        case "parquet":
            return parquet.placed(shard, records)


def kind_of(job: Job) -> packed.Kind:
    """What the views of a packed output have in common."""
    size = job.recipe.plan(TYPICAL).views[0].box.size
    return packed.Kind((3, size.height, size.width), job.writing.dtype)


def _content(shard: Shard, job: Job, samples: Sequence[Sample]) -> Iterator[bytes]:
    match shard.layout:
        case "packed":
            return packed.content(samples, kind_of(job))
        case "webdataset":
            return webdataset.content(samples)
        case "parquet":
            writing, equal = job.writing, job.recipe.strategy.equal_views
            return parquet.content(samples, parquet.Columns(writing.tiles == "png", writing.tensor == "npy", equal))


def _write(to: Place, job: Job, shard: Shard, pictures: Sequence[Found], records: Sequence[Record]) -> None:
    """Write the shard and then its index."""
    samples = [
        Sample(shard.key(place), each.made.record, partial(_opened, each))
        for place, each in enumerate(pictures)
        if isinstance(each.made.record, TiledRecord)
    ]
    to.writer.remove("", [MANIFEST, *shard.files[:-1]])
    # No times yet, but a sign that whatever is called like this shard from now on is ours to replace.
    to.writer.write(TIMES, [NewFile(shard.stem, ())])
    to.writer.settle(TIMES)
    measured = _Measured(_content(shard, job, samples))
    try:
        to.writer.write("", [NewFile(shard.file, measured)])
    except RunError as error:
        if error.code == "staged":
            for each in pictures:
                if each.root == job.out:
                    job.writer.remove(each.path, [RECORD])
        raise
    to.writer.settle("")  # no index is ever found without its shard
    assert job.layout is not None  # noqa: S101 - only runs with a layout have shards
    measure = index.Measure(measured.size, measured.digest.hexdigest())
    head = index.head_of(shard, job.layout, measure, records)
    lines = (line(record).encode() for record in records)
    to.writer.write("", [*_beside(shard, records), NewFile(shard.index, index.document(head, lines))])
    to.writer.settle("")  # only then what was staged may go


def _beside(shard: Shard, records: Sequence[Record]) -> list[NewFile]:
    """The index as numbers, where the layout has one."""
    return [NewFile(shard.ranges, (packed.ranges(records),))] if shard.layout == "packed" else []


class _Measured:
    """Blocks on their way, counted and digested as they pass."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.digest, self.size = hashlib.sha256(), 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self.digest.update(block)
            self.size += len(block)
            yield block


@contextmanager
def _opened(found: Found, entry: FileEntry) -> Iterator[BinaryIO]:
    """A file of a picture; RunError where it is not there any more."""
    try:
        with open_entry(found.root, found.path_of(entry), entry) as file:
            yield file
    except (OSError, ValueError) as error:
        message = f"{found.made.record.key}: what was staged of it cannot be read ({error}); run the same command again"
        raise RunError(message, "staged") from error


def _unstage(job: Job, found: Found) -> None:
    """Remove a picture's staged files and its folder; folders above are shared with other workers' pictures."""
    record = found.made.record
    names = [file_name(entry.path) for entry in record.files] if isinstance(record, TiledRecord) else []
    job.writer.remove(found.path, [RECORD, *names])
    job.writer.remove_folder(found.path)
