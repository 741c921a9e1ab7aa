"""Molmo2 through transformers' own processor, which exists for torch and version 5 alone."""

from __future__ import annotations

import functools
import sys
from typing import Any

import numpy as np
from PIL import Image

from tests.conformance.reference.contract import ONLY_5, Reference, Seen, Views
from tests.conformance.reference.processors import run_class, torch_class

SIDE, PATCH = 378, 14


@functools.cache
def processor() -> Any:  # noqa: ANN401 - a transformers class
    """The processor with its own defaults: crops of 378 pixels, at most 8."""
    return torch_class("molmo2", "Molmo2")()


def text_of(grids: np.ndarray) -> str:
    """The text of its own processor without a tokenizer, which its text rule does not use."""
    from transformers.models.molmo2.processing_molmo2 import Molmo2Processor  # noqa: PLC0415

    made = Molmo2Processor.__new__(Molmo2Processor)
    made.image_use_col_tokens, made.use_single_crop_col_tokens, made.use_single_crop_start_token = True, None, True
    return str(made.replace_image_token({"image_grids": grids.tolist()}, 0))


def unpatched(patches: np.ndarray) -> Views:
    """Every view put together again from its patches."""
    along = SIDE // PATCH
    cells = patches.reshape(-1, along, along, PATCH, PATCH, 3).transpose(0, 5, 1, 3, 2, 4)
    return list(np.ascontiguousarray(cells.reshape(-1, 3, SIDE, SIDE)))


def molmo2(image: Image.Image) -> Seen:
    """The whole picture and every crop; every piece of the text is one token."""
    chosen = processor()
    geometry = sys.modules[type(chosen).__module__].compute_crop_geometry
    rows, cols, *_ = geometry(image.height, image.width, 8, [4, 4], SIDE, PATCH)
    arrays = run_class(chosen, image)
    text = text_of(arrays["image_grids"])
    return Seen(unpatched(arrays["pixel_values"]), (cols, rows), text.count("<"), text, arrays)


EDGES = ((378, 378), (112, 112), (112, 1000), (111, 1000), (644, 644), (645, 644), (2240, 378), (10, 2000))

PRESETS = {
    "molmo2": Reference(
        "transformers Molmo2, torch; Molmo2Processor",
        molmo2,
        environments=ONLY_5,
        transparent_in=ONLY_5,
        tolerance=0.008,
        sizes=EDGES,
        resizer="torch",
    )
}
