"""Writes a view as a PNG file that every decoder reads back exactly, with the same bytes on every machine."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

Pixels = npt.NDArray[np.uint8]
Level = Literal["fast", "small"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# isal's level 3 depends on the processor; 2 gives the same bytes everywhere.
DEFLATE_LEVEL = 2
UP, PAETH = 2, 4


def encode(view: Pixels, level: Level = "fast") -> bytes:
    """One uint8 (height, width, 3) view as a whole PNG file."""
    height, width = view.shape[:2]
    stream = isal_zlib.compress(FILTERS[level](np.ascontiguousarray(view)), DEFLATE_LEVEL)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join((SIGNATURE, _chunk(b"IHDR", header), _chunk(b"IDAT", stream), _chunk(b"IEND", b"")))


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = isal_zlib.crc32(data, isal_zlib.crc32(name))
    return b"".join((struct.pack(">I", len(data)), name, data, struct.pack(">I", checksum)))


def _up(view: Pixels) -> npt.NDArray[np.uint8]:
    """Each row as its difference from the row above."""
    lines = np.empty((view.shape[0], 1 + view.shape[1] * 3), np.uint8)
    rows = view.reshape(len(view), -1)
    lines[:, 0] = UP
    lines[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])
    return lines


def _paeth(view: Pixels) -> npt.NDArray[np.uint8]:
    """Each value as its difference from the neighbour that a plane through left, above and corner predicts."""
    padded = np.zeros((view.shape[0] + 1, view.shape[1] + 1, 3), np.int16)
    padded[1:, 1:] = view
    left, above, corner = padded[1:, :-1], padded[:-1, 1:], padded[:-1, :-1]
    to_left, to_above = np.abs(above - corner), np.abs(left - corner)
    to_corner = np.abs(left + above - 2 * corner)
    nearest = np.where(to_above <= to_corner, above, corner)
    nearest = np.where((to_left <= to_above) & (to_left <= to_corner), left, nearest)
    lines = np.empty((view.shape[0], 1 + view.shape[1] * 3), np.uint8)
    lines[:, 0] = PAETH
    lines[:, 1:] = (padded[1:, 1:] - nearest).astype(np.uint8).reshape(len(view), -1)
    return lines


FILTERS: dict[Level, Callable[[Pixels], Pixels]] = {"fast": _up, "small": _paeth}
