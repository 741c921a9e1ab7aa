"""Parts of files and objects: a stretch of bytes by its place, and a file that is read in such stretches."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dynres_cli.errors import ImageError
from dynres_cli.urls import is_url

HEADER_BLOCK = 1 << 16
"""Enough for most headers in one request."""
ARCHIVE_BLOCK = 1 << 23


@dataclass(frozen=True, slots=True)
class Extent:
    """So many bytes of a file or an object from `start` on, as it was when it had this stamp."""

    container: str
    start: int
    size: int
    stamp: int = 0
    """0 where it may be any."""

    def read(self, start: int, length: int) -> bytes:
        """Some of them, fewer at the end; ImageError where they cannot be had."""
        wanted = max(min(length, self.size - start), 0)
        return read_range(self.container, self.start + start, wanted, self.stamp) if wanted else b""


@dataclass(frozen=True, slots=True)
class Standing:
    """How large a file or an object is, and the stamp by which a change is noticed."""

    size: int
    stamp: int


def standing(container: str) -> Standing:
    """What is known of a whole file or object; ImageError where there is none."""
    with _explained(container):
        if is_url(container):
            from dynres_cli.storage.stores import store_of  # noqa: PLC0415 - only for object stores

            store, path = store_of(container)
            entry = store.head(path)
            if entry is None:
                raise FileNotFoundError(container)
            return Standing(entry.size, entry.stamp)
        found = os.stat(container)
        if not stat.S_ISREG(found.st_mode):
            message = "this is a folder, a pipe or a device, not a plain file; leave it out"
            raise ImageError(code="unreadable", message=message)
        return Standing(found.st_size, found.st_mtime_ns)


def read_range(container: str, start: int, length: int, stamp: int = 0) -> bytes:
    """Bytes of a file or an object, fewer at its end; ImageError where they cannot be had.

    With a `stamp`, bytes of a file that meanwhile has another one are refused. Of object stores only S3 tells it.
    """
    with _explained(container):
        data, now = _stamped(container, start, length)
    check_stamp(now, stamp)
    return data


def check_stamp(now: int, listed: int) -> None:
    """Refuse what was written after it was listed, as far as both stamps say something."""
    if now and listed and now != listed:
        message = "what holds this picture was written or replaced after it was listed; run again when it is at rest"
        raise ImageError(code="changed", message=message)


def _stamped(container: str, start: int, length: int) -> tuple[bytes, int]:
    """Bytes with the stamp that their file had once they were read, 0 where that is not told with them."""
    if is_url(container):
        from dynres_cli.storage.stores import store_of  # noqa: PLC0415 - only for object stores

        store, path = store_of(container)
        return store.read_stamped(path, start, length)
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(container, flags), "rb", buffering=0) as file:
        file.seek(start)
        # The time is asked for last: it also tells of whoever wrote into the file while it was read.
        return _filled(file, length), os.fstat(file.fileno()).st_mtime_ns


def _filled(file: io.FileIO, length: int) -> bytes:
    """What is there, up to this length: one read may give less."""
    pieces = []
    while length and (piece := file.read(length)):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


@contextmanager
def _explained(container: str) -> Iterator[None]:
    """What a failed read means for a picture; the text is the same in every run and names no machine."""
    from dynres_cli.storage.retrying import network_errors  # noqa: PLC0415 - not for plain files

    try:
        yield
    except network_errors() as error:
        if isinstance(error, FileNotFoundError):
            message = "it was listed but is no longer there; run again to tile what is there now"
            raise ImageError(code="vanished", message=message) from error
        if isinstance(error, PermissionError):
            message = "it may not be read; check the permissions"
            raise ImageError(code="unreadable", message=message) from error
        if not is_url(container):
            message = "it cannot be read; check the disk that it is on"
            raise ImageError(code="unreadable", message=message) from error
        message = "the store did not give it, however often it was asked; run the same command again to try anew"
        raise ImageError(code="unreadable", message=message) from error


class RangeFile(io.RawIOBase):
    """An extent as a file that can be read and searched; of its blocks the last few are kept."""

    def __init__(self, extent: Extent, block: int, keep: int) -> None:
        self._extent, self._block, self._keep = extent, block, keep
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._at = 0

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def seekable(self) -> bool:
        """At any place."""
        return True

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, counted from the beginning, from here or from the end."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._extent.size}[whence]
        if base + offset < 0:
            raise OSError(errno.EINVAL, "a place before the beginning")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer as far as one block goes."""
        number, skip = divmod(self._at, self._block)
        piece = self._of(number)[skip : skip + len(buffer)] if self._at < self._extent.size else b""
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _of(self, number: int) -> bytes:
        if number in self._blocks:
            self._blocks.move_to_end(number)
        else:
            self._blocks[number] = self._extent.read(number * self._block, self._block)
            while len(self._blocks) > self._keep:
                self._blocks.popitem(last=False)
        return self._blocks[number]


def as_file(extent: Extent, block: int, keep: int) -> io.BufferedReader:
    """An extent as an ordinary file."""
    return io.BufferedReader(RangeFile(extent, block, keep), min(block, HEADER_BLOCK))
