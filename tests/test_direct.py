"""Large buffers past the page cache: the same bytes, and the usual way wherever this one is closed."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from dynres_cli.arena import Arena, pages
from dynres_cli.errors import RunError
from dynres_cli.storage import Calls, NewFile, Writer
from dynres_cli.storage.direct import BLOCK, WORTH_IT


def values(size: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Bytes that begin a page and repeat nowhere near."""
    room = pages(None, size)
    room[:] = np.random.default_rng(size).integers(0, 256, size, np.uint8)
    return room


class Refusing(Calls):
    """A disk that takes so many writes and then answers with an error."""

    def __init__(self, number: int, taken: int) -> None:
        self.number, self.left = number, taken

    def write(self, file: int, data: memoryview) -> int:
        if self.left == 0:
            self.left = -1
            raise OSError(self.number, os.strerror(self.number))
        self.left -= 1
        return super().write(file, data[: 4 * BLOCK] if self.left >= 0 else data)


@pytest.mark.parametrize("size", [0, 1, WORTH_IT - 1, WORTH_IT, WORTH_IT + 1, 3 * WORTH_IT + BLOCK, 2 * WORTH_IT + 128])
def test_the_file_holds_the_buffer(tmp_path: Path, size: int) -> None:
    """Whole blocks go one way, the rest the other; the file is neither longer nor shorter."""
    buffer = values(size)
    assert Writer(str(tmp_path)).write("a", [NewFile("x", (buffer.data,))]) == size
    assert (tmp_path / "a" / "x").read_bytes() == buffer.tobytes()


@pytest.mark.parametrize("taken", [0, 1, 3])
def test_a_file_system_without_this_way_takes_the_other(tmp_path: Path, taken: int) -> None:
    """EINVAL, at once or after some blocks, is no error: the cache takes what is left."""
    buffer = values(2 * WORTH_IT + 5)
    Writer(str(tmp_path), calls=Refusing(errno.EINVAL, taken)).write("a", [NewFile("x", (buffer.data,))])
    assert (tmp_path / "a" / "x").read_bytes() == buffer.tobytes()


def test_a_full_disk_ends_the_run_as_ever(tmp_path: Path) -> None:
    """What does not fit leaves no file under its name."""
    with pytest.raises(RunError, match="disk is full"):
        Writer(str(tmp_path), calls=Refusing(errno.ENOSPC, 2)).write("a", [NewFile("x", (values(WORTH_IT * 2).data,))])
    assert list((tmp_path / "a").iterdir()) == []


def test_pages_from_an_arena_begin_a_page_and_keep_apart() -> None:
    """Two buffers of one arena never share a byte."""
    arena = Arena()
    for _ in range(2):
        arena.clear()
        first, second = pages(arena, 10_000), pages(arena, 10_000)
        assert first.ctypes.data % BLOCK == second.ctypes.data % BLOCK == 0
        first[:], second[:] = 1, 2
        assert first.min() == first.max() == 1
