"""Working memory that is used again for every picture: new arrays of many megabytes cost a page fault per page."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

ALIGNMENT = 64
PAGE = 4096
ROOM = 128 << 20
"""Bytes of an arena: enough for 24 megapixels. What goes beyond is allocated and given back."""


class Arena(threading.local):
    """Arrays one behind another in one piece of memory, all of them forgotten at once; each thread has its own.

    An array from an arena is good until `clear`. All room is asked for at once, of which the system gives what is
    written to: new memory is slow, so an arena that grew would pay for its beginning again. Where so many addresses are
    not to be had it has no room at all.
    """

    def __init__(self, size: int = ROOM) -> None:
        self._size = size
        self._room: npt.NDArray[np.uint8] | None = None
        self._used = 0
        self._hole = (0, 0)

    def clear(self) -> None:
        """Forget every array that was handed out."""
        self._used = 0
        self._hole = (0, 0)

    def give_back(self, array: npt.NDArray[Any]) -> None:
        """Let later arrays lie where this one does, which nobody needs any more; one from elsewhere is let alone."""
        if self._room is not None and array.flags.c_contiguous:
            start = array.ctypes.data - self._room.ctypes.data
            if start >= 0 and start + array.nbytes <= self._used:
                self._hole = (start, start + array.nbytes)

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """An array with whatever was left in its memory."""
        kind = np.dtype(dtype)
        size = kind.itemsize * math.prod(shape)
        if self._room is None:
            self._room = _new(self._size)
        taken = size + -size % ALIGNMENT
        if size <= self._hole[1] - self._hole[0]:
            start = self._hole[0]
            self._hole = (start + taken, self._hole[1])
        elif self._used + size <= len(self._room):
            start = self._used
            self._used = start + taken
        else:
            return np.empty(shape, kind)
        return self._room[start : start + size].view(kind).reshape(shape)


def _new(size: int) -> npt.NDArray[np.uint8]:
    try:
        return np.empty(size, np.uint8)
    except MemoryError:
        return np.empty(0, np.uint8)


def pages(arena: Arena | None, size: int) -> npt.NDArray[np.uint8]:
    """So many bytes that begin with a page of memory, from an arena or on their own."""
    room = empty(arena, (size + PAGE,), np.uint8)
    start = -room.ctypes.data % PAGE
    return room[start : start + size]


def empty(arena: Arena | None, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """An array from an arena, or one of its own."""
    return np.empty(shape, dtype) if arena is None else arena.empty(shape, dtype)
