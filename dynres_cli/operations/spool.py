"""A run's list of inputs, kept on disk so that the parent's memory does not grow with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

from dynres_cli.addresses import parsed
from dynres_cli.items import Item
from dynres_cli.keys import KeyList, KeyShard, to_bytes
from dynres_cli.manifest import Keys

BLOCK = 1 << 20
FIELDS = 5
SHORT = 4096
"""Most items are shorter."""


class Spool:
    """Items in key order in an unnamed file: written once, read as often as needed."""

    def __init__(self, items: Iterable[Item], shard: KeyShard) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the run
        everything, ours = KeyList(), KeyList()
        self.has_addresses = False
        """Whether there are pictures that are no files of their own."""
        for item in items:
            everything.add(item.key)
            if shard.holds(item.key):
                ours.add(item.key)
                self.has_addresses = self.has_addresses or parsed(item.path) is not None
                self._file.write(_packed(item))
        self._file.flush()
        self.listing = Keys(everything.count, everything.digest)
        """All keys, of this shard and the others."""
        self.keys = Keys(ours.count, ours.digest)

    def __iter__(self) -> Iterator[Item]:
        self._file.seek(0)
        rest = b""
        while block := self._file.read(BLOCK):
            *fields, rest = (rest + block).split(b"\0")
            whole = len(fields) - len(fields) % FIELDS
            rest = b"\0".join([*fields[whole:], rest])
            yield from map(_unpacked, zip(*[iter(fields[:whole])] * FIELDS, strict=True))

    def located(self) -> Iterator[tuple[int, Item]]:
        """Every item with its place in the file, by which `at` finds it again."""
        place = 0
        for item in self:
            yield place, item
            place += len(_packed(item))

    def at(self, place: int) -> Item:
        """The item at a place; whoever iterates meanwhile is not disturbed."""
        before = self._file.tell()
        self._file.seek(place)
        data, fields = b"", [b""]
        while len(fields) <= FIELDS and (block := self._file.read(SHORT)):
            data += block
            fields = data.split(b"\0", FIELDS)
        self._file.seek(before)
        return _unpacked(tuple(fields[:FIELDS]))

    def close(self) -> None:
        self._file.close()


def _packed(item: Item) -> bytes:
    """An item as its fields, each ended by a NUL byte, which no name can hold."""
    frame = b"" if item.frame is None else b"%d" % item.frame
    parts = (to_bytes(item.key), to_bytes(item.source), os.fsencode(item.path), b"1" if item.explicit else b"", frame)
    return b"".join(part + b"\0" for part in parts)


def _unpacked(fields: tuple[bytes, ...]) -> Item:
    key, source, path, explicit, frame = fields
    return Item(
        key.decode("utf-8", "surrogateescape"),
        source.decode("utf-8", "surrogateescape"),
        os.fsdecode(path),
        explicit=bool(explicit),
        frame=int(frame) if frame else None,
    )
