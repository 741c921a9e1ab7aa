"""LFM2-VL through transformers' own processor, which exists for torch alone."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from PIL import Image

from tests.conformance.reference.contract import Reference, Seen, Views
from tests.conformance.reference.processors import run_class, torch_class, transformers_major

PATCH = 16


@functools.cache
def processor() -> Any:  # noqa: ANN401 - a transformers class
    """The processor with its own defaults: tiles of 512 pixels, 2 to 10, 64 to 256 tokens in one piece.

    Version 4 leaves other modes as they are unless it is told otherwise.
    """
    return torch_class("lfm2_vl", "Lfm2Vl")(do_convert_rgb=True)


def text_of(rows: int, cols: int, size: list[int]) -> str:
    """The text of its own processor without a tokenizer, which its text rule does not use."""
    from transformers.models.lfm2_vl.processing_lfm2_vl import Lfm2VlProcessor  # noqa: PLC0415

    made = Lfm2VlProcessor.__new__(Lfm2VlProcessor)
    made.image_processor, made.image_token, made.image_thumbnail_token = processor(), "<image>", "<|img_thumbnail|>"
    made.image_start_token, made.image_end_token = "<|image_start|>", "<|image_end|>"
    found = {"image_rows": [rows], "image_cols": [cols], "image_sizes": [size]}
    return str(made.replace_image_token(found, 0, use_image_special_tokens=True))


def unpatched(arrays: dict[str, np.ndarray]) -> Views:
    """Every view put together again from the patches that are not padding."""
    views = []
    for patches, (high, wide) in zip(arrays["pixel_values"], arrays["spatial_shapes"], strict=True):
        cells = patches[: high * wide].reshape(high, wide, PATCH, PATCH, 3)
        views.append(np.ascontiguousarray(cells.transpose(4, 0, 2, 1, 3).reshape(3, high * PATCH, wide * PATCH)))
    return views


def lfm2_vl(image: Image.Image) -> Seen:
    """Every view, the grid, and the text, each of whose pieces is one token."""
    arrays = run_class(processor(), image, return_row_col_info=True)
    rows, cols = (int(arrays.pop(name)[0]) for name in ("image_rows", "image_cols"))
    size = [int(side) for side in arrays.pop("image_sizes")[0]]
    if transformers_major() == 4:
        # Its text rule cannot be run without a tokenizer, and it exchanges the names of rows and columns.
        return Seen(unpatched(arrays), (rows, cols), arrays=arrays)
    text = text_of(rows, cols, size)
    return Seen(unpatched(arrays), (cols, rows), text.count("<"), text, arrays)


EDGES = ((512, 512), (720, 720), (724, 724), (1000, 500), (20, 700), (700, 20), (1024, 512), (1023, 512), (16, 48))

PRESETS = {
    "lfm2-vl": Reference(
        "transformers Lfm2Vl, torch; Lfm2VlProcessor",
        lfm2_vl,
        tolerance=0.016,
        sizes=EDGES,
        resizer="torch",
    )
}
