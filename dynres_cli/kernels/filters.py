"""PNG's filtered rows, compiled: for every row the filter that leaves least, as `sinks.png` chooses it with NumPy.

Only `driver` imports this module: importing it compiles it, or loads what `cache` keeps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit, types

from dynres_cli.kernels.rows import average, none, paeth, sub, up
from dynres_cli.kernels.vectors import LANES

Bytes = npt.NDArray[np.uint8]

_long, _byte = types.intp, types.uint8
_row = types.Array(_byte, 1, "C", readonly=True)
_rows = types.Array(_byte, 2, "C", readonly=True)


@njit(_long(_long, _long, _long, _long), cache=True, nogil=True)
def _predicted(kind: int, left: int, above: int, corner: int) -> int:
    """One byte's prediction by PNG's filter of that number."""
    if kind == 4:
        to_left, to_above, to_corner = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
        if to_left <= to_above and to_left <= to_corner:
            return left
        return above if to_above <= to_corner else corner
    if kind == 3:
        return (left + above) >> 1
    if kind == 2:
        return above
    return left if kind == 1 else 0


@njit(_long(_long, _long, _long, _long, _long), cache=True, nogil=True)
def _runs(kind: int, to: int, here: int, above: int, count: int) -> int:
    """What one filter leaves of whole vectors, and how much that is."""
    if kind == 4:
        left: int = paeth(to, here, above, count)
    elif kind == 3:
        left = average(to, here, above, count)
    elif kind == 2:
        left = up(to, here, above, count)
    elif kind == 1:
        left = sub(to, here, above, count)
    else:
        left = none(to, here, above, count)
    return left


@njit(_long(_long, _byte[::1], _byte[::1], _byte[::1]), cache=True, nogil=True)
def _filtered(kind: int, here: Bytes, above: Bytes, out: Bytes) -> int:
    """Write what a filter leaves of a row, and return how much that is; both rows have a zero pixel before them."""
    vectors, total = (len(out) - 1) // LANES, 0
    if vectors > 0:
        total = _runs(kind, out.ctypes.data + 1, here.ctypes.data + 3, above.ctypes.data + 3, vectors)
    for at in range(vectors * LANES, len(out) - 1):
        rest = (here[at + 3] - _predicted(kind, here[at], above[at + 3], above[at])) & 255
        out[at + 1] = rest
        total += min(rest, 256 - rest)
    out[0] = kind
    return total


@njit(types.void(_rows, _row, _byte[:, ::1]), cache=True, nogil=True)
def least_rows(rows: Bytes, kinds: Bytes, lines: Bytes) -> None:
    """Every row filtered by the first of `kinds` that leaves least of it, behind that filter's number."""
    width = rows.shape[1]
    here, above = np.zeros(width + 3, np.uint8), np.zeros(width + 3, np.uint8)
    attempt, best = np.empty(width + 1, np.uint8), np.empty(width + 1, np.uint8)
    for number in range(rows.shape[0]):
        here[3:] = rows[number]
        least = -1
        for kind in kinds:
            size = _filtered(kind, here, above, attempt)
            if least < 0 or size < least:
                least = size
                attempt, best = best, attempt
        lines[number] = best
        here, above = above, here
