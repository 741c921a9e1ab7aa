"""Turns uint8 views into the float tensors that a model is fed, value for value as its reference does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt

from dynres_cli.arena import Arena, empty
from dynres_cli.presets import Channels, PixelPolicy
from dynres_cli.resample import Kernel

Floats = npt.NDArray[np.float32]
View = npt.NDArray[np.uint8] | Floats
LEVELS = np.arange(256, dtype=np.float32)[:, None]

LINES = 16
"""Of a view that NumPy looks up at once."""


def to_bfloat16(values: Floats) -> npt.NDArray[np.uint16]:
    """The upper half of each float32, rounded to nearest, ties to even: bfloat16 as its bits."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    # Step by step in one array, for the sum as one expression takes four.
    rounded = bits >> np.uint32(16)
    rounded &= np.uint32(1)
    rounded += np.uint32(0x7FFF)
    rounded += bits
    rounded >>= np.uint32(16)
    return rounded.astype(np.uint16)


def _bfloat16(values: Floats) -> Floats:
    """Values rounded to bfloat16, as float32."""
    return (to_bfloat16(values).astype(np.uint32) << np.uint32(16)).view(np.float32)


def _classic(mean: Floats, std: Floats) -> Floats:
    """As torchvision's ToTensor and Normalize; transformers' PIL backend gives the same numbers."""
    values: Floats = (LEVELS / np.float32(255) - mean) / std
    return values


def _fused(mean: Floats, std: Floats) -> Floats:
    """As transformers' torch backend, which folds the division by 255 into mean and std."""
    values: Floats = (LEVELS - mean * np.float32(255)) / (std * np.float32(255))
    return values


def _in_bfloat16(mean: Floats, std: Floats) -> Floats:
    """The steps of `_classic` with every result rounded to bfloat16, as Llama 4's processor computes."""
    scaled = _bfloat16(LEVELS * np.float32(1 / 255))
    return _bfloat16(_bfloat16(scaled - _bfloat16(mean)) / _bfloat16(std))


ARITHMETIC: dict[str, Callable[[Floats, Floats], Floats]] = {
    "classic": _classic,
    "fused": _fused,
    "bfloat16": _in_bfloat16,
}


def statistics(mean: Channels, std: Channels) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the three channels as float32."""
    return np.array(mean, np.float32), np.array(std, np.float32)


@lru_cache(maxsize=32)
def table(policy: PixelPolicy) -> Floats:
    """What each of the 256 levels becomes in each channel: (3, 256) float32."""
    values = ARITHMETIC[policy.arithmetic](*statistics(policy.mean, policy.std))
    rows = np.ascontiguousarray(values.T)
    rows.setflags(write=False)
    return rows


def normalise_one(view: View, policy: PixelPolicy, kernel: Kernel = "pillow") -> Floats:
    """One view as (3, height, width) float32; a float view is normalised already."""
    only: Floats = normalise([view], policy, kernel)[0]
    return only


def normalise(
    views: Sequence[View], policy: PixelPolicy, kernel: Kernel = "pillow", arena: Arena | None = None
) -> Floats:
    """Views of one size as (total, 3, height, width) float32, in their order; it lies in the arena, if one is given."""
    out: Floats = empty(arena, (len(views), 3, *views[0].shape[:2]), np.float32)
    fill(out, views, policy, kernel)
    return out


def fill(out: Floats, views: Sequence[View], policy: PixelPolicy, kernel: Kernel = "pillow") -> None:
    """Normalise views straight to where they are wanted: `out` is (total, 3, height, width).

    ValueError for a view of another size, as of a family that calls its views equal and is wrong.
    """
    levels, fill_one = table(policy), FILLERS[kernel]()
    for place, view in zip(out, views, strict=True):
        if view.shape != (*place.shape[1:], 3):
            msg = f"a view of shape {view.shape} has no place in an array of {out.shape}"
            raise ValueError(msg)
        if view.dtype == np.uint8:
            fill_one(place, cast("npt.NDArray[np.uint8]", view), levels)
        else:
            place[:] = view.transpose(2, 0, 1)


Filler = Callable[[Floats, npt.NDArray[np.uint8], Floats], None]


def _look_up(out: Floats, view: npt.NDArray[np.uint8], levels: Floats) -> None:
    """Each level replaced by its channel's float, by NumPy, which makes an index of eight bytes of every level."""
    for top in range(0, len(view), LINES):
        lines = slice(top, top + LINES)
        for channel in range(3):
            levels[channel].take(view[lines, :, channel], out=out[channel, lines], mode="clip")


def _compiled() -> Filler:
    from dynres_cli.kernels.driver import normalise_into  # noqa: PLC0415 - numba is loaded only where it is asked for

    return normalise_into


FILLERS: dict[Kernel, Callable[[], Filler]] = {"pillow": lambda: _look_up, "numba": _compiled}


def preview(view: View, policy: PixelPolicy) -> npt.NDArray[np.uint8]:
    """A view as levels to look at: a float view brought back to 0..255, which loses what lay outside."""
    if view.dtype == np.uint8:
        return view.astype(np.uint8, copy=False)
    mean, std = statistics(policy.mean, policy.std)
    levels: npt.NDArray[np.uint8] = np.clip(np.rint((view * std + mean) * np.float32(255)), 0, 255).astype(np.uint8)
    return levels
