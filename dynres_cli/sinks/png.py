"""Writes a view as a PNG file that every decoder reads back exactly, with the same bytes on every machine."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from dynres_cli.formats import PNG_SIGNATURE
from dynres_cli.kernels.entries import AVERAGE, NONE, PAETH, SUB, UP
from dynres_cli.resample import Kernel

Pixels = npt.NDArray[np.uint8]
Level = Literal["fast", "small"]

# isal's level 3 depends on the processor; 2 gives the same bytes everywhere.
DEFLATE_LEVEL = 2
HEAD = 8
"""Bytes of a stream that are deflated by themselves, see `deflated`."""

CHOICES: dict[Level, tuple[tuple[int, ...], ...]] = {
    "fast": ((SUB, UP, PAETH),),
    "small": ((SUB, UP, PAETH), (NONE, SUB, UP, AVERAGE, PAETH), (PAETH,)),
}
"""Sets of filters. On each row that of a set is taken which leaves least, the first of equals; of several sets, the
one with the shortest file."""

BLOCK = 16
"""Rows that NumPy filters at once, so that what it works on stays in the cache."""


def encode(view: Pixels, level: Level = "fast", kernel: Kernel = "pillow") -> bytes:
    """One uint8 (height, width, 3) view as a whole PNG file; the kernel changes no byte of it."""
    height, width = view.shape[:2]
    rows = np.ascontiguousarray(view).reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    stream = min((_stream(rows, kinds, kernel) for kinds in CHOICES[level]), key=len)
    return b"".join((PNG_SIGNATURE, _chunk(b"IHDR", header), _chunk(b"IDAT", stream), _chunk(b"IEND", b"")))


def _stream(rows: Pixels, kinds: tuple[int, ...], kernel: Kernel) -> bytes:
    """The rows, filtered and deflated."""
    lines = np.empty((rows.shape[0], 1 + rows.shape[1]), np.uint8)
    FILTERERS[kernel]()(rows, np.array(kinds, np.uint8), lines)
    return deflated(lines)


def deflated(lines: Pixels) -> bytes:
    """A zlib stream of these bytes, the same in every process.

    ISA-L notes the third byte of a stream under a hash of an address instead of its own, so that now and then a later
    match is another one; the code it has for the last bytes before a flush does not. It is given the first ones alone.
    """
    data = lines.data.cast("B")
    stream = isal_zlib.compressobj(DEFLATE_LEVEL)
    first = stream.compress(data[:HEAD]) + stream.flush(isal_zlib.Z_SYNC_FLUSH)
    return b"".join((first, stream.compress(data[HEAD:]), stream.flush()))


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = isal_zlib.crc32(data, isal_zlib.crc32(name))
    return b"".join((struct.pack(">I", len(data)), name, data, struct.pack(">I", checksum)))


Filterer = Callable[[Pixels, Pixels, Pixels], None]


def _least_rows(rows: Pixels, kinds: Pixels, lines: Pixels) -> None:
    """Every row filtered by the first of `kinds` that leaves least of it, behind that filter's number."""
    padded = np.zeros((rows.shape[0] + 1, rows.shape[1] + 3), np.uint8)
    padded[1:, 3:] = rows
    for top in range(0, len(rows), BLOCK):
        around = padded[top : top + BLOCK + 1].astype(np.int16)
        rest = [_residue(kind, around) for kind in kinds]
        # A byte stands for a signed number: 255 is as small as 1.
        sizes = [np.minimum(each, -each).sum(axis=1, dtype=np.int64) for each in rest]
        chosen = np.argmin(sizes, axis=0)
        block = lines[top : top + BLOCK]
        block[:, 0] = kinds[chosen]
        for place in range(len(kinds)):
            block[chosen == place, 1:] = rest[place][chosen == place]


def _residue(kind: int, around: npt.NDArray[np.int16]) -> Pixels:
    """What one filter leaves of rows that have the row above and a zero pixel before them."""
    here, left, above, corner = around[1:, 3:], around[1:, :-3], around[:-1, 3:], around[:-1, :-3]
    if kind == PAETH:
        return (here - _nearest(left, above, corner)).astype(np.uint8)
    predicted = {SUB: left, UP: above, AVERAGE: (left + above) >> 1}.get(kind)
    return (here if predicted is None else here - predicted).astype(np.uint8)


def _nearest(
    left: npt.NDArray[np.int16], above: npt.NDArray[np.int16], corner: npt.NDArray[np.int16]
) -> npt.NDArray[np.int16]:
    """Paeth's prediction: the neighbour nearest to left + above − corner; of equals left, then above."""
    to_left, to_above = np.abs(above - corner), np.abs(left - corner)
    to_corner = np.abs(left + above - 2 * corner)
    nearest = np.where(to_above <= to_corner, above, corner)
    predicted: npt.NDArray[np.int16] = np.where((to_left <= to_above) & (to_left <= to_corner), left, nearest)
    return predicted


def _compiled() -> Filterer:
    from dynres_cli.kernels.driver import least_rows  # noqa: PLC0415 - numba is loaded only where it is asked for

    return least_rows


FILTERERS: dict[Kernel, Callable[[], Filterer]] = {"pillow": lambda: _least_rows, "numba": _compiled}
