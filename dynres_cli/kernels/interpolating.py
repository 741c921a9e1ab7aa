"""Runs the compiled float resizer: pictures of bytes resized as torch resizes their floats, as `interpolate` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dynres_cli.arena import Arena, empty
from dynres_cli.geometry import Size
from dynres_cli.interpolate import TAPS, Target, TorchFilter
from dynres_cli.kernels.driver import WORK, Ints, run
from dynres_cli.kernels.shape import BLOCK, FLOAT_LANES, FLOAT_RUN
from dynres_cli.resample import Floats, Pixels


@dataclass(frozen=True, slots=True)
class Lines:
    """For each output a line of places among the inputs in use, a line of weights, and how many of them count."""

    places: Ints
    weights: Floats
    counts: Ints

    @property
    def addresses(self) -> tuple[int, int, int, int, int]:
        """As compiled code takes them; behind them how long a line is and how many there are."""
        targets, most = self.places.shape
        return self.places.ctypes.data, self.weights.ctypes.data, self.counts.ctypes.data, most, targets


def interpolate_all(
    pixels: Pixels, table: Floats, wanted: Sequence[Target], arena: Arena | None = None
) -> list[Floats]:
    """A picture at several sizes as float32; `table` (3, 256) says what float each level of each channel stands for."""
    WORK.clear()
    picture = pixels if pixels.strides[1:] == (3, 1) else np.ascontiguousarray(pixels)
    height, width = picture.shape[:2]
    columns, across = _columns(width, tuple((each.kind, each.size.width) for each in wanted))
    rows, down = _in_use(height, tuple((each.kind, each.size.height) for each in wanted))
    pitch = 12 * len(across.places)
    # The last row may be read a vector beyond its end.
    halfway = WORK.empty((pitch * len(rows) + 4 * FLOAT_LANES,), np.uint8)
    turned = WORK.empty(((len(columns) + BLOCK) * FLOAT_RUN,), np.uint8)
    run("float_columns")(
        *(picture.ctypes.data, picture.strides[0]),
        *(rows.ctypes.data, len(rows), columns.ctypes.data, len(columns)),
        table.ctypes.data,
        *across.addresses,
        *(turned.ctypes.data, halfway.ctypes.data, pitch),
    )
    made, source = [], halfway.ctypes.data
    for each, lines in zip(wanted, down, strict=True):
        made.append(_rows(source, pitch, lines, each.size, arena))
        source += 12 * each.size.width
    return made


def _rows(source: int, pitch: int, lines: Lines, size: Size, arena: Arena | None) -> Floats:
    """The rows of one target, of what was made of its columns; rows narrower than a vector are made as wide as one."""
    width = max(3 * size.width, FLOAT_LANES)
    out: Floats = empty(arena, (size.height, width), np.float32)
    run("float_rows")(source, pitch, width, *lines.addresses, out.ctypes.data, out.strides[0])
    return out[:, : 3 * size.width].reshape(size.height, size.width, 3)


@lru_cache(maxsize=64)
def _columns(length: int, targets: tuple[tuple[TorchFilter, int], ...]) -> tuple[Ints, Lines]:
    """The columns in use, and the lines of all targets behind one another, as if they were those of one wide target."""
    inputs, lines = _in_use(length, targets)
    most = max(each.places.shape[1] for each in lines)
    missing = [((0, 0), (0, most - each.places.shape[1])) for each in lines]
    places = [np.pad(each.places, wider) for each, wider in zip(lines, missing, strict=True)]
    weights = [np.pad(each.weights, wider) for each, wider in zip(lines, missing, strict=True)]
    counts = [each.counts for each in lines]
    return inputs, Lines(np.concatenate(places), np.concatenate(weights), np.concatenate(counts))


@lru_cache(maxsize=64)
def _in_use(length: int, targets: tuple[tuple[TorchFilter, int], ...]) -> tuple[Ints, tuple[Lines, ...]]:
    """The inputs that any target is made of, ascending, and each one's lines.

    What weighs nothing at the end of a line is not counted: it would change no sum.
    """
    taps = [TAPS[kind](length, target) for kind, target in targets]
    inputs = np.unique(np.concatenate([each.places.ravel() for each in taps]))
    lines = (
        Lines(
            np.searchsorted(inputs, each.places).astype(np.int32),
            np.ascontiguousarray(each.weights, np.float32),
            np.max((each.weights != 0) * np.arange(1, each.weights.shape[1] + 1), axis=1).astype(np.int32),
        )
        for each in taps
    )
    return inputs.astype(np.int32), tuple(lines)
