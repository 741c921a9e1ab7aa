"""A picture whose two files are replaced by four, and system calls of which one fails."""

from __future__ import annotations

import os
from pathlib import Path

from dynres_cli.storage import Calls, NewFile

KEY = "cats/a.jpg"
OLD = {"tile_r0_c0.png": b"old tile", "grid.json": b"{old}"}
NEW = {
    "tile_r0_c0.png": b"new tile" * 999,
    "tile_r0_c1.png": b"",
    "pixel_values.npy": b"n" * 70_000,
    "grid.json": b"{}",
}


def as_files(contents: dict[str, bytes]) -> list[NewFile]:
    """Each content in two buffers, as a header and an array are."""
    return [NewFile(name, (data[:3], memoryview(data)[3:])) for name, data in contents.items()]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder and its bytes, the lock's own place left out."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in sorted(files.items()) if not name.startswith(".dynres/")}


class Death(BaseException):
    """Stands for kill -9: nothing that handles errors sees it."""


class FailAt(Calls):
    """The system's calls, of which the n-th one fails; writes come in small pieces."""

    def __init__(self, turn: int, failure: BaseException) -> None:
        self.turn = turn
        self.failure = failure

    def _count(self) -> None:
        self.turn -= 1
        if self.turn == 0:
            raise self.failure

    def make_folder(self, name: str, folder: int | None) -> None:
        self._count()
        super().make_folder(name, folder)

    def open(self, name: str, flags: int, folder: int | None) -> int:
        self._count()
        return super().open(name, flags, folder)

    def write(self, file: int, data: memoryview) -> int:
        self._count()
        return super().write(file, data[:5000])

    def sync(self, file: int) -> None:
        self._count()
        os.fstat(file)  # no power fails here: syncing would only take time

    def rename(self, old: str, new: str, folder: int | None) -> None:
        self._count()
        super().rename(old, new, folder)

    def remove(self, name: str, folder: int | None) -> None:
        self._count()
        super().remove(name, folder)
