"""Where a manifest's images stand: behind the head in manifest.json, or in volumes beside it; both are read alike."""

from __future__ import annotations

import hashlib
import io
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import accumulate
from threading import Lock
from typing import Protocol

from dynres_cli.errors import Unsound
from dynres_cli.manifest import TAIL, Volume
from dynres_cli.resume import LARGEST_RECORD
from dynres_cli.sinks.index import image_lines, line_at
from dynres_cli.storage import open_below
from dynres_cli.urls import joined

Readable = io.BufferedReader | io.BufferedRandom


class Body(Protocol):
    """The lines of all images, each found again by its place; several threads may read them."""

    between: bytes
    """What separates two lines."""
    end: bytes
    """What follows the last line."""

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line without what separates it from the next, and its place; RunError at the end of what is cut."""
        ...

    def at(self, place: int) -> bytes:
        """The line that begins at this place."""
        ...

    def digest(self) -> bytes:
        """The sha256 of everything, separators included."""
        ...

    def damaged(self) -> Iterator[str]:
        """The names of files beside manifest.json that are not as it states."""
        ...


class OneFile:
    """The images in manifest.json itself, from `start` on."""

    between, end = b",\n", b"\n" + TAIL.encode()

    def __init__(self, file: Readable, start: int, where: str) -> None:
        self._file, self._start, self._where = file, start, where
        self._lock = Lock()

    def lines(self) -> Iterator[tuple[int, bytes]]:
        return image_lines(self._line, self._start, self._where)

    def at(self, place: int) -> bytes:
        return self._line(place).rstrip(b"\n").removesuffix(b",")

    def _line(self, place: int) -> bytes:
        with self._lock:  # between going to a place and reading there, no other thread may go elsewhere
            return line_at(self._file, place)

    def digest(self) -> bytes:
        self._file.seek(self._start)
        return hashlib.file_digest(self._file, "sha256").digest()

    def damaged(self) -> Iterator[str]:
        return iter(())


class Volumes:
    """The images in volumes, of which one at a time is open; a place counts through all of them."""

    between, end = b"\n", b"\n"

    def __init__(self, root: str, volumes: Sequence[Volume]) -> None:
        self._root, self._volumes = root, volumes
        self._starts = [0, *accumulate(volume.bytes for volume in volumes)]
        self._stack = ExitStack()
        self._open_one: tuple[int, Readable] | None = None
        self._lock = Lock()

    def lines(self) -> Iterator[tuple[int, bytes]]:
        for start, volume in zip(self._starts, self._volumes, strict=False):
            place, images = start, 0
            with self._open(volume) as file:
                while line := file.readline(LARGEST_RECORD):
                    yield place, line.removesuffix(b"\n")
                    place += len(line)
                    images += 1
            if (images, place - start) != (volume.images, volume.bytes):
                raise _refusal(self._named(volume), "does not hold the images that manifest.json states")

    def at(self, place: int) -> bytes:
        number = bisect_right(self._starts, place) - 1
        with self._lock:
            if self._open_one is None or self._open_one[0] != number:
                self.close()
                self._open_one = number, self._stack.enter_context(self._open(self._volumes[number]))
            return line_at(self._open_one[1], place - self._starts[number]).removesuffix(b"\n")

    def close(self) -> None:
        """Let go of the volume that was looked into last."""
        self._stack.close()
        self._open_one = None

    def digest(self) -> bytes:
        digest = hashlib.sha256()
        for volume in self._volumes:
            with self._open(volume) as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        return digest.digest()

    def damaged(self) -> Iterator[str]:
        for volume in self._volumes:
            try:
                with self._open(volume) as file:
                    sound = hashlib.file_digest(file, "sha256").hexdigest() == volume.sha256
            except Unsound:
                sound = False
            if not sound:
                yield volume.path

    def _named(self, volume: Volume) -> str:
        return joined(self._root, volume.path)

    @contextmanager
    def _open(self, volume: Volume) -> Iterator[Readable]:
        try:
            with open_below(self._root, volume.path) as handle, os.fdopen(os.dup(handle), "rb") as file:
                yield file
        except OSError as error:
            why = f"belongs to the manifest and cannot be read ({error.strerror})"
            raise _refusal(self._named(volume), why) from error


def _refusal(where: str, why: str) -> Unsound:
    return Unsound(f"{where}: {why}; run the same `dynres tile` or `dynres merge` again to write it anew", "manifest")
