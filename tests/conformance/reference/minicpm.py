"""MiniCPM-V 2.6 by its repository's rule written anew with plain Pillow, MiniCPM-V 4.6 through its own processor.

There is no class of transformers for 2.6; the rule is that of OpenBMB/MiniCPM-V, finetune/dataset.py. transformers' own
`MiniCPMV4_6Processor` writes the text of 4.6.
"""

from __future__ import annotations

import functools
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from tests.conformance.reference.contract import ONLY_5, Reference, Seen, numbered
from tests.conformance.reference.processors import pillow_class, run_class

SIDE, PATCH, MOST = 448, 14, 9


def nearest(length: float, step: int) -> int:
    """To a multiple of `step`, half to even, never none."""
    return max(step, step * round(length / step))


def grid_of(width: int, height: int) -> tuple[int, int] | None:
    """Columns and rows of slices, or None for a picture that stays whole."""
    full = min(MOST, math.ceil(width * height / SIDE**2))
    if full < 2:
        return None
    best, smallest = (1, 1), math.inf
    for slices in range(full - 1, full + 2):
        for cols in (n for n in range(1, slices + 1) if slices % n == 0 and 1 < slices <= MOST):
            error = abs(math.log(width / height) - math.log(cols / (slices // cols)))
            if error < smallest:
                best, smallest = (cols, slices // cols), error
    return best


def target(width: float, height: float, *, always: bool) -> tuple[int, int]:
    """The size to resize to: the area of one square, or less where small pictures stay small."""
    if always or width * height > SIDE**2:
        ratio = width / height
        height = int(SIDE / math.sqrt(ratio))
        width = int(height * ratio)
    return nearest(width, PATCH), nearest(height, PATCH)


def pictures(image: Image.Image) -> tuple[list[Image.Image], tuple[int, int] | None]:
    """The whole picture, then its slices, and the grid."""
    grid = grid_of(*image.size)
    whole = image.resize(target(*image.size, always=grid is None), Image.Resampling.BICUBIC)
    if grid is None:
        return [whole], None
    cols, rows = grid
    cell = nearest(image.width, cols) / cols, nearest(image.height, rows) / rows
    width, height = target(*cell, always=True)
    large = image.resize((width * cols, height * rows), Image.Resampling.BICUBIC)
    corners = [(width * col, height * row) for row in range(rows) for col in range(cols)]
    return [whole, *(large.crop((x, y, x + width, y + height)) for x, y in corners)], grid


def normalised(image: Image.Image) -> np.ndarray:
    """ToTensor and Normalize with 0.5."""
    half = np.float32(0.5)
    values = (np.asarray(image).astype(np.float32) / np.float32(255) - half) / half
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def strip(view: np.ndarray) -> np.ndarray:
    """A view as patches by the unfold of torch, in the order that the reference brings them into."""
    import torch  # noqa: PLC0415 - takes seconds to load

    columns = torch.nn.functional.unfold(torch.from_numpy(view), (PATCH, PATCH), stride=PATCH)
    ordered = columns.reshape(3, PATCH, PATCH, -1).permute(0, 1, 3, 2)
    return ordered.reshape(3, PATCH, -1).numpy()


def minicpmv(image: Image.Image) -> Seen:
    """MiniCPM-V 2.6: 64 tokens a view."""
    made, grid = pictures(image)
    views = [normalised(each) for each in made]
    text = f"<image_id>0</image_id><image>{'<unk>' * 64}</image>"
    if grid is not None:
        row = f"<slice>{'<unk>' * 64}</slice>" * grid[0]
        text += "\n".join([row] * grid[1])
    arrays = {
        "pixel_values": [strip(view) for view in views],
        "tgt_sizes": np.array([(view.shape[1] // PATCH, view.shape[2] // PATCH) for view in views], np.int32),
        "image_sizes": np.array([image.size]),
    }
    return Seen(views, grid or (1, 1), 64 * len(views), text, numbered(arrays))


@functools.cache
def processor_4_6() -> Any:  # noqa: ANN401 - a transformers class
    """The Pillow class with its defaults, which are the checkpoint's."""
    return pillow_class("minicpmv4_6", "MiniCPMV4_6")()


def text_4_6(arrays: dict[str, np.ndarray]) -> str:
    """The text of the processor itself, without a tokenizer: its rule uses only the names of the marks."""
    from transformers.models.minicpmv4_6.processing_minicpmv4_6 import MiniCPMV4_6Processor  # noqa: PLC0415

    marks = {
        f"{kind}_{end}_token": f"<{'/' if end == 'end' else ''}{kind}>"
        for kind in ("image", "slice", "image_id")
        for end in ("start", "end")
    }
    made = SimpleNamespace(**marks, slice_mode=True, image_token="<|image_pad|>")
    text = MiniCPMV4_6Processor.replace_image_token(made, arrays, 0, image_token_divisor=16)
    return str(MiniCPMV4_6Processor._prepend_local_ids(made, ["?"], [text], "?")[0])  # noqa: SLF001 - no tokenizer


def minicpmv4_6(image: Image.Image) -> Seen:
    """MiniCPM-V 4.6; the views are read back out of its one strip of patches."""
    arrays = run_class(processor_4_6(), image)
    rows, cols = arrays["grids"][0]
    sizes = arrays["target_sizes"].tolist()
    ends = np.cumsum([high * wide * PATCH for high, wide in sizes])
    strips = np.split(arrays["pixel_values"][0], ends[:-1], axis=-1)
    views = [
        np.ascontiguousarray(
            part.reshape(3, PATCH, high, wide, PATCH).transpose(0, 2, 1, 3, 4).reshape(3, high * PATCH, wide * PATCH)
        )
        for part, (high, wide) in zip(strips, sizes, strict=True)
    ]
    text = text_4_6(arrays)
    return Seen(views, (int(cols) or 1, int(rows) or 1), text.count("<|image_pad|>"), text, arrays)


EDGES = ((448, 448), (449, 448), (447, 449), (634, 633), (896, 896), (1344, 1344), (70, 42), (20, 240), (2000, 180))

PRESETS = {
    "minicpm-v-2.6": Reference("OpenBMB/MiniCPM-V's rule with plain Pillow", minicpmv, sizes=EDGES, converts=False),
    "minicpm-v-4.6": Reference(
        "transformers MiniCPMV4_6, Pillow", minicpmv4_6, environments=ONLY_5, transparent_in=ONLY_5, sizes=EDGES
    ),
}
