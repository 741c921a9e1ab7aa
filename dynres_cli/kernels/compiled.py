"""Pillow's antialiased resize on uint8 RGB, compiled by numba: the same weights, the same sums, the same rounding.

Follows python-pillow/Pillow, src/libImaging/Resample.c. Only `driver` imports this module: importing it compiles it, or
loads what `cache` keeps.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, types

from dynres_cli.kernels.vectors import LANES, PRECISION, move4, weigh

BAND = 32
"""How many rows are turned on their side together; their pixels fill whole vectors."""

RUN = 4 * BAND
"""From one column of a band to the next; the room behind its pixels takes the byte that the last of them spills."""

BLOCK = 64
"""How many columns are made before they are turned back, so that they are still in the first cache."""

ONE = float(1 << PRECISION)

Bytes = npt.NDArray[np.uint8]
Taps = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]
"""For each output its first input and where its weights begin (one more entry marks the end), and all weights."""

_int, _long, _byte, _float = types.int32, types.intp, types.uint8, types.float32
_ints = _int[::1]
_taps = types.Tuple((_ints, _ints, _ints))
_source = types.Array(_byte, 2, "C", readonly=True)
_view = types.Array(_byte, 3, "A", readonly=True)
_table = types.Array(_float, 2, "C", readonly=True)


@njit(types.float64(_long, types.float64), cache=True, nogil=True)
def _curve(kind: int, x: float) -> float:
    """A filter at a distance: 0 bicubic (with Keys' -0.5), 1 bilinear, 2 Lanczos over three lobes."""
    x = abs(x)
    if kind == 0:
        if x < 1:
            return ((-0.5 + 2) * x - (-0.5 + 3)) * x * x + 1
        return (((x - 5) * x + 8) * x - 4) * -0.5 if x < 2 else 0.0
    if kind == 1:
        return 1 - x if x < 1 else 0.0
    if x == 0:
        return 1.0
    wide, narrow = x * math.pi, x / 3 * math.pi
    return math.sin(wide) / wide * (math.sin(narrow) / narrow) if x < 3 else 0.0


@njit(_taps(_long, types.float64, _long, _long), cache=True, nogil=True)
def tap_table(kind: int, reach: float, length: int, target: int) -> Taps:
    """Which inputs each output is made of, and their weights as whole numbers, as Pillow rounds them."""
    scale = length / target
    stretch = max(scale, 1.0)
    support = reach * stretch
    most = math.ceil(support) * 2 + 1
    first, start = np.empty(target, np.int32), np.zeros(target + 1, np.int32)
    weights, raw = np.empty(target * most, np.int32), np.empty(most, np.float64)
    end = 0
    for output in range(target):
        centre = (output + 0.5) * scale
        low = max(int(centre - support + 0.5), 0)
        count = min(int(centre + support + 0.5), length) - low
        total = 0.0
        for tap in range(count):
            raw[tap] = _curve(kind, (tap + low - centre + 0.5) * (1 / stretch))
            total += raw[tap]
        for tap in range(count):
            share = raw[tap] / total if total != 0 else raw[tap]
            weights[end + tap] = int(share * ONE + (-0.5 if share < 0 else 0.5))
        end += count
        first[output], start[output + 1] = low, end
    return first, start, weights[:end].copy()


@njit(types.void(_source, types.UniTuple(_long, 4), _long, _long, _byte[::1]), cache=True, nogil=True)
def _turn_in(source: Bytes, box: tuple[int, int, int, int], begin: int, end: int, columns: Bytes) -> None:
    """Put columns `begin` to `end` of a band behind one another, each a run of its rows' pixels."""
    left, top, _, rows = box
    pitch, to = source.strides[0], columns.ctypes.data
    origin = source.ctypes.data + top * pitch + left * 3
    # The last pixel of the array has no fourth byte to read.
    last = end - 1
    for column in range(begin, last):
        for row in range(rows):
            move4(to + (column - begin) * RUN + 3 * row, origin + row * pitch + 3 * column)
    for row in range(rows):
        for channel in range(3):
            columns[(last - begin) * RUN + 3 * row + channel] = source[top + row, 3 * (left + last) + channel]


@njit(types.void(_byte[::1], _long, _long, _long, _byte[:, ::1]), cache=True, nogil=True)
def _turn_out(columns: Bytes, count: int, top: int, column: int, out: Bytes) -> None:
    """Put runs of pixels back into rows, from `column` on; the last pixel of a row must not spill over."""
    pitch, source = out.strides[0], columns.ctypes.data
    for row in range(min(BAND, out.shape[0] - top)):
        to = out.ctypes.data + (top + row) * pitch + 3 * column
        for index in range(count - 1):
            move4(to + 3 * index, source + index * RUN + 3 * row)
        for channel in range(3):
            out[top + row, 3 * (column + count - 1) + channel] = columns[(count - 1) * RUN + 3 * row + channel]


@njit(types.void(_byte[::1], _long, _taps, types.UniTuple(_long, 4), _byte[:, ::1]), cache=True, nogil=True)
def _weigh_columns(columns: Bytes, begin: int, taps: Taps, place: tuple[int, int, int, int], out: Bytes) -> None:
    """Make the outputs `from` to `to` of a band out of its columns, which start with column `begin`."""
    low, high, top, rows = place
    first, start, weights = taps
    made = np.empty(BLOCK * RUN + 4, np.uint8)
    for block in range(low, high, BLOCK):
        count = min(BLOCK, high - block)
        for index in range(count):
            output = block + index
            source = columns.ctypes.data + (first[output] - begin) * RUN
            weight, number = weights.ctypes.data + 4 * start[output], start[output + 1] - start[output]
            for lane in range(0, 3 * rows, LANES):
                weigh(made.ctypes.data + index * RUN + lane, source + lane, RUN, weight, number)
        _turn_out(made, count, top, block, out)


@njit(
    types.void(_source, types.UniTuple(_long, 4), _taps, types.Tuple((_ints, _byte[::1])), _byte[:, ::1]),
    cache=True,
    nogil=True,
)
def horizontal(
    source: Bytes, box: tuple[int, int, int, int], taps: Taps, work: tuple[npt.NDArray[np.int32], Bytes], out: Bytes
) -> None:
    """Resample the columns of a box (left, top, width, height) of a picture.

    Several targets are made at once: `work` holds where each one's outputs end, behind a leading 0, and room for a
    window of turned columns. The window glides over the picture once for all of them.
    """
    (left, top, width, height), (ends, columns) = box, work
    first, start, _ = taps
    window = len(columns) // RUN
    reached = np.empty(len(ends) - 1, np.int32)
    for band in range(0, height, BAND):
        rows = min(BAND, height - band)
        reached[:] = ends[:-1]
        begin = end = 0
        while end < width:
            end = min(begin + window, width)
            _turn_in(source, (left, top + band, width, rows), begin, end, columns)
            following = width
            for target in range(len(reached)):
                low = high = reached[target]
                while high < ends[target + 1] and first[high] + start[high + 1] - start[high] <= end:
                    high += 1
                _weigh_columns(columns, begin, taps, (low, high, band, rows), out)
                reached[target] = high
                if high < ends[target + 1]:
                    following = min(following, first[high])
            begin = following


@njit(types.void(types.Array(_byte, 2, "A", readonly=True), _ints, _byte[::1]), cache=True, nogil=True)
def _weigh_few(rows: Bytes, weights: npt.NDArray[np.int32], out: Bytes) -> None:
    """A row narrower than a vector, byte by byte."""
    for byte in range(rows.shape[1]):
        total = 1 << PRECISION - 1
        for tap in range(rows.shape[0]):
            total += np.int64(rows[tap, byte]) * weights[tap]
        out[byte] = min(max(total >> PRECISION, 0), 255)


@njit(types.void(_source, types.UniTuple(_long, 3), _taps, _byte[:, ::1]), cache=True, nogil=True)
def vertical(source: Bytes, place: tuple[int, int, int], taps: Taps, out: Bytes) -> None:
    """Resample the rows of the part of a picture that begins at byte `left` of row `top` and is `width` bytes wide."""
    left, top, width = place
    first, start, weights = taps
    for output in range(out.shape[0]):
        row, number = top + first[output], start[output + 1] - start[output]
        if width < LANES:
            _weigh_few(source[row : row + number, left : left + width], weights[start[output] :], out[output])
            continue
        above = source.ctypes.data + row * source.strides[0] + left
        to, weight = out.ctypes.data + output * out.strides[0], weights.ctypes.data + 4 * start[output]
        for lane in range(0, width, LANES):
            # The last vector begins early: some bytes are made twice, none beyond the row.
            lane = min(lane, width - LANES)  # noqa: PLW2901
            weigh(to + lane, above + lane, source.strides[0], weight, number)


@njit(types.void(_view, _table, _float[:, :, ::1]), cache=True, nogil=True)
def look_up(view: Any, table: Any, out: Any) -> None:
    """Put a view channels first, each level replaced by its channel's value."""
    for row in range(out.shape[1]):
        for channel in range(3):
            for column in range(out.shape[2]):
                out[channel, row, column] = table[channel, view[row, column, channel]]
