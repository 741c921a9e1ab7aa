"""Pictures for the pixel tests, and the plain Pillow way of making their views, written a second time on purpose."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Pair = tuple[int, int]

METHODS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
}


def noise(width: int, height: int, seed: int = 0) -> Pixels:
    """The hardest picture to resize: every value its own."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def gradient(width: int, height: int) -> Pixels:
    """Red counts columns, green counts rows, blue their sum: a wrong offset becomes a wrong number."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([columns, rows, columns + rows], axis=2).astype(np.uint8)


def columns_first(pixels: Pixels, width: int, height: int, kind: str = "bicubic") -> Pixels:
    """Pillow's resize with the horizontal pass first, as Pillow up to 12 always does."""
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((width, image.height), METHODS[kind]).resize((width, height), METHODS[kind]))


def rows_first(pixels: Pixels, width: int, height: int, kind: str = "bicubic") -> Pixels:
    """Pillow's resize with the vertical pass first."""
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((image.width, height), METHODS[kind]).resize((width, height), METHODS[kind]))


def internvl_views(pixels: Pixels, limit: int = 12, side: int = 448) -> list[Pixels]:
    """What InternVL2's README makes of a picture: the grid of nearest ratio, its tiles, the thumbnail."""
    height, width = pixels.shape[:2]
    grids = {(c, r) for n in range(1, limit + 1) for c in range(1, n + 1) for r in range(1, n + 1) if c * r <= limit}
    best, least = (1, 1), math.inf
    for c, r in sorted(grids, key=lambda grid: grid[0] * grid[1]):
        off = abs(width / height - c / r)
        if off < least or (off == least and width * height > 0.5 * side * side * c * r):
            best, least = (c, r), off
    canvas = columns_first(pixels, best[0] * side, best[1] * side)
    tiles = _tiles(canvas, side)
    return tiles if len(tiles) == 1 else [*tiles, columns_first(pixels, side, side)]


def llava_views(pixels: Pixels, pinpoints: tuple[Pair, ...], side: int = 336) -> list[Pixels]:
    """What LLaVA-1.6 makes of a picture: squashed whole, then the tiles of the padded best canvas."""
    height, width = pixels.shape[:2]

    def worth(canvas: Pair) -> Pair:
        scale = min(canvas[0] / width, canvas[1] / height)
        kept = min(int(width * scale) * int(height * scale), width * height)
        return kept, kept - canvas[0] * canvas[1]

    across, down = max(pinpoints, key=worth)
    if across / width < down / height:
        size = (across, min(math.ceil(height * (across / width)), down))
    else:
        size = (min(math.ceil(width * (down / height)), across), down)
    canvas = Image.new("RGB", (across, down), (0, 0, 0))
    fitted = Image.fromarray(columns_first(pixels, *size))
    canvas.paste(fitted, ((across - size[0]) // 2, (down - size[1]) // 2))
    return [columns_first(pixels, side, side), *_tiles(np.asarray(canvas), side)]


def _tiles(canvas: Pixels, side: int) -> list[Pixels]:
    height, width = canvas.shape[:2]
    return [canvas[y : y + side, x : x + side] for y in range(0, height, side) for x in range(0, width, side)]
