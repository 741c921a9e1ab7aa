"""Runs the compiled kernels: several sizes of one picture at once, in buffers that are used again."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from dynres_cli.arena import Arena, empty
from dynres_cli.geometry import Box
from dynres_cli.kernels.cache import kept_code
from dynres_cli.kernels.loading import Kernels, load
from dynres_cli.kernels.shape import BLOCK, RUN, WINDOW
from dynres_cli.resample import REACH, PillowFilter, Pixels, Resize

KINDS: dict[PillowFilter, int] = {"bicubic": 0, "bilinear": 1, "lanczos": 2}
"""A filter's number in the compiled code."""

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]
Taps = tuple[Ints, Ints, Ints]
"""For each output its first input and where its weights begin (one more entry marks the end), and all weights."""


_LOADING = threading.RLock()
if hasattr(os, "register_at_fork"):
    # A process is not forked while LLVM is at work: the new one would have its locks held, and nobody to release them.
    os.register_at_fork(before=_LOADING.acquire, after_in_parent=_LOADING.release, after_in_child=_LOADING.release)


def kernels() -> Kernels:
    """The compiled functions: at once if their code is kept, else after some seconds of compiling.

    There is only ever one: with a second, that of another thread, its machine code would go while it runs.
    """
    with _LOADING:
        return _kernels()


@cache
def _kernels() -> Kernels:
    return load(kept_code())


def run(name: str) -> Callable[..., int]:
    """A compiled function."""
    return kernels().functions[name]


WORK = Arena(32 << 20)
"""What one picture needs between its two passes, and some tables."""


MOST_WEIGHTS = (1 << 31) - 1
"""Where each output's begin is told in 32 bits. Pillow refuses far fewer, by a MemoryError too."""
LONGEST_KEPT = 1 << 16
"""Pixels of a side: the weights of longer ones, of up to gigabytes, belong to their picture alone."""


def taps(kind: PillowFilter, length: int, target: int) -> Taps:
    """The weights that take `length` inputs to `target` outputs, kept for the next picture of such a side."""
    return (_kept_taps if length <= LONGEST_KEPT else _taps)(kind, length, target)


def _taps(kind: PillowFilter, length: int, target: int) -> Taps:
    number, reach = KINDS[kind], REACH[kind]
    most = math.ceil(reach * max(length / target, 1.0)) * 2 + 1
    if target * most > MOST_WEIGHTS:
        raise MemoryError
    first, start = np.empty(target, np.int32), np.empty(target + 1, np.int32)
    weights, raw = np.empty(target * most, np.int32), np.empty(most, np.float64)
    places = (each.ctypes.data for each in (first, start, weights, raw))
    count = run("tap_table")(number, reach, length, target, *places)
    return first, start, weights[:count].copy()


_kept_taps = lru_cache(maxsize=256)(_taps)


def resize_all(pixels: Pixels, box: Box, wanted: Sequence[Resize], arena: Arena | None = None) -> list[Pixels]:
    """A box of a picture at several sizes; what begins with its columns is made from one sweep over the picture."""
    WORK.clear()
    flat = np.ascontiguousarray(pixels).reshape(len(pixels), -1)
    swept = [each for each in wanted if each.first == "horizontal" and each.size.width != box.size.width]
    middle = _swept(flat, box, swept) if swept else flat
    made, left = [], 0
    for each in wanted:
        if each.first == "vertical":
            made.append(_rows_first(flat, box, each, arena))
        elif each.size.width == box.size.width:
            made.append(_rows(flat, box, each, arena))
        else:
            made.append(_rows(middle, Box(left, 0, left + each.size.width, box.size.height), each, arena))
            left += each.size.width
    return made


def _swept(flat: Bytes, box: Box, wanted: Sequence[Resize]) -> Bytes:
    """The columns of all targets beside one another, in a buffer of this thread."""
    tables = [taps(each.kind, box.size.width, each.size.width) for each in wanted]
    ends = np.cumsum([0, *(each.size.width for each in wanted)], dtype=np.int32)
    out = WORK.empty((box.size.height, 3 * int(ends[-1])), np.uint8)
    _columns(flat, box, _joined(tables), ends, out)
    return out


def _columns(flat: Bytes, box: Box, table: Taps, ends: Ints, out: Bytes) -> None:
    first, start, weights = table
    # A window that holds twice the widest output always moves on.
    window = min(max(WINDOW, 2 * int(np.diff(start).max())), box.size.width)
    columns = WORK.empty((window * RUN + RUN,), np.uint8)
    made, reached = WORK.empty((BLOCK * RUN + 4,), np.uint8), WORK.empty((len(ends),), np.int32)
    run("horizontal")(
        *_place(flat, box),
        box.size.width,
        box.size.height,
        *(each.ctypes.data for each in (first, start, weights, ends)),
        len(ends) - 1,
        columns.ctypes.data,
        window,
        made.ctypes.data,
        reached.ctypes.data,
        out.ctypes.data,
        out.strides[0],
    )


def _place(flat: Bytes, box: Box) -> tuple[int, int]:
    """Where a box of a picture begins, and how far it is from row to row."""
    return flat.ctypes.data + box.top * flat.strides[0] + 3 * box.left, flat.strides[0]


def _vertically(flat: Bytes, box: Box, wanted: Resize, out: Bytes) -> None:
    """The rows of a box at the wanted height."""
    table = taps(wanted.kind, box.size.height, wanted.size.height)
    where = (each.ctypes.data for each in table)
    to = (out.ctypes.data, out.strides[0])
    run("vertical")(*_place(flat, box), 3 * box.size.width, *where, wanted.size.height, *to)


def _joined(tables: Sequence[Taps]) -> Taps:
    """Tables behind one another, as if they were those of one wide target."""
    if len(tables) == 1:
        return tables[0]
    if sum(int(start[-1]) for _, start, _ in tables) > MOST_WEIGHTS:
        raise MemoryError
    shifts = np.cumsum([0, *(start[-1] for _, start, _ in tables)], dtype=np.int32)
    starts = [start[:-1] + shift for (_, start, _), shift in zip(tables, shifts, strict=False)]
    firsts, weights = [table[0] for table in tables], [table[2] for table in tables]
    return np.concatenate(firsts), np.concatenate([*starts, shifts[-1:]]), np.concatenate(weights)


def _copied(flat: Bytes, box: Box) -> Pixels:
    """A box as it is, in memory of its own."""
    return flat[box.top : box.bottom, 3 * box.left : 3 * box.right].reshape(box.size.height, box.size.width, 3).copy()


def _rows(flat: Bytes, box: Box, wanted: Resize, arena: Arena | None) -> Pixels:
    """A box whose columns are right already, at the wanted height."""
    size = wanted.size
    if size.height == box.size.height:
        return _copied(flat, box)
    out = empty(arena, (size.height, 3 * size.width), np.uint8)
    _vertically(flat, box, wanted, out)
    return out.reshape(size.height, size.width, 3)


def _rows_first(flat: Bytes, box: Box, wanted: Resize, arena: Arena | None) -> Pixels:
    """A target that begins with its rows, for Pillow 13's order and for mirrored references."""
    source, size = box.size, wanted.size
    middle, place = flat, box
    if size.height != source.height:
        middle = WORK.empty((size.height, 3 * source.width), np.uint8)
        _vertically(flat, box, wanted, middle)
        place = Box(0, 0, source.width, size.height)
    if size.width == source.width:
        return _copied(middle, place)
    out = empty(arena, (size.height, 3 * size.width), np.uint8)
    ends = np.array([0, size.width], np.int32)
    _columns(middle, place, taps(wanted.kind, source.width, size.width), ends, out)
    return out.reshape(size.height, size.width, 3)


def normalise_into(out: npt.NDArray[np.float32], view: Pixels, table: npt.NDArray[np.float32]) -> None:
    """A view channels first, each level replaced by its channel's float; `view` may be a cut of a larger picture."""
    rows = view if view.strides[1:] == (3, 1) else np.ascontiguousarray(view)
    height, width = rows.shape[:2]
    run("look_up")(rows.ctypes.data, rows.strides[0], height, width, table.ctypes.data, out.ctypes.data)


def least_rows(rows: Bytes, kinds: Bytes, lines: Bytes) -> None:
    """Rows of bytes as PNG's filtered lines; see `sinks.png`."""
    height, width = rows.shape
    room = np.zeros(3 * (width + 3), np.uint8)
    source, to = (rows.ctypes.data, rows.strides[0]), (lines.ctypes.data, lines.strides[0])
    run("least_rows")(*source, height, width, kinds.ctypes.data, len(kinds), room.ctypes.data, *to)


def restored_rows(lines: Bytes, channels: int, above: Bytes, out: Bytes) -> int:
    """PNG's filtered lines as rows of bytes, below a row that is restored already; how many could be restored."""
    height, size = out.shape
    source, to = (lines.ctypes.data, lines.strides[0]), (out.ctypes.data, out.strides[0])
    return run("restored_rows")(*source, height, size // channels, channels, above.ctypes.data, *to)


def as_rgb(levels: Bytes, channels: int, out: Bytes) -> int:
    """Gray levels, or those of RGB with alpha, as RGB; the least alpha, or 255."""
    return run("as_rgb")(levels.ctypes.data, channels, levels.size // channels, out.ctypes.data)


def painted(places: Bytes, table: Bytes, out: Bytes) -> int:
    """Places in a table of 256 colours of four bytes, as RGB; the greatest of them."""
    return run("painted")(places.ctypes.data, places.size, table.ctypes.data, out.ctypes.data)
