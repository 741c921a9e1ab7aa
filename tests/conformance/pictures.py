"""Pictures and sizes that are the same on every machine: integer arithmetic only, no random generator of NumPy's."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

SHORTEST = 20
WIDEST_ASPECT = 12.0

COMMON_SIZES = (
    (448, 448),
    (336, 336),
    (384, 384),
    (896, 448),
    (640, 480),
    (480, 640),
    (300, 200),
    (200, 300),
    (97, 31),
    (31, 97),
    (1000, 100),
    (100, 1000),
    (512, 511),
    (300, 900),
    (13, 11),
    (2000, 24),
    (24, 2000),
)
"""Exact tiles, ratios on a tie, odd sides, less than a patch, strips; 300×900 is where Pillow 13 turns the order of its
passes. A side of 1, 3 or 4 is none of them: transformers may take it for the channels."""

MODE_SIZES = ((97, 131), (640, 210))

OPAQUE_MODES = ("L", "1", "P", "I;16", "CMYK")
TRANSPARENT_MODES = ("RGBA", "LA", "P, one index transparent", "P, an alpha an index")
KEYED_MODE = "RGB, one colour transparent"
"""What transformers 4 leaves alone because it is RGB, and 5 puts over white."""


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    """A picture with slopes, hard edges and noise, so that a wrong offset or rounding shows as a number."""
    x = np.arange(width, dtype=np.uint32)[None, :]
    y = np.arange(height, dtype=np.uint32)[:, None]
    channels = [_channel(x, y, (width, height), seed * 3 + index) for index in range(3)]
    return Image.fromarray(np.stack(channels, axis=-1))


def _channel(x: np.ndarray, y: np.ndarray, size: tuple[int, int], seed: int) -> np.ndarray:
    """A slope over most of the picture, blocks of flat colour with hard edges, noise over every second block."""
    width, height = size
    slope = (x * (200 + 17 * seed) // width + y * (140 + 29 * seed) // height) % 256
    block = 5 + seed % 23
    blocks = (x // block + y // (block + 2)) % 4
    noise = _noise(x, y, seed)
    mixed = np.where(blocks == 0, noise, np.where(blocks == 1, 255 * (x // 3 % 2), (3 * slope + noise // 4) // 4))
    return (mixed % 256).astype(np.uint8)


def file_in_mode(image: Image.Image, mode: str) -> bytes:
    """A picture as a file that holds another mode: PNG, or TIFF for CMYK."""
    held, _, kind = mode.partition(", ")
    made = image.quantize(32) if held == "P" else _with_alpha(image) if held.endswith("A") else image
    made = _sixteen_bits(image) if held == "I;16" else made.convert(held)
    transparent: dict[str, Any] = {"one index transparent": 7, "an alpha an index": bytes(range(0, 256, 8))}
    transparent["one colour transparent"] = made.getpixel((made.width // 2, made.height // 2))
    settings = {"transparency": transparent[kind]} if kind else {}
    file = io.BytesIO()
    made.save(file, "TIFF" if held == "CMYK" else "PNG", **settings)
    return file.getvalue()


def _with_alpha(image: Image.Image) -> Image.Image:
    """Every alpha from 0 to 255, so that a rounding in the blend shows."""
    x, y = np.arange(image.width)[None, :], np.arange(image.height)[:, None]
    made = image.convert("RGBA")
    made.putalpha(Image.fromarray(((7 * x + 3 * y) % 256).astype(np.uint8)))
    return made


def _sixteen_bits(image: Image.Image) -> Image.Image:
    """Levels below and above 255: the lower half of a picture's are kept, the upper ones are beyond eight bits."""
    levels = np.asarray(image.convert("L")).astype(np.uint16)
    return Image.fromarray(np.where(levels < 128, levels, levels * 257).astype(np.uint16))


def _noise(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """A hash of the place, 0 to 255; uint32 arithmetic wraps the same everywhere."""
    mixed = x * np.uint32(0x9E3779B1) ^ y * np.uint32(0x85EBCA77) ^ np.uint32((seed * 0xC2B2AE3D) & 0xFFFFFFFF)
    mixed = (mixed ^ mixed >> np.uint32(15)) * np.uint32(0x2C1B3C6D)
    return (mixed ^ mixed >> np.uint32(12)) >> np.uint32(24)


def random_sizes(name: str, longest: int) -> Iterator[tuple[int, int]]:
    """Endless sizes for a name, always the same ones: sides spread evenly over magnitudes, ratios up to 12."""
    # Only random() is promised to give the same numbers in every Python.
    source = random.Random(name)
    while True:
        width, height = (round(_between(source, SHORTEST, longest)) for _ in range(2))
        if max(width, height) <= WIDEST_ASPECT * min(width, height):
            yield width, height


def _between(source: random.Random, low: float, high: float) -> float:
    return math.exp(math.log(low) + source.random() * math.log(high / low))
