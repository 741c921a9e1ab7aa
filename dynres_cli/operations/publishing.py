"""A manifest on its way to the disk: in one file, or above a stated size in volumes that manifest.json points to."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import IO

from dynres_cli.errors import RunError
from dynres_cli.manifest import TAIL, Run, Volume, head
from dynres_cli.names import MANIFEST, volume_name
from dynres_cli.operations.spool import BLOCK
from dynres_cli.storage import NewFile, Writer, open_below, start_below, stat_below
from dynres_cli.urls import joined

_RECORD = re.compile(rb'\{"key": "(?:[^"\\]|\\.)*", "source": "')
_START = 1 << 15
"""A record's key is in so many bytes, however many of its own are written as six."""


@dataclass(slots=True)
class Lines:
    """The lines of a manifest's images, gathered in a file that need not have a name.

    With more than `volume` images they are meant for volumes of so many, else for manifest.json itself.
    """

    file: IO[bytes]
    images: int
    volume: int
    count: int = 0
    volumes: list[Volume] = field(default_factory=list)
    _written: int = 0
    _start: int = 0
    """Where the volume that is being filled begins."""
    _sha256: hashlib._Hash = field(default_factory=hashlib.sha256)

    @property
    def in_volumes(self) -> bool:
        return self.images > self.volume

    def add(self, text: bytes) -> None:
        """Append one image's line."""
        self.count += 1
        if not self.in_volumes:
            self._written += self.file.write(b",\n" + text if self.count > 1 else text)
            return
        line = text + b"\n"
        self._written += self.file.write(line)
        self._sha256.update(line)
        if self.count % self.volume == 0 or self.count == self.images:
            self._end_volume()

    def _end_volume(self) -> None:
        number, size = len(self.volumes), self._written - self._start
        images = self.count - number * self.volume
        self.volumes.append(Volume(volume_name(number), images, size, self._sha256.hexdigest()))
        self._sha256, self._start = hashlib.sha256(), self._written

    def part(self, start: int, length: int) -> Iterator[bytes]:
        """So many bytes from a place of the file on."""
        self.file.seek(start)
        while length and (block := self.file.read(min(BLOCK, length))):
            length -= len(block)
            yield block

    def all(self) -> Iterator[bytes]:
        """What stands between the head and the tail of manifest.json."""
        return iter(()) if self.in_volumes else self.part(0, self._written)


def publish(writer: Writer, run: Run, lines: Lines) -> Run:
    """Write the manifest of these lines, unless it stands there byte for byte; its head.

    The volumes come first, manifest.json last; while volumes are replaced there is none.
    """
    run = replace(run, manifests=tuple(lines.volumes) or None)
    first = head(run).encode()
    document = _digest(_document(first, lines))
    refuse_foreign_volumes(writer.root, lines.images, lines.volume)
    if document != _digest(_existing(writer.root, MANIFEST)) or not _volumes_stand(writer.root, lines):
        if lines.in_volumes:
            writer.remove("", [MANIFEST])
        writer.write("", [*_volume_files(lines), NewFile(MANIFEST, _document(first, lines))])
    _remove_further(writer, len(lines.volumes))
    return run


def _document(first: bytes, lines: Lines) -> Iterator[bytes]:
    yield first
    yield from lines.all()
    yield b"\n" + TAIL.encode()


def _volume_files(lines: Lines) -> Iterator[NewFile]:
    start = 0
    for volume in lines.volumes:
        yield NewFile(volume.path, lines.part(start, volume.bytes))
        start += volume.bytes


def _volumes_stand(root: str, lines: Lines) -> bool:
    return all(_digest(_existing(root, volume.path)).hex() == volume.sha256 for volume in lines.volumes)


def refuse_foreign_volumes(root: str, images: int, volume: int) -> None:
    """Refuse to replace a file that is called like a volume of a manifest of so many images, and is none."""
    names = map(volume_name, range(-(-images // volume) if images > volume else 0))
    for name in names:
        start = start_below(root, name, _START).strip(b"\0")  # zeros are what a power cut leaves
        if start and not _RECORD.match(start):
            message = (
                f"{joined(root, name)}: was not made by dynres and would be replaced; name another folder, or move it"
            )
            raise RunError(message, "not_ours")


def _remove_further(writer: Writer, number: int) -> None:
    """Volumes of an earlier manifest that had more of them, the last one first: a killed run leaves no gap."""
    end = number
    while stat_below(writer.root, volume_name(end)) is not None:
        end += 1
    for name in map(volume_name, reversed(range(number, end))):
        if _RECORD.match(start_below(writer.root, name, _START)):
            writer.remove("", [name])


def _existing(root: str, name: str) -> Iterator[bytes]:
    """A file of the manifest that is there, or nothing."""
    with suppress(OSError), open_below(root, name) as handle:
        while block := os.read(handle, BLOCK):
            yield block


def _digest(blocks: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.digest()
