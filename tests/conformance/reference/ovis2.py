"""Ovis2 by its original code's rule written anew, and Ovis2 through transformers' own processor.

The original is AIDC-AI/Ovis, ovis/vllm/processing_ovis.py, also in vLLM. Each crop goes through transformers' CLIP
processor, as there, and is then laid into a square of zeros.
"""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from tests.conformance.reference.contract import Reference, Refused, Seen, split_views
from tests.conformance.reference.internvl import CLIP
from tests.conformance.reference.processors import pillow_class, run_class, transformers_major

SIDE, MOST, ENOUGH = 448, 9, 0.9
Edges = tuple[int, int, int, int]


def parts(width: int, height: int, rows: int, cols: int) -> list[Edges]:
    """Crops of equal whole sizes; the last of each row and column takes the rest."""
    xs = [col * (width // cols) for col in range(cols)]
    ys = [row * (height // rows) for row in range(rows)]
    return [
        (xs[c], ys[r], width if c + 1 == cols else xs[c + 1], height if r + 1 == rows else ys[r + 1])
        for r in range(rows)
        for c in range(cols)
    ]


def kept(edges: Edges) -> float:
    """Pixels of a crop once its longer side is at most 448."""
    long, short = sorted((edges[2] - edges[0], edges[3] - edges[1]), reverse=True)
    if long > SIDE:
        long, short = SIDE, short / long * SIDE
    return long * short


def search(width: int, height: int) -> tuple[int, int]:
    """Rows and columns: the fewest crops that keep enough, else those that keep most."""
    shares = {
        (rows, cols): sum(kept(part) for part in parts(width, height, rows, cols)) / (width * height)
        for rows in range(1, MOST + 1)
        for cols in range(1, MOST + 1)
        if rows * cols <= MOST
    }
    good = {grid: share for grid, share in shares.items() if share > ENOUGH}
    if good:
        return min(good, key=lambda grid: (grid[0] * grid[1], -good[grid]))
    return min(shares, key=lambda grid: (-shares[grid], grid[0] * grid[1]))


@functools.cache
def clip_processor() -> Any:  # noqa: ANN401 - a transformers class
    """What the original resizes and normalises with."""
    return pillow_class("clip", "CLIP")(do_center_crop=False, **CLIP)


def squared(image: Image.Image) -> np.ndarray:
    """The longer side at 448, in the middle of zeros."""
    width = height = SIDE
    if image.width > image.height:
        height = int(image.height / image.width * SIDE)
    elif image.width < image.height:
        width = int(image.width / image.height * SIDE)
    if min(width, height) == 0:
        msg = f"{image.size} leaves no pixel"
        raise Refused(msg)
    values = run_class(clip_processor(), image, size={"height": height, "width": width})["pixel_values"][0]
    square = np.zeros((3, SIDE, SIDE), np.float32)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    square[:, top : top + height, left : left + width] = values
    return square


def ovis2(image: Image.Image) -> Seen:
    """The whole picture and then its crops, or the whole picture alone."""
    rows, cols = search(*image.size)
    crops = [image.crop(edges) for edges in parts(*image.size, rows, cols)]
    views = [squared(each) for each in ([image, *crops] if len(crops) > 1 else crops)]
    arrays = {"pixel_values": np.stack(views), "grids": np.array([[rows, cols]])}
    return Seen(views, (cols, rows), 256 * len(views), written(rows, cols), arrays)


def written(rows: int, cols: int) -> str:
    """The original's marks, by the names that transformers gives them."""
    atom = "<IMG_ATOM>" * 256
    crops = "<IMG_ROW>".join(["<IMG_COL>".join([atom] * cols)] * rows) if rows * cols > 1 else ""
    return f"<IMG_START>{atom}<IMG_GRID>{crops}<IMG_END>"


@functools.cache
def processor() -> Any:  # noqa: ANN401 - a transformers class
    """The Pillow class with Ovis2's settings."""
    size = {"height": SIDE, "width": SIDE}
    return pillow_class("ovis2", "Ovis2")(crop_to_patches=True, max_patches=MOST, size=size, **CLIP)


def ovis2_hf(image: Image.Image) -> Seen:
    """The processor as it is; its text rule needs no tokenizer."""
    arrays = run_class(processor(), image)
    rows, cols = (int(number) for number in arrays["grids"][0])
    views = split_views(arrays["pixel_values"])
    return Seen(views, (cols, rows), 256 * len(views), text_hf(rows, cols), arrays)


def text_hf(rows: int, cols: int) -> str:
    """The placeholder by the processor's own rule, which needs no tokenizer."""
    from transformers.models.ovis2.processing_ovis2 import Ovis2Processor  # noqa: PLC0415

    if transformers_major() == 4:
        made = SimpleNamespace(image_seq_length=256, image_token="<image>")
        texts = Ovis2Processor._expand_image_tokens(made, ["<image>"], [[rows, cols]])  # noqa: SLF001 - the same
        return str(texts[0])
    made = SimpleNamespace(image_seq_length=256)
    return str(Ovis2Processor.replace_image_token(made, {"grids": [np.array([rows, cols])]}, 0))


EDGES = ((448, 448), (449, 448), (447, 449), (896, 448), (900, 450), (1344, 1344), (20, 240), (1800, 900), (3000, 5))

PRESETS = {
    "ovis2": Reference("Ovis2's rule with transformers' CLIP processor, Pillow", ovis2, sizes=EDGES, converts=False),
    "ovis2-hf": Reference("transformers Ovis2, Pillow", ovis2_hf, sizes=EDGES),
}
