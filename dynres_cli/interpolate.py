"""Resizes float pictures as torch's F.interpolate does on a CPU (align_corners=False), with NumPy alone.

Equal to torch up to float32 rounding: on a processor with fused multiply-add within 1e-6 for values in 0..1 and
within 5e-6 after normalisation (measured with torch 2.13); torch itself differs as much from build to build.
`kernels.interpolating` gives the same bits many times sooner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dynres_cli.geometry import Size

TorchFilter = Literal["torch-bicubic", "torch-bilinear", "torch-bilinear-antialias"]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

ONE, HALF = np.float32(1), np.float32(0.5)
HALF_A_STEP, HALF_A_STEP_MASK = np.int64(1 << 28), np.int64((1 << 29) - 1)
"""What lies behind a float32's bits in a double that is in the middle between two of them."""

# torch's bicubic bends more than Pillow's, which uses -0.5.
A = np.float32(-0.75)


@dataclass(frozen=True, slots=True)
class Target:
    """A size that floats are resampled to, and by which filter."""

    size: Size
    kind: TorchFilter


@dataclass(frozen=True, slots=True)
class Taps:
    """For every output place the inputs it is made of, and their weights; both (outputs, taps)."""

    places: npt.NDArray[np.intp]
    weights: Floats


BAND = 1 << 16
"""Values that are worked on at a time, so that their doubles stay in the processor's cache."""


def interpolate(
    picture: npt.NDArray[Any], target: Size, kind: TorchFilter, floats: Callable[[npt.NDArray[Any]], Floats]
) -> Floats:
    """A (height, width, channels) picture at another size as float32: columns first, then rows.

    `floats` brings rows of the picture into the space in which they are resampled; all of a large one would not fit.
    """
    taps = TAPS[kind]
    columns = _across(picture, taps(picture.shape[1], target.width), floats)
    return _down(columns, taps(picture.shape[0], target.height))


def _across(rows: npt.NDArray[Any], taps: Taps, floats: Callable[[npt.NDArray[Any]], Floats]) -> Floats:
    """Every column as the weighted sum of columns."""
    total: Floats = np.zeros((rows.shape[0], len(taps.places), rows.shape[2]), np.float32)
    weights = taps.weights[None, :, :, None]
    for band in _bands(total):
        values = floats(rows[band])
        for tap in range(taps.places.shape[1]):
            total[band] = fused(values.take(taps.places[:, tap], axis=1), weights[:, :, tap], total[band])
    return total


def _down(rows: Floats, taps: Taps) -> Floats:
    """Every row as the weighted sum of rows."""
    total: Floats = np.zeros((len(taps.places), *rows.shape[1:]), np.float32)
    weights = taps.weights[:, :, None, None]
    for band in _bands(total):
        for tap in range(taps.places.shape[1]):
            total[band] = fused(rows[taps.places[band, tap]], weights[band, tap], total[band])
    return total


def _bands(lines: Floats) -> list[slice]:
    """The lines of an array in pieces of a bearable size; within each they are summed in the order of the taps."""
    step = max(1, BAND // max(1, lines[:1].size))
    return [slice(first, first + step) for first in range(0, len(lines), step)]


def fused(x: Floats, y: Floats | float, z: Floats | float) -> Floats:
    """x·y + z with one rounding, as a processor's fused multiply-add gives it."""
    product: Doubles = np.asarray(x, np.float64) * y
    total = product + z
    halfway = (total.view(np.int64) & HALF_A_STEP_MASK) == HALF_A_STEP
    if halfway.any():
        _nudge(total, halfway, product, np.broadcast_to(z, total.shape))
    return total.astype(np.float32)


def _nudge(total: Doubles, halfway: npt.NDArray[np.bool_], product: Doubles, added: npt.NDArray[Any]) -> None:
    """Bring sums that were rounded to the middle between two float32 back to the side on which they truly lie."""
    first, second, middle = product[halfway], added[halfway].astype(np.float64), total[halfway]
    part = middle - first
    lost = (first - (middle - part)) + (second - part)
    total[halfway] = np.where(lost == 0, middle, np.nextafter(middle, np.copysign(np.inf, lost)))


def _places(length: int, target: int, shift: float) -> Floats:
    """Where the middle of each output place falls among the inputs, `shift` added.

    The scale is a float32 in torch; its builds fuse the multiplication with the addition, so there is one rounding.
    """
    scale = np.float64(np.float32(length) / np.float32(target))
    return (scale * (np.arange(target) + 0.5) + shift).astype(np.float32)


def bicubic_taps(length: int, target: int) -> Taps:
    """Four neighbours, those outside replaced by the edge; torch's compiled loop adds the second one first."""
    where = _places(length, target, -0.5)
    base = np.floor(where)
    t = where - base
    weights = np.stack([_inner(t), _outer(t + ONE), _inner(ONE - t), _outer(ONE - t + ONE)], axis=1)
    places = base.astype(np.intp)[:, None] + np.array([0, -1, 1, 2])
    return Taps(np.clip(places, 0, length - 1), weights)


def _inner(x: Floats) -> Floats:
    """Keys' cubic for distances up to 1, with torch's order of operations."""
    value: Floats = ((A + 2) * x - (A + 3)) * x * x + ONE
    return value


def _outer(x: Floats) -> Floats:
    """Keys' cubic for distances from 1 to 2."""
    value: Floats = fused(A * x - 5 * A, x, float(8 * A)) * x - 4 * A
    return value


def bilinear_taps(length: int, target: int) -> Taps:
    """The two nearest inputs, however much the picture shrinks."""
    where = np.maximum(_places(length, target, -0.5), np.float32(0))
    base = np.minimum(where.astype(np.intp), length - 1)
    t = np.minimum(where - base.astype(np.float32), ONE)
    return Taps(np.stack([np.minimum(base + 1, length - 1), base], axis=1), np.stack([t, ONE - t], axis=1))


def antialias_taps(length: int, target: int) -> Taps:
    """Every input under a triangle that widens as the picture shrinks."""
    centres = _places(length, target, 0.0)
    stretch = np.maximum(np.float32(length) / np.float32(target), ONE)
    first = np.maximum((centres - stretch + HALF).astype(np.intp), 0)
    last = np.minimum((centres + stretch + HALF).astype(np.intp), length)
    steps = np.arange((last - first).max())
    distance = ((steps + first[:, None]).astype(np.float32) - centres[:, None] + HALF) * (ONE / stretch)
    weights = np.maximum(ONE - np.abs(distance), np.float32(0))
    weights[steps >= (last - first)[:, None]] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    return Taps(np.minimum(first[:, None] + steps, length - 1), weights)


TAPS: dict[TorchFilter, Callable[[int, int], Taps]] = {
    "torch-bicubic": bicubic_taps,
    "torch-bilinear": bilinear_taps,
    "torch-bilinear-antialias": antialias_taps,
}
