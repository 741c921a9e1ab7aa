"""Molmo derived anew from allenai/molmo's model_preprocessor.py: torchvision's float resize, NumPy for the rest."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.conformance.reference.contract import Reference, Refused, Seen
from tests.conformance.reference.processors import ready_torch

SIDE, PATCH, MARGIN, MOST = 336, 14, 4, 12
SHARED = 2 * MARGIN * PATCH
WINDOW = SIDE - SHARED
POOLED = SIDE // PATCH // 2
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)


def tiling(height: int, width: int) -> tuple[int, int]:
    """Rows and columns: the least enlarging in float32, or the least shrinking where all shrink."""
    shapes = sorted(
        ((rows, cols) for rows in range(1, MOST + 1) for cols in range(1, MOST + 1) if rows * cols <= MOST),
        key=lambda shape: (shape[0] * shape[1], shape[0]),
    )
    room = (np.array(shapes, np.int32) * WINDOW).astype(np.float32)
    with np.errstate(divide="ignore"):
        scales = (room / np.array([height - SHARED, width - SHARED], np.float32)).min(axis=-1)
    if (scales < 1).all():
        return shapes[int(scales.argmax())]
    return shapes[int(np.where(scales < 1, np.float32(10e9), scales).argmin())]


def fitted(pixels: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture as floats in the middle of a black canvas, normalised, and where it lies."""
    ready_torch()
    import torch  # noqa: PLC0415 - torch takes seconds
    from torchvision.transforms import InterpolationMode, Resize  # noqa: PLC0415 - needs ready_torch first
    from torchvision.transforms.functional import convert_image_dtype  # noqa: PLC0415 - the same

    tall, wide = (np.float32(side) for side in pixels.shape[:2])
    scale = min(np.float32(width) / wide, np.float32(height) / tall)
    inner = int(tall * scale), int(wide * scale)
    if 0 in inner:
        msg = f"a side of {pixels.shape[1]}×{pixels.shape[0]} vanishes in {width}×{height}"
        raise Refused(msg)
    floats = convert_image_dtype(torch.from_numpy(pixels.copy()).permute(2, 0, 1))
    resized = Resize(list(inner), InterpolationMode.BILINEAR, antialias=True)(floats).clip(0, 1).permute(1, 2, 0)
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    around = ((top, height - inner[0] - top), (left, width - inner[1] - left))
    mask = np.pad(np.ones(inner, bool), around)
    return (np.pad(resized.numpy(), (*around, (0, 0))) - MEAN) / STD, mask


def patches(crops: np.ndarray) -> np.ndarray:
    """(n, 336, 336, channels) as (n, 576, 196 × channels): patches row by row, pixels with their channels inside."""
    count, along = len(crops), SIDE // PATCH
    cells = crops.reshape(count, along, PATCH, along, PATCH, -1).transpose(0, 1, 3, 2, 4, 5)
    return np.ascontiguousarray(cells.reshape(count, along * along, -1))


def own_tokens(index: int, count: int) -> slice:
    """Which of a crop's 12 pooled patches along an axis are its own and not its neighbour's."""
    return slice(0 if index == 0 else MARGIN // 2, POOLED if index == count - 1 else POOLED - MARGIN // 2)


def places(rows: int, cols: int) -> np.ndarray:
    """For every pooled patch of every view its place in the text, or -100 where another crop shows it."""
    wide, high = cols * WINDOW // PATCH // 2 + MARGIN, rows * WINDOW // PATCH // 2 + MARGIN
    found = [1 + np.arange(POOLED)[:, None] * (POOLED + 1) + np.arange(POOLED)]
    start = 2 + POOLED * (POOLED + 1) + 1
    canvas = start + np.arange(high)[:, None] * (wide + 1) + np.arange(wide)
    for row in range(rows):
        for col in range(cols):
            down, right = row * WINDOW // PATCH // 2, col * WINDOW // PATCH // 2
            crop = np.full((POOLED, POOLED), -100)
            own = own_tokens(row, rows), own_tokens(col, cols)
            crop[own] = canvas[down : down + POOLED, right : right + POOLED][own]
            found.append(crop)
    return np.stack(found).reshape(-1, POOLED * POOLED).astype(np.int32)


def text_of(rows: int, cols: int) -> str:
    """Rows of patches with a column mark behind each: 12×12 for the whole picture, then those of the canvas."""
    wide, high = cols * WINDOW // PATCH // 2 + MARGIN, rows * WINDOW // PATCH // 2 + MARGIN
    pieces = ((POOLED, POOLED), (high, wide))
    return "".join(f"<im_start>{('<im_patch>' * across + '<im_col>') * down}<im_end>" for down, across in pieces)


def molmo(image: Image.Image) -> Seen:
    """The padded picture, then the crops of the padded canvas, a window apart."""
    pixels = np.asarray(image)
    rows, cols = tiling(image.height, image.width)
    whole, _ = fitted(pixels, SIDE, SIDE)
    canvas, mask = fitted(pixels, rows * WINDOW + SHARED, cols * WINDOW + SHARED)
    corners = [(row * WINDOW, col * WINDOW) for row in range(rows) for col in range(cols)]
    crops = np.stack([whole] + [canvas[top : top + SIDE, left : left + SIDE] for top, left in corners])
    masks = np.stack([mask[top : top + SIDE, left : left + SIDE] for top, left in corners])
    shares = patches(masks.astype(np.float32)[..., None]).mean(axis=-1)
    arrays = {
        "images": patches(crops),
        "image_input_idx": places(rows, cols),
        # The reference puts the whole picture's row, all -1, behind the crops although that view comes first.
        "image_masks": np.pad(shares, ((0, 1), (0, 0)), constant_values=-1),
    }
    views = [np.ascontiguousarray(crop.transpose(2, 0, 1), np.float32) for crop in crops]
    text = text_of(rows, cols)
    return Seen(views, (cols, rows), text.count("<"), text, arrays)


EDGES = ((336, 336), (112, 112), (112, 1000), (111, 1000), (560, 560), (561, 560), (2800, 336), (30, 2000))

PRESETS = {
    "molmo": Reference(
        "allenai/molmo's preprocessor derived anew, torchvision",
        molmo,
        tolerance=1e-5,
        converts=False,
        sizes=EDGES,
        resizer="torch",
    )
}
