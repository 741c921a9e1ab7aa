"""The index beside a shard: what the shard is, and the record of every image in it, one a line."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from dynres_cli.errors import Unsound
from dynres_cli.jsontext import to_json
from dynres_cli.manifest import TAIL, LayoutEntry, Record, TiledRecord
from dynres_cli.resume import LARGEST_RECORD
from dynres_cli.sinks.shard import Shard
from dynres_cli.storage import open_below

SCHEMA = "dynres.shard/1"
Readable = io.BufferedReader | io.BufferedRandom

_HEAD = re.compile(rb'\{"schema": "dynres\.shard/1", "shard": (\{.*\}), "images": \[\n')


@dataclass(frozen=True, slots=True)
class ShardHead:
    """What an index says of its shard: its file with size and digest, and what is in it."""

    layout: LayoutEntry
    number: int
    file: str
    bytes: int
    sha256: str
    images: int
    tiled: int
    total: int


@dataclass(frozen=True, slots=True)
class Measure:
    """The size of a shard's file, and its digest."""

    bytes: int
    sha256: str


def head_of(shard: Shard, cut: LayoutEntry, measure: Measure, records: Sequence[Record]) -> ShardHead:
    """The head of the index of a shard, which was cut in this way and has this size."""
    tiled = [record for record in records if isinstance(record, TiledRecord)]
    total = sum(record.total for record in tiled)
    counts = (len(records), len(tiled), total)
    return ShardHead(cut, shard.number, shard.file, measure.bytes, measure.sha256, *counts)


def document(head: ShardHead, lines: Iterable[bytes]) -> Iterator[bytes]:
    """The whole index."""
    told = dataclasses.asdict(head)
    told["layout"] = {name: value for name, value in told["layout"].items() if value is not None}
    yield f'{{"schema": "{SCHEMA}", "shard": {to_json(told)}, "images": [\n'.encode()
    for number, text in enumerate(lines):
        yield b",\n" + text if number else text
    yield b"\n" + TAIL.encode()


@dataclass(frozen=True, slots=True)
class Index:
    """An open index."""

    file: Readable
    where: str
    head: ShardHead
    start: int
    """Where the first image's line begins."""

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Each image's line with its place in the file; RunError at the end where the index was cut short."""
        return image_lines(partial(line_at, self.file), self.start, self.where)


@contextmanager
def open_index(root: str, path: str) -> Iterator[Index]:
    """The index at `path` below `root`; OSError where there is none, RunError where it is none of ours."""
    with open_below(root, path) as handle, os.fdopen(os.dup(handle), "rb") as file:
        first = file.readline(LARGEST_RECORD)
        found = _HEAD.fullmatch(first)
        if found is None:
            raise _damaged(path)
        yield Index(file, path, _parsed(found[1], path), len(first))


def _parsed(text: bytes, path: str) -> ShardHead:
    try:
        told = json.loads(text)
        fields = {field.name: told.pop(field.name) for field in dataclasses.fields(ShardHead)}
        cut = LayoutEntry(**fields.pop("layout"))
        head = ShardHead(cut, **fields)
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise _damaged(path) from None
    numbers = (head.number, head.bytes, head.images, head.tiled, head.total)
    texts = (cut.name, head.file, head.sha256)
    if told or not all(isinstance(each, str) for each in texts) or not all(type(each) is int for each in numbers):
        raise _damaged(path)
    return head


def _damaged(path: str) -> Unsound:
    return Unsound(
        f"{path}: is no sound index of a shard; run the same `dynres tile` again to write it anew", "manifest"
    )


def line_at(file: Readable, place: int) -> bytes:
    """The line of a file that begins at this place; whoever read elsewhere meanwhile does not matter."""
    file.seek(place)
    return file.readline(LARGEST_RECORD)


def image_lines(at: Callable[[int], bytes], start: int, where: str) -> Iterator[tuple[int, bytes]]:
    """Each line of a list of images without what separates it from the next, and where it begins in the file.

    `at` gives the line at a place. RunError at the end where the list was cut short.
    """
    offset, end = start, TAIL.encode()
    while line := at(offset):
        if line == end:
            return
        text = line.rstrip(b"\n").removesuffix(b",")
        if text:
            yield offset, text
        offset += len(line)
    msg = f"{where}: ends too early; run the same `dynres tile` again to write it anew"
    raise Unsound(msg, "manifest")
