"""Runs the compiled kernels: several sizes of one picture at once, in buffers that are used again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from dynres_cli.arena import Arena, empty
from dynres_cli.geometry import Box
from dynres_cli.kernels.cache import folder
from dynres_cli.resample import PillowFilter, Pixels, Wanted

KINDS: dict[PillowFilter, tuple[int, float]] = {"bicubic": (0, 2.0), "bilinear": (1, 1.0), "lanczos": (2, 3.0)}
"""A filter's number in the compiled code, and how far it reaches."""

WINDOW = 768
"""Columns that are turned at once, unless an output needs more of them: the second cache holds their band."""

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]
Taps = tuple[Ints, Ints, Ints]


@cache
def load() -> Any:
    """The compiled resizer; seconds if nothing is kept, else the time that numba takes to be imported."""
    return _load("compiled")


@cache
def load_filters() -> Any:
    """The compiled filters of PNG."""
    return _load("filters")


def _load(module: str) -> Any:
    from numba.core import config  # noqa: PLC0415 - numba is loaded here and not before

    before, place = config.CACHE_DIR, folder()
    config.CACHE_DIR = "" if place is None else str(place)
    try:
        return import_module(f"dynres_cli.kernels.{module}")
    finally:
        config.CACHE_DIR = before


WORK = Arena()
"""What one picture needs between its two passes."""


@lru_cache(maxsize=256)
def taps(kind: PillowFilter, length: int, target: int) -> Taps:
    """The weights that take `length` inputs to `target` outputs."""
    table: Taps = load().tap_table(*KINDS[kind], length, target)
    return table


def resize_all(pixels: Pixels, box: Box, wanted: Sequence[Wanted], arena: Arena | None = None) -> list[Pixels]:
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


def _swept(flat: Bytes, box: Box, wanted: Sequence[Wanted]) -> Bytes:
    """The columns of all targets beside one another, in a buffer of this thread."""
    tables = [taps(each.kind, box.size.width, each.size.width) for each in wanted]
    ends = np.cumsum([0, *(each.size.width for each in wanted)], dtype=np.int32)
    out = WORK.empty((box.size.height, 3 * int(ends[-1])), np.uint8)
    _columns(flat, box, _joined(tables), ends, out)
    return out


def _columns(flat: Bytes, box: Box, table: Taps, ends: Ints, out: Bytes) -> None:
    compiled = load()
    # A window that holds twice the widest output always moves on.
    window = min(max(WINDOW, 2 * int(np.diff(table[1]).max())), box.size.width)
    room = WORK.empty((window * compiled.RUN + compiled.RUN,), np.uint8)
    place = (box.left, box.top, box.size.width, box.size.height)
    compiled.horizontal(flat, place, table, (ends, room), out)


def _joined(tables: Sequence[Taps]) -> Taps:
    """Tables behind one another, as if they were those of one wide target."""
    if len(tables) == 1:
        return tables[0]
    shifts = np.cumsum([0, *(start[-1] for _, start, _ in tables)], dtype=np.int32)
    starts = [start[:-1] + shift for (_, start, _), shift in zip(tables, shifts, strict=False)]
    firsts, weights = [table[0] for table in tables], [table[2] for table in tables]
    return np.concatenate(firsts), np.concatenate([*starts, shifts[-1:]]), np.concatenate(weights)


def _rows(flat: Bytes, box: Box, wanted: Wanted, arena: Arena | None) -> Pixels:
    """A box whose columns are right already, at the wanted height."""
    size = wanted.size
    if size.height == box.size.height:
        cut = flat[box.top : box.bottom, 3 * box.left : 3 * box.right]
        return cut.reshape(size.height, size.width, 3).copy()
    out = empty(arena, (size.height, 3 * size.width), np.uint8)
    table = taps(wanted.kind, box.size.height, size.height)
    load().vertical(flat, (3 * box.left, box.top, 3 * size.width), table, out)
    return out.reshape(size.height, size.width, 3)


def _rows_first(flat: Bytes, box: Box, wanted: Wanted, arena: Arena | None) -> Pixels:
    """A target that begins with its rows, for Pillow 13's order and for mirrored references."""
    source, size = box.size, wanted.size
    middle, place = flat, box
    if size.height != source.height:
        middle = WORK.empty((size.height, 3 * source.width), np.uint8)
        table = taps(wanted.kind, source.height, size.height)
        load().vertical(flat, (3 * box.left, box.top, 3 * source.width), table, middle)
        place = Box(0, 0, source.width, size.height)
    if size.width == source.width:
        return (
            middle[place.top : place.bottom, 3 * place.left : 3 * place.right]
            .reshape(size.height, size.width, 3)
            .copy()
        )
    out = empty(arena, (size.height, 3 * size.width), np.uint8)
    ends = np.array([0, size.width], np.int32)
    _columns(middle, place, taps(wanted.kind, source.width, size.width), ends, out)
    return out.reshape(size.height, size.width, 3)


def normalise_into(out: npt.NDArray[np.float32], view: Pixels, table: npt.NDArray[np.float32]) -> None:
    """A view channels first, each level replaced by its channel's float; `view` may be a cut of a larger picture."""
    load().look_up(view, table, out)


def least_rows(rows: Bytes, kinds: Bytes, lines: Bytes) -> None:
    """Rows of bytes as PNG's filtered lines; see `sinks.png`."""
    load_filters().least_rows(rows, kinds, lines)
