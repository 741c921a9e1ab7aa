"""torch's resize of floats, compiled: the sums of `interpolate`, in its order and with its roundings.

Everything is an address or a count, as in `compiled`. The picture comes as rows of RGB bytes and a table that says what
float32 each level of each channel is (3, 256). Only the rows and columns that some output is made of are looked at:
`rows` and `columns` name them, ascending. Taps are three addresses: for each output a line of `most` int32, its places
among those columns or rows; a line of as many float32, their weights; and an int32, how many of a line count.
"""

from __future__ import annotations

from dynres_cli.kernels.memory import byte, number
from dynres_cli.kernels.native import entry, part
from dynres_cli.kernels.shape import BLOCK, FLOAT_BAND, FLOAT_LANES, FLOAT_RUN
from dynres_cli.kernels.vectors import move4, weigh_floats


@part
def _look_in(source: int, pitch: int, rows: int, lines: int, columns: int, count: int, table: int, turned: int) -> None:
    """Put the columns of a band behind one another as floats, each a run of its rows' pixels."""
    # The last pixel of the picture has no fourth byte to read.
    last = count - 1
    for index in range(last):
        column, to = source + 3 * number(columns + 4 * index), turned + index * FLOAT_RUN
        for line in range(lines):
            levels = number(column + number(rows + 4 * line) * pitch)
            for channel in range(3):
                move4(to + 12 * line + 4 * channel, table + 1024 * channel + 4 * (levels >> 8 * channel & 255))
    column, to = source + 3 * number(columns + 4 * last), turned + last * FLOAT_RUN
    for line in range(lines):
        pixel = column + number(rows + 4 * line) * pitch
        for channel in range(3):
            move4(to + 12 * line + 4 * channel, table + 1024 * channel + 4 * byte(pixel + channel))


@part
def _turn_out(made: int, count: int, lines: int, out: int, pitch: int) -> None:
    """Put runs of pixels back into rows."""
    for line in range(lines):
        for index in range(count):
            for channel in range(0, 12, 4):
                move4(out + line * pitch + 12 * index + channel, made + index * FLOAT_RUN + 12 * line + channel)


@entry
def float_columns(
    source: int,
    pitch: int,
    rows: int,
    height: int,
    columns: int,
    width: int,
    table: int,
    places: int,
    weights: int,
    counts: int,
    most: int,
    targets: int,
    turned: int,
    out: int,
    out_pitch: int,
) -> int:
    """Resample the columns of a picture of bytes to rows of float32, as many as `rows` names.

    `turned` has room for the columns of a band, and behind them for a block of outputs.
    """
    made = turned + width * FLOAT_RUN
    for band in range(0, height, FLOAT_BAND):
        lines = min(FLOAT_BAND, height - band)
        _look_in(source, pitch, rows + 4 * band, lines, columns, width, table, turned)
        for block in range(0, targets, BLOCK):
            count = min(BLOCK, targets - block)
            for index in range(count):
                line = 4 * most * (block + index)
                taken = number(counts + 4 * (block + index))
                for lane in range(0, 12 * lines, 4 * FLOAT_LANES):
                    to = made + index * FLOAT_RUN + lane
                    weigh_floats(to, turned + lane, FLOAT_RUN, places + line, weights + line, taken)
            _turn_out(made, count, lines, out + band * out_pitch + 12 * block, out_pitch)
    return 0


@entry
def float_rows(
    source: int,
    pitch: int,
    width: int,
    places: int,
    weights: int,
    counts: int,
    most: int,
    targets: int,
    out: int,
    out_pitch: int,
) -> int:
    """Resample rows of `width` float32, which fill at least a vector."""
    for output in range(targets):
        place, weight = places + 4 * most * output, weights + 4 * most * output
        taken, to = number(counts + 4 * output), out + output * out_pitch
        for lane in range(0, width, FLOAT_LANES):
            # The last vector begins early: some values are made twice, none beyond the row.
            begin = 4 * min(lane, width - FLOAT_LANES)
            weigh_floats(to + begin, source + begin, pitch, place, weight, taken)
    return 0
