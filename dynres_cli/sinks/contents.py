"""Reads a picture's file from wherever a layout has put it, always as the file that a tree would hold."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from dynres_cli.manifest import FileEntry
from dynres_cli.sinks import parquet
from dynres_cli.sinks.npy import header_of
from dynres_cli.storage import open_below
from dynres_cli.urls import is_url

Array = npt.NDArray[Any]
Readable = io.BufferedReader | io.BytesIO


@contextmanager
def open_entry(root: str, path: str, entry: FileEntry) -> Iterator[Readable]:
    """The file of an entry that lies at `path` below `root`, or in the shard there.

    Raises as open_below does, and ValueError where a table does not hold it.
    """
    if is_url(root) and entry.at is None and entry.offset is not None:
        from dynres_cli.storage.objects import part_below  # noqa: PLC0415 - only for object stores

        before = _left_out(entry)
        yield io.BytesIO(before + part_below(root, path, entry.offset, max(0, entry.bytes - len(before))))
        return
    with open_below(root, path) as handle, os.fdopen(os.dup(handle), "rb") as file:
        if entry.at is not None:
            parquet.require()
            yield io.BytesIO(parquet.piece(file, entry))
        elif entry.offset is not None:
            before = _left_out(entry)
            yield io.BufferedReader(_Part(file, entry.offset, entry.bytes - len(before), before))
        else:
            yield file


def _left_out(entry: FileEntry) -> bytes:
    """What a packed array holds only once for all tensors; nothing where the file is there as a whole."""
    return b"" if entry.offset is None or entry.member is not None else header_of(entry)


class _Part(io.RawIOBase):
    """Some bytes of a file as a file of its own, with others before them."""

    def __init__(self, file: BinaryIO, start: int, size: int, before: bytes) -> None:
        self._file, self._start, self._before = file, start, before
        there = max(0, file.seek(0, os.SEEK_END) - start)
        self._size = len(before) + min(max(0, size), there)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever has a buffer
        room = memoryview(buffer).cast("B")
        wanted = min(len(room), max(0, self._size - self._at))
        if self._at < len(self._before):
            data = self._before[self._at : self._at + wanted]
        else:
            self._file.seek(self._start + self._at - len(self._before))
            data = self._file.read(wanted)
        room[: len(data)] = data
        self._at += len(data)
        return len(data)


def length(file: Readable) -> int:
    """The bytes of an opened entry; it stands at its beginning afterwards."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def mapped(root: str, path: str, entry: FileEntry, dtype: np.dtype[Any], start: int) -> Array:
    """A tensor's values, which begin at `start` of its file, read from disk where they are touched.

    A table's values are read at once. OSError or ValueError where they are not there.
    """
    shape = entry.shape or ()
    if entry.at is not None:
        with open_entry(root, path, entry) as file:
            return np.frombuffer(file.read(), dtype, offset=start).reshape(shape)
    offset = (entry.offset or 0) + start - len(_left_out(entry))
    with open_below(root, path) as handle, os.fdopen(os.dup(handle), "rb") as file:
        return np.memmap(file, dtype=dtype, mode="r", offset=offset, shape=shape)
