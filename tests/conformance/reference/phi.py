"""Phi-3.5-vision by its checkpoint's rule written anew, Phi-4-multimodal through transformers' processor.

Phi-3.5's code comes with the checkpoint (processing_phi3_v.py): Pillow resizes, torchvision pads and normalises, torch
makes the overview; all three are run here. transformers has Phi-4 in torch only.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from PIL import Image

from tests.conformance.reference.contract import Reference, Refused, Seen, split_views
from tests.conformance.reference.internvl import CLIP
from tests.conformance.reference.processors import ready_torch, run_class, torch_class

SIDE, BUDGET = 336, 4
WHITE = (255, 255, 255)


def lying(image: Image.Image) -> Image.Image:
    """A picture at least as wide as high, on its canvas."""
    ratio = image.width / image.height
    cols = max(n for n in range(1, BUDGET + 1) if n * math.ceil(n / ratio) <= BUDGET)
    width, height = SIDE * cols, int(SIDE * cols / ratio)
    if height == 0:
        msg = f"{image.size} leaves no pixel"
        raise Refused(msg)
    from torchvision.transforms import functional  # noqa: PLC0415 - needs ready_torch

    resized = functional.resize(image, [height, width])
    missing = SIDE * math.ceil(height / SIDE) - height
    return functional.pad(resized, [0, missing // 2, 0, missing - missing // 2], fill=list(WHITE))


def phi3(image: Image.Image) -> Seen:
    """The overview that torch makes of the normalised canvas, then the tiles; zeros fill up to five views."""
    ready_torch()
    import torch  # noqa: PLC0415 - see ready_torch
    from torchvision import transforms  # noqa: PLC0415 - needs ready_torch

    turn = image.width < image.height
    canvas = lying(image.transpose(Image.Transpose.TRANSPOSE) if turn else image)
    canvas = canvas.transpose(Image.Transpose.TRANSPOSE) if turn else canvas
    steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize(CLIP["image_mean"], CLIP["image_std"])])
    values = steps(canvas)
    overview = torch.nn.functional.interpolate(values[None], size=(SIDE, SIDE), mode="bicubic")
    cols, rows = canvas.width // SIDE, canvas.height // SIDE
    cut = values.reshape(3, rows, SIDE, cols, SIDE).permute(1, 3, 0, 2, 4).reshape(-1, 3, SIDE, SIDE)
    pixels = torch.cat([overview, cut]).numpy()
    tokens = (rows * cols + 1) * 144 + 1 + (rows + 1) * 12
    filled = np.zeros((1, BUDGET + 1, 3, SIDE, SIDE), np.float32)
    filled[0, : len(pixels)] = pixels
    arrays = {
        "pixel_values": filled,
        "image_sizes": np.array([[canvas.height, canvas.width]]),
        "num_img_tokens": np.array([tokens]),
    }
    return Seen(split_views(pixels), (cols, rows), tokens, None, arrays)


@functools.cache
def processor() -> Any:  # noqa: ANN401 - a transformers class
    """The torch class with its defaults, which are the checkpoint's."""
    return torch_class("phi4_multimodal", "Phi4Multimodal")()


def phi4(image: Image.Image) -> Seen:
    """The processor as it is, with everything that it returns."""
    try:
        arrays = run_class(processor(), image)
    except ValueError as error:
        raise Refused(str(error)) from error
    height, width = arrays["image_sizes"][0]
    tokens = int(arrays["num_img_tokens"][0])
    views = split_views(arrays["image_pixel_values"][0])
    return Seen(views, (int(width) // 448, int(height) // 448), tokens, "<|endoftext10|>" * tokens, arrays)


EDGES3 = ((336, 336), (337, 336), (336, 337), (672, 335), (900, 300), (20, 240), (240, 20), (1000, 5), (3000, 2))
EDGES4 = ((448, 448), (449, 448), (2688, 2688), (2689, 2688), (20, 240), (5, 400), (9, 900), (4000, 330), (435, 448))

PRESETS = {
    "phi-3.5-vision": Reference(
        "Phi-3.5's rule with Pillow, torchvision and torch", phi3, tolerance=1e-5, converts=False, sizes=EDGES3
    ),
    "phi-4-multimodal": Reference(
        "transformers Phi4Multimodal, torch", phi4, tolerance=0.03, sizes=EDGES4, longest=1600, resizer="torch"
    ),
}
