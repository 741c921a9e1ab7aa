"""DeepSeek-VL2 and DeepSeek-OCR by their repositories' rules written anew, DeepSeek-OCR-2 through its own processor.

The two originals live in their own repositories: deepseek-ai/DeepSeek-VL2, models/processing_deepseek_vl_v2.py, and
deepseek-ai/DeepSeek-OCR, DeepSeek-OCR-vllm/process/image_process.py. Padding is Pillow's own `ImageOps.pad`, levels
become floats by torchvision's own transforms.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import PIL
from PIL import Image, ImageOps

from tests.conformance.reference.contract import ONLY_5, Reference, Refused, Seen, split_views
from tests.conformance.reference.processors import pillow_class, ready_torch, run_class

Sides = tuple[int, int]
GREY = (127, 127, 127)
TELLS_BLANKS = int(PIL.__version__.split(".")[0]) >= 13

VL2_GRIDS = "11 12 21 13 31 14 41 22 15 51 16 61 23 32 17 71 18 81 24 42 19 91 33"
VL2_CANVASES = tuple((384 * int(grid[0]), 384 * int(grid[1])) for grid in VL2_GRIDS.split())
"""Width and height, in the order of the checkpoint's candidate_resolutions."""


@functools.cache
def transform() -> Callable[[Image.Image], Any]:
    """ToTensor and Normalize with 0.5, torchvision's own."""
    ready_torch()
    from torchvision import transforms  # noqa: PLC0415 - needs ready_torch

    half = (0.5, 0.5, 0.5)
    return transforms.Compose([transforms.ToTensor(), transforms.Normalize(half, half)])  # type: ignore[no-any-return]


def tensor(image: Image.Image) -> np.ndarray:
    """A picture as the model is fed it."""
    values: np.ndarray = transform()(image).numpy()
    return np.ascontiguousarray(values)


def padded(image: Image.Image, size: Sides) -> Image.Image:
    """Pillow's own padding. Before 13 it refuses a picture that is left no pixel; 13 makes a blank page of it."""
    made = ImageOps.contain(image, size) if TELLS_BLANKS else image
    if min(made.size) == 0:
        msg = "nothing is left of the picture"
        raise Refused(msg)
    try:
        return ImageOps.pad(image, size, color=GREY)
    except ValueError as error:
        raise Refused(str(error)) from error


def cells(image: Image.Image, side: int) -> list[Image.Image]:
    """Square crops, row by row."""
    corners = [(x, y) for y in range(0, image.height, side) for x in range(0, image.width, side)]
    return [image.crop((x, y, x + side, y + side)) for x, y in corners]


def best_canvas(image: Image.Image) -> Sides:
    """The canvas that keeps most pixels and then wastes least; the first of equals."""
    width, height = image.size
    best, kept, wasted = VL2_CANVASES[0], 0, math.inf
    for canvas in VL2_CANVASES:
        scale = min(canvas[0] / width, canvas[1] / height)
        pixels = min(int(width * scale) * int(height * scale), width * height)
        rest = canvas[0] * canvas[1] - pixels
        if pixels > kept or (pixels == kept and rest < wasted):
            best, kept, wasted = canvas, pixels, rest
    return best


def deepseek_vl2(image: Image.Image) -> Seen:
    """The padded picture, then the tiles of the padded canvas; 14 × 14 tokens a tile, newlines and a separator."""
    canvas = best_canvas(image)
    local = cells(padded(image, canvas), 384)
    views = [tensor(each) for each in (padded(image, (384, 384)), *local)]
    cols, rows = canvas[0] // 384, canvas[1] // 384
    tokens = 14 * 15 + 1 + sum(14 * cols + 1 for _ in range(14 * rows))
    arrays = {
        "images": np.stack(views),
        "images_spatial_crop": np.array([[cols, rows]]),
        "num_image_tokens": np.array([tokens]),
    }
    return Seen(views, (cols, rows), tokens, "<image>" * tokens, arrays)


def nearest_grid(image: Image.Image, side: int, least: int, most: int) -> Sides:
    """InternVL's search, over a set as the original has it."""
    pairs = {(c, r) for n in range(least, most + 1) for c in range(1, n + 1) for r in range(1, n + 1)}
    grids = sorted((pair for pair in pairs if least <= pair[0] * pair[1] <= most), key=lambda pair: pair[0] * pair[1])
    best, smallest = (1, 1), float("inf")
    for cols, rows in grids:
        error = abs(image.width / image.height - cols / rows)
        large = image.width * image.height > 0.5 * side * side * cols * rows
        if error < smallest or (error == smallest and large):
            best, smallest = (cols, rows), error
    return best


def deepseek_ocr(image: Image.Image) -> Seen:
    """Gundam: the padded page at 1024, and tiles of 640 for pages with a side above 640."""
    page = tensor(padded(image, (1024, 1024)))
    small = max(image.size) <= 640
    cols, rows = (1, 1) if small else nearest_grid(image, 640, 2, 6)
    local = [] if small else [tensor(each) for each in cells(image.resize((640 * cols, 640 * rows)), 640)]
    tokens = 16 * 17 + 1 + (0 if small else 10 * rows * (10 * cols + 1))
    arrays = {
        "pixel_values": page[None],
        "images_crop": np.stack(local)[None] if local else np.zeros((1, 1, 3, 640, 640), np.float32),
        "images_spatial_crop": np.array([[cols, rows]]),
    }
    return Seen([page, *local], (cols, rows), tokens, "<image>" * tokens, arrays)


@functools.cache
def processor_ocr2() -> Any:  # noqa: ANN401 - a transformers class
    """The Pillow class with its defaults, which are the checkpoint's."""
    return pillow_class("deepseek_ocr2", "DeepseekOcr2")()


def deepseek_ocr2(image: Image.Image) -> Seen:
    """The processor's page, then its tiles; its text rule needs no tokenizer."""
    chosen = processor_ocr2()
    try:
        arrays = run_class(chosen, image)
    except ValueError as error:
        raise Refused(str(error)) from error
    from transformers.models.deepseek_ocr2.processing_deepseek_ocr2 import DeepseekOcr2Processor  # noqa: PLC0415

    search = sys.modules[type(chosen).__module__].get_optimal_tiled_canvas
    cut = int(arrays["num_local_patches"][0]) > 0
    grid = search((image.height, image.width), (768, 768), 2, 6) if cut else (1, 1)
    made = SimpleNamespace(image_processor=chosen, patch_size=16, downsample_ratio=4, image_token="<image>")
    text = str(DeepseekOcr2Processor.replace_image_token(made, arrays, 0))
    views = [*split_views(arrays["pixel_values"]), *(split_views(arrays["pixel_values_local"]) if cut else [])]
    return Seen(views, grid, text.count("<image>"), text, arrays)


EDGES = ((384, 384), (383, 385), (1152, 1152), (3456, 384), (20, 240), (1000, 3), (3000, 2))
EDGES_OCR = ((640, 640), (641, 640), (640, 641), (1280, 640), (1024, 1023), (20, 240), (3000, 2), (700, 2))
EDGES_OCR2 = ((768, 768), (769, 768), (768, 769), (1025, 1024), (20, 240), (3000, 5), (700, 9))

PRESETS = {
    "deepseek-vl2": Reference(
        "DeepSeek-VL2's rule with ImageOps.pad and torchvision's transforms", deepseek_vl2, sizes=EDGES, converts=False
    ),
    "deepseek-ocr": Reference(
        "DeepSeek-OCR's rule with ImageOps.pad and torchvision's transforms",
        deepseek_ocr,
        sizes=EDGES_OCR,
        converts=False,
    ),
    "deepseek-ocr-2": Reference(
        "transformers DeepseekOcr2, Pillow", deepseek_ocr2, environments=ONLY_5, transparent_in=ONLY_5, sizes=EDGES_OCR2
    ),
}
