"""Pictures of more than 8 bits a channel as 8-bit levels, without clipping."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

from dynres_cli.geometry import RGB

BAND_PIXELS = 1 << 18
"""How many pixels are converted at once: what one band needs beside the picture stays in the cache."""

USUAL_RANGES = {"I": (65535.0,), "F": (1.0, 255.0, 65535.0)}
"""Ranges that values from 0 on are taken to fill, narrowest first, where the mode itself does not say."""


def bands(picture: Image.Image) -> Iterator[tuple[int, int, int, int]]:
    """Boxes over the whole width, from top to bottom."""
    step = max(1, BAND_PIXELS // picture.width)
    for top in range(0, picture.height, step):
        yield 0, top, picture.width, min(top + step, picture.height)


def scaled(picture: Image.Image) -> npt.NDArray[np.uint8]:
    """The picture's own range spread over 0 to 255: 16 bits over all of theirs, so that a ramp stays a ramp.

    32-bit integers and floats fill 0 to 1 (floats), 255 or 65535 if all values lie there, and otherwise run from the
    least value to the greatest; what is not a number becomes 0.
    """
    low, high = value_range(picture)
    factor = 255 / (high - low) if high > low else 0.0
    out = np.empty((picture.height, picture.width, 3), np.uint8)
    for box in bands(picture):
        values = np.asarray(picture.crop(box)).astype(np.float64)
        levels = np.nan_to_num((values - low) * factor + 0.5, nan=0.0, posinf=255.0, neginf=0.0)
        out[box[1] : box[3]] = np.clip(np.floor(levels), 0, 255).astype(np.uint8)[:, :, None]
    return out


def paint(levels: npt.NDArray[np.uint8], picture: Image.Image, transparent: int, colour: RGB) -> None:
    """Put a colour where the picture has the one value that is transparent: its level stands for others too."""
    for box in bands(picture):
        levels[box[1] : box[3]][np.asarray(picture.crop(box)) == transparent] = colour


def value_range(picture: Image.Image) -> tuple[float, float]:
    """The values that become 0 and 255."""
    if picture.mode not in USUAL_RANGES:
        return 0.0, 65535.0
    low, high = _extremes(picture)
    fits = [limit for limit in USUAL_RANGES[picture.mode] if low >= 0 and high <= limit]
    return (0.0, fits[0]) if fits else (low, high)


def _extremes(picture: Image.Image) -> tuple[float, float]:
    low, high = float("inf"), float("-inf")
    for box in bands(picture):
        values = np.asarray(picture.crop(box))
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return (low, high) if low <= high else (0.0, 0.0)
