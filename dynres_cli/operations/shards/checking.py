"""A finished output's shards laid beside their indexes, and the indexes beside what can be worked out again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from dynres_cli.errors import Unsound
from dynres_cli.jsontext import shown
from dynres_cli.manifest import LayoutEntry, Record, parse_record
from dynres_cli.operations.checking import Finding, Problem
from dynres_cli.operations.shards.catalogue import legible_key
from dynres_cli.operations.shards.finished import are_named
from dynres_cli.operations.strangers import Known
from dynres_cli.sinks import packed
from dynres_cli.sinks.index import Index, Measure, ShardHead, document, head_of, open_index
from dynres_cli.sinks.shard import BLOCK, Shard
from dynres_cli.storage import open_below


@dataclass(frozen=True, slots=True)
class PlacedShard:
    """A shard in a folder below the output's root: the root itself, or the part of a merged output."""

    root: str
    folder: str
    shard: Shard
    cut: LayoutEntry
    """How the manifest says that the output was cut."""

    def path(self, name: str) -> str:
        return f"{self.folder}/{name}" if self.folder else name

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that belong to the shard, by their paths below the root."""
        return tuple(self.path(name) for name in self.shard.files)

    def findings(self, known: Known) -> Iterator[Finding]:
        """What is wrong with its files; `known` has the entries of indexes that the manifest tells of."""
        shard, problem = self.shard, None
        try:
            with open_index(self.root, self.path(shard.index)) as index:
                keys = [legible_key(text) for _, text in index.lines()]
                if not all(key is not None and entry_of(index.where, key) in known for key in keys):
                    yield Finding(shown(self.path(shard.index)), "extra")
                if not _is_sound(index, shard, self.cut):
                    yield Finding(shown(self.path(shard.index)), "manifest")
                problem = _file_problem(self.root, self.path(shard.file), index.head)
                yield from self._ranges(index)
        except FileNotFoundError:
            yield Finding(shown(self.path(shard.index)), "missing")
        except (OSError, Unsound):
            yield Finding(shown(self.path(shard.index)), "manifest")
        if problem is not None:
            yield Finding(shown(self.path(shard.file)), problem)

    def _ranges(self, index: Index) -> Iterator[Finding]:
        """The index as numbers, which a packed shard has beside the other one."""
        if self.shard.layout != "packed":
            return
        path, expected = self.path(self.shard.ranges), packed.ranges(_records(index))
        problem: Problem | None = "missing"
        with suppress(FileNotFoundError), open_below(self.root, path) as handle:
            data = os.read(handle, len(expected) + 1)
            problem = None if data == expected else "sha256"
        if problem is not None:
            yield Finding(shown(path), problem)


def entry_of(index: str, key: str) -> str:
    """A key in the index at this path, as one text: no name holds a NUL."""
    return f"{index}\0{key}"


def _records(index: Index) -> list[Record]:
    return [parse_record(text, index.where) for _, text in index.lines()]


def _is_sound(index: Index, shard: Shard, cut: LayoutEntry) -> bool:
    """Whether an index is what dynres would write of its records, byte for byte, and names samples as it would."""
    head, records = index.head, _records(index)
    if head != head_of(shard, cut, Measure(head.bytes, head.sha256), records) or not are_named(shard, records):
        return False
    anew = hashlib.sha256()
    for block in document(head, (text for _, text in index.lines())):
        anew.update(block)
    index.file.seek(0)
    return hashlib.file_digest(index.file, "sha256").digest() == anew.digest()


def _file_problem(root: str, path: str, head: ShardHead) -> Problem | None:
    """What is wrong with the shard itself."""
    try:
        with open_below(root, path) as handle:
            digest, size = hashlib.sha256(), 0
            while block := os.read(handle, BLOCK):
                digest.update(block)
                size += len(block)
    except FileNotFoundError:
        return "missing"
    except Unsound:
        return "unsafe_path"
    except OSError:
        return "sha256"
    if size != head.bytes:
        return "size"
    return None if digest.hexdigest() == head.sha256 else "sha256"
