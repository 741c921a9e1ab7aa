"""The shards of an output that is no tree: how their files are called, and what goes into one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import BinaryIO

from dynres_cli.errors import RunError
from dynres_cli.manifest import FileEntry, ShardLayout, TiledRecord
from dynres_cli.names import SHARD
from dynres_cli.storage import listed_below

SUFFIXES: dict[ShardLayout, str] = {"packed": ".npy", "webdataset": ".tar", "parquet": ".parquet"}
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard by its number; `part` is the machine's own where several share a listing, so that keys never meet."""

    number: int
    layout: ShardLayout
    part: str = ""

    @property
    def stem(self) -> str:
        return f"shard-{self.number:05d}"

    @property
    def file(self) -> str:
        return self.stem + SUFFIXES[self.layout]

    @property
    def index(self) -> str:
        """The index, which is written after the shard and commits it."""
        return f"{self.stem}.index.json"

    @property
    def ranges(self) -> str:
        """The index of a packed shard once more, as numbers alone."""
        return f"{self.stem}.index.npy"

    @property
    def files(self) -> tuple[str, ...]:
        """All files of the shard in the order in which they are removed."""
        return (self.index, self.ranges, self.file) if self.layout == "packed" else (self.index, self.file)

    def key(self, place: int) -> str:
        """The name of a sample in this shard: without a dot, for the first dot ends a key."""
        return f"{self.part}{self.number:05d}-{place:06d}"


def part_name(index: int, count: int) -> str:
    """What the keys of samples begin with in one of `count` parts of a listing; nothing where it is the whole."""
    return f"{index}-" if count > 1 else ""


def shard_of(name: str, layout: ShardLayout, part: str = "") -> Shard | None:
    """The shard that a file belongs to by its name, or None."""
    found = SHARD.fullmatch(name)
    shard = Shard(int(found[1]), layout, part) if found else None
    return shard if shard is not None and name in shard.files else None


def shards_in(root: str, layout: ShardLayout) -> list[Shard]:
    """Every shard of which a file lies in a folder, by number; none where there is no such folder."""
    try:
        found = {shard_of(name, layout) for name in listed_below(root, "")[0]}
    except OSError:
        return []
    return sorted((shard for shard in found if shard is not None), key=lambda shard: shard.number)


@dataclass(frozen=True, slots=True)
class Sample:
    """One tiled picture on its way into a shard: its name there, its record, and how its files are opened."""

    key: str
    record: TiledRecord
    opened: Callable[[FileEntry], AbstractContextManager[BinaryIO]]

    def blocks(self, entry: FileEntry) -> Iterator[bytes]:
        """A file as it would lie in a tree; RunError where it is not what its record says."""
        digest, size = hashlib.sha256(), 0
        with self.opened(entry) as file:
            while block := file.read(BLOCK):
                digest.update(block)
                size += len(block)
                yield block
        if (size, digest.hexdigest()) != (entry.bytes, entry.sha256):
            msg = f"{self.record.key}: what was staged of it is damaged; run the same command again"
            raise RunError(msg, "staged")

    def values(self, entry: FileEntry, header: int) -> Iterator[bytes]:
        """The same without its first bytes."""
        for block in self.blocks(entry):
            yield block[header:]
            header = max(0, header - len(block))


def unplaced(entry: FileEntry) -> FileEntry:
    """An entry without its place in a shard."""
    return replace(entry, member=None, offset=None, at=None, first=None)
