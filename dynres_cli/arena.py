"""Working memory that is used again for every picture: new arrays of many megabytes cost a page fault per page."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

ALIGNMENT = 64
PAGE = 4096
LARGEST = 192 << 20
"""Bytes that an arena keeps at most; what goes beyond is allocated and given back."""


class Arena(threading.local):
    """Arrays one behind another in one piece of memory, all of them forgotten at once; each thread has its own.

    An array from an arena is good until `clear`. An arena that was too small once is large enough the next time.
    """

    def __init__(self) -> None:
        self._room = np.empty(0, np.uint8)
        self._used = self._wanted = 0

    def clear(self) -> None:
        """Forget every array that was handed out."""
        if len(self._room) < self._wanted:
            # Twice as large, for new memory is slow at first; the system gives only what of it is written to.
            size = min(max(self._wanted, 2 * len(self._room)), LARGEST)
            self._room = np.empty(0, np.uint8)
            self._room = np.empty(size, np.uint8)
        self._used = self._wanted = 0

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """An array with whatever was left in its memory."""
        kind = np.dtype(dtype)
        size = kind.itemsize * math.prod(shape)
        start, taken = self._used, size + -size % ALIGNMENT
        self._wanted += taken
        if start + size > len(self._room):
            return np.empty(shape, kind)
        self._used = start + taken
        return self._room[start : start + size].view(kind).reshape(shape)


def pages(arena: Arena | None, size: int) -> npt.NDArray[np.uint8]:
    """So many bytes that begin with a page of memory, from an arena or on their own."""
    room = empty(arena, (size + PAGE,), np.uint8)
    start = -room.ctypes.data % PAGE
    return room[start : start + size]


def empty(arena: Arena | None, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """An array from an arena, or one of its own."""
    return np.empty(shape, dtype) if arena is None else arena.empty(shape, dtype)
