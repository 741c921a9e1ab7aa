"""PNG's filtered rows, compiled: for every row the filter that leaves least, as `sinks.png` chooses it with NumPy."""

from __future__ import annotations

from dynres_cli.kernels.entries import AVERAGE, PAETH, SUB, UP
from dynres_cli.kernels.memory import byte, put_byte
from dynres_cli.kernels.native import entry, part
from dynres_cli.kernels.rows import MOST, average, none, paeth, sub, up
from dynres_cli.kernels.vectors import LANES, move_run


@part
def prediction(kind: int, left: int, above: int, corner: int) -> int:
    """One byte's prediction by PNG's filter of that number."""
    if kind == PAETH:
        to_left, to_above, to_corner = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
        if to_left <= to_above and to_left <= to_corner:
            return left
        return above if to_above <= to_corner else corner
    if kind == AVERAGE:
        return (left + above) >> 1
    if kind == UP:
        return above
    return left if kind == SUB else 0


@part
def _runs(kind: int, to: int, here: int, above: int, count: int) -> int:
    """What one filter leaves of whole vectors, and how much that is."""
    if kind == PAETH:
        left: int = paeth(to, here, above, count)
    elif kind == AVERAGE:
        left = average(to, here, above, count)
    elif kind == UP:
        left = up(to, here, above, count)
    elif kind == SUB:
        left = sub(to, here, above, count)
    else:
        left = none(to, here, above, count)
    return left


@part
def _filtered(kind: int, here: int, above: int, width: int, out: int) -> int:
    """Write what a filter leaves of a row, and return how much that is; both rows have a zero pixel before them."""
    vectors, total = width // LANES, 0
    for first in range(0, vectors, MOST):
        at = first * LANES
        total += _runs(kind, out + at, here + at, above + at, min(MOST, vectors - first))
    for at in range(vectors * LANES, width):
        predicted = prediction(kind, byte(here + at - 3), byte(above + at), byte(above + at - 3))
        rest = (byte(here + at) - predicted) & 255
        put_byte(out + at, rest)
        total += min(rest, 256 - rest)
    return total


@part
def copy(source: int, count: int, to: int) -> None:
    """Bytes from one place to another."""
    whole = count // LANES * LANES
    for place in range(0, whole, LANES):
        move_run(to + place, source + place)
    for place in range(whole, count):
        put_byte(to + place, byte(source + place))


@entry
def least_rows(
    rows: int, pitch: int, height: int, width: int, kinds: int, choices: int, room: int, lines: int, lines_pitch: int
) -> int:
    """Every row filtered by the first of `kinds` that leaves least of it, behind that filter's number.

    `room` is zeroed, for three rows of `width` bytes with three more before each: this one, the one above, an attempt.
    """
    here, above, attempt = room + 3, room + 2 * 3 + width, room + 3 * 3 + 2 * width
    for row in range(height):
        copy(rows + row * pitch, width, here)
        line = lines + row * lines_pitch
        least = -1
        for choice in range(choices):
            kind = byte(kinds + choice)
            size = _filtered(kind, here, above, width, attempt)
            if least < 0 or size < least:
                least = size
                put_byte(line, kind)
                copy(attempt, width, line + 1)
        here, above = above, here
    return 0
