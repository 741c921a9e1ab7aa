"""PNG's filters undone, compiled: rows of bytes from what a filter has left of them."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from dynres_cli.kernels.entries import AVERAGE, NONE, PAETH, SUB, UP
from dynres_cli.kernels.filters import copy, prediction
from dynres_cli.kernels.memory import byte, put_byte
from dynres_cli.kernels.native import entry, part
from dynres_cli.kernels.rows import SHORT, Predictor, predict_average, predict_left, predict_paeth
from dynres_cli.kernels.vectors import BYTE, Lowering, load, move4, store, summed

PIXEL, WIDE = ir.VectorType(BYTE, 4), ir.VectorType(SHORT, 4)


def _restoring(predict: Predictor) -> Any:
    """An operation on `count` pixels, at least one, that lie `step` bytes apart.

    The one before the first is restored already. Four bytes are read and written for each, of which the next pixel
    writes those beyond its own anew.
    """

    @intrinsic
    def restore(_typing: Any, _to: Any, _line: Any, _above: Any, _step: Any, _count: Any) -> Lowering:
        def lower(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> ir.Value:
            to, line, above, step, count = arguments

            def wide(address: ir.Value) -> ir.Value:
                return build.zext(load(build, address, PIXEL), WIDE)

            def add(pixel: ir.Value, left: ir.Value) -> ir.Value:
                at = build.mul(pixel, step)
                over, corner = (wide(build.add(each, at)) for each in (above, build.sub(above, step)))
                rest = wide(build.add(line, at))
                level = build.trunc(build.add(rest, predict(build, left, over, corner)), PIXEL)
                store(build, level, build.add(to, at))
                return build.zext(level, WIDE)

            summed(build, count, wide(build.sub(to, step)), add)
            return context.get_dummy_value()

        return types.void(*[types.intp] * 5), lower

    return restore


restore_sub, restore_average, restore_paeth = (
    _restoring(predict) for predict in (predict_left, predict_average, predict_paeth)
)


@part
def _pixel(kind: int, to: int, line: int, above: int, step: int, is_first: int) -> None:
    """One pixel, byte by byte."""
    for at in range(step):
        left, corner = (0, 0) if is_first else (byte(to + at - step), byte(above + at - step))
        put_byte(to + at, (byte(line + at) + prediction(kind, left, byte(above + at), corner)) & 255)


@part
def _row(kind: int, to: int, line: int, above: int, step: int, width: int) -> None:
    """Every pixel from the one to its left; the first has none, and four bytes at the last would reach too far."""
    _pixel(kind, to, line, above, step, 1)
    between = width - (step + 3) // step
    if between > 0:
        if kind == SUB:
            restore_sub(to + step, line + step, above + step, step, between)
        elif kind == AVERAGE:
            restore_average(to + step, line + step, above + step, step, between)
        else:
            restore_paeth(to + step, line + step, above + step, step, between)
    for pixel in range(1 + max(between, 0), width):
        at = pixel * step
        _pixel(kind, to + at, line + at, above + at, step, 0)


@entry
def restored_rows(
    lines: int, pitch: int, height: int, width: int, step: int, above: int, out: int, out_pitch: int
) -> int:
    """Rows of `width` pixels of `step` bytes, each behind the number of its filter; `above` is the row before them.

    The number of rows restored: fewer than `height` where one has no filter of PNG's.
    """
    before, size = above, width * step
    for row in range(height):
        line, to = lines + row * pitch + 1, out + row * out_pitch
        kind = byte(line - 1)
        if kind > PAETH:
            return row
        if kind == NONE:
            copy(line, size, to)
        elif kind == UP:
            for at in range(size):
                put_byte(to + at, (byte(line + at) + byte(before + at)) & 255)
        else:
            _row(kind, to, line, before, step, width)
        before = to
    return height


@entry
def as_rgb(levels: int, step: int, count: int, out: int) -> int:
    """Pixels of one or four bytes as three: gray thrice, or without alpha, of which the least is returned."""
    least = 255
    for pixel in range(count):
        at, to = levels + pixel * step, out + pixel * 3
        if step == 1:
            level = byte(at)
            put_byte(to, level)
            put_byte(to + 1, level)
            put_byte(to + 2, level)
        else:
            put_byte(to, byte(at))
            put_byte(to + 1, byte(at + 1))
            put_byte(to + 2, byte(at + 2))
            least = min(least, byte(at + 3))
    return least


@entry
def painted(places: int, count: int, table: int, out: int) -> int:
    """Pixels, at least one, that are places in a table of 256 colours of four bytes, as three; the greatest of them."""
    last = count - 1
    greatest: int = byte(places + last)
    for pixel in range(last):
        place = byte(places + pixel)
        move4(out + pixel * 3, table + place * 4)
        greatest = max(greatest, place)
    entry_of_last = table + byte(places + last) * 4
    for at in range(3):
        put_byte(out + last * 3 + at, byte(entry_of_last + at))
    return greatest
