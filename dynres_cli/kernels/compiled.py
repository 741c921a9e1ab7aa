"""Pillow's antialiased resize on uint8 RGB, compiled: the same weights, the same sums, the same rounding.

Follows python-pillow/Pillow, src/libImaging/Resample.c. Everything is an address, a number of bytes or a count, and
nothing is allocated: what comes out of the compiler then runs without it (see `building`). Pictures are rows of RGB
bytes, `pitch` bytes apart. Taps are three addresses of int32: for each output its first input; where its weights begin,
with one more entry for the end; all weights.
"""

from __future__ import annotations

import math

from dynres_cli.kernels.memory import byte, double, number, put_byte, put_double, put_number
from dynres_cli.kernels.native import entry, part
from dynres_cli.kernels.shape import BAND, BLOCK, RUN
from dynres_cli.kernels.vectors import LANES, PRECISION, move4, weigh

ONE = float(1 << PRECISION)

Taps = tuple[int, int, int]


@part
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


@entry
def tap_table(kind: int, reach: float, length: int, target: int, first: int, start: int, weights: int, raw: int) -> int:
    """Which inputs each output is made of, and their weights as whole numbers, as Pillow rounds them; how many.

    `raw` is room for one output's weights as float64.
    """
    scale = length / target
    stretch = max(scale, 1.0)
    support = reach * stretch
    end = 0
    put_number(start, 0)
    for output in range(target):
        centre = (output + 0.5) * scale
        low = max(int(centre - support + 0.5), 0)
        count = min(int(centre + support + 0.5), length) - low
        total = 0.0
        for tap in range(count):
            share = _curve(kind, (tap + low - centre + 0.5) * (1 / stretch))
            put_double(raw + 8 * tap, share)
            total += share
        for tap in range(count):
            share = double(raw + 8 * tap)
            if total != 0:
                share /= total
            put_number(weights + 4 * (end + tap), int(share * ONE + (-0.5 if share < 0 else 0.5)))
        end += count
        put_number(first + 4 * output, low)
        put_number(start + 4 * output + 4, end)
    return end


@part
def _turn_in(source: int, pitch: int, rows: int, begin: int, end: int, columns: int) -> None:
    """Put columns `begin` to `end` of a band behind one another, each a run of its rows' pixels."""
    # The last pixel of the picture has no fourth byte to read.
    last = end - 1
    for column in range(begin, last):
        for row in range(rows):
            move4(columns + (column - begin) * RUN + 3 * row, source + row * pitch + 3 * column)
    for row in range(rows):
        for channel in range(3):
            value = byte(source + row * pitch + 3 * last + channel)
            put_byte(columns + (last - begin) * RUN + 3 * row + channel, value)


@part
def _turn_out(columns: int, count: int, rows: int, out: int, pitch: int) -> None:
    """Put runs of pixels back into rows; the last pixel of a row must not spill over."""
    last = count - 1
    for row in range(rows):
        to = out + row * pitch
        for index in range(last):
            move4(to + 3 * index, columns + index * RUN + 3 * row)
        for channel in range(3):
            put_byte(to + 3 * last + channel, byte(columns + last * RUN + 3 * row + channel))


@part
def _weigh_columns(
    columns: int, begin: int, taps: Taps, span: tuple[int, int], rows: int, made: int, out: int, pitch: int
) -> None:
    """Make a span of the outputs of a band out of its columns, which start with column `begin`."""
    first, start, weights = taps
    low, high = span
    for block in range(low, high, BLOCK):
        count = min(BLOCK, high - block)
        for index in range(count):
            output = block + index
            source = columns + (number(first + 4 * output) - begin) * RUN
            at = number(start + 4 * output)
            taken = number(start + 4 * output + 4) - at
            for lane in range(0, 3 * rows, LANES):
                weigh(made + index * RUN + lane, source + lane, RUN, weights + 4 * at, taken)
        _turn_out(made, count, rows, out + 3 * block, pitch)


@part
def _last_input(first: int, start: int, output: int) -> int:
    """The input behind the last one that an output is made of."""
    last: int = number(first + 4 * output) + number(start + 4 * output + 4) - number(start + 4 * output)
    return last


@entry
def horizontal(
    source: int,
    pitch: int,
    width: int,
    height: int,
    first: int,
    start: int,
    weights: int,
    ends: int,
    targets: int,
    columns: int,
    window: int,
    made: int,
    reached: int,
    out: int,
    out_pitch: int,
) -> int:
    """Resample the columns of a picture that begins at `source`.

    Several targets are made at once, beside one another: `ends` are where each one's outputs end, behind a leading 0.
    A window of turned columns glides over the picture once for all of them; `columns` has room for it, `made` for a
    block of outputs, and `reached` for an int32 a target.
    """
    for band in range(0, height, BAND):
        rows = min(BAND, height - band)
        for target in range(targets):
            put_number(reached + 4 * target, number(ends + 4 * target))
        begin = end = 0
        while end < width:
            end = min(begin + window, width)
            _turn_in(source + band * pitch, pitch, rows, begin, end, columns)
            following = width
            for target in range(targets):
                low = high = number(reached + 4 * target)
                stop = number(ends + 4 * target + 4)
                while high < stop and _last_input(first, start, high) <= end:
                    high += 1
                _weigh_columns(
                    columns, begin, (first, start, weights), (low, high), rows, made, out + band * out_pitch, out_pitch
                )
                put_number(reached + 4 * target, high)
                if high < stop:
                    following = min(following, number(first + 4 * high))
            begin = following
    return 0


@part
def _weigh_few(source: int, pitch: int, count: int, width: int, weights: int, out: int) -> None:
    """A row narrower than a vector, byte by byte."""
    for place in range(width):
        total = 1 << PRECISION - 1
        for tap in range(count):
            total += byte(source + tap * pitch + place) * number(weights + 4 * tap)
        put_byte(out + place, min(max(total >> PRECISION, 0), 255))


@entry
def vertical(
    source: int, pitch: int, width: int, first: int, start: int, weights: int, targets: int, out: int, out_pitch: int
) -> int:
    """Resample the rows of a picture that is `width` bytes wide."""
    for output in range(targets):
        at = number(start + 4 * output)
        count = number(start + 4 * output + 4) - at
        above, weight = source + number(first + 4 * output) * pitch, weights + 4 * at
        to = out + output * out_pitch
        if width < LANES:
            _weigh_few(above, pitch, count, width, weight, to)
        else:
            for lane in range(0, width, LANES):
                # The last vector begins early: some bytes are made twice, none beyond the row.
                begin = min(lane, width - LANES)
                weigh(to + begin, above + begin, pitch, weight, count)
    return 0


@entry
def look_up(view: int, pitch: int, height: int, width: int, table: int, out: int) -> int:
    """Put a view channels first, each level replaced by its channel's float32 of the table (3, 256)."""
    for row in range(height):
        for channel in range(3):
            source, to = view + row * pitch + channel, out + 4 * width * (channel * height + row)
            values = table + 4 * 256 * channel
            for column in range(width):
                move4(to + 4 * column, values + 4 * byte(source + 3 * column))
    return 0
