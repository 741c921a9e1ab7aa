"""Resizes a picture exactly as Pillow does, with its two passes in a chosen order, under any Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from dynres_cli.arena import Arena
from dynres_cli.geometry import Box, Filter, Size
from dynres_cli.interpolate import TorchFilter

Order = Literal["pillow12", "pillow13"]
Kernel = Literal["numba", "pillow"]
Axis = Literal["horizontal", "vertical"]
Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
PillowFilter = Literal["bicubic", "bilinear", "lanczos"]

PILLOW_FILTERS: dict[PillowFilter, Image.Resampling] = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
}

REACH: dict[Filter, float] = {"bicubic": 2.0, "bilinear": 1.0, "lanczos": 3.0}
"""How far Pillow's filters reach to either side, in pixels of the smaller of both pictures."""


@dataclass(frozen=True, slots=True)
class Resize:
    """A size that a picture is resized to, by which filter, and which pass comes first."""

    size: Size
    kind: PillowFilter
    first: Axis


def size_of(pixels: npt.NDArray[Any]) -> Size:
    """The size of an array of rows."""
    return Size(width=pixels.shape[1], height=pixels.shape[0])


def first_pass(source: Size, target: Size, order: Order, axis: Axis = "horizontal") -> Axis:
    """Which axis is resampled first when both need it.

    `axis` is where a reference begins: vertical if it resizes the picture mirrored on its diagonal, and the rule of
    Pillow 13 then speaks about that mirrored picture.
    """
    if axis == "vertical":
        source, target = source.transposed, target.transposed
    lost_rows, lost_columns = source.height - target.height, source.width - target.width
    # Pillow 13 begins with the rows where that throws away much more than beginning with the columns would.
    turned = order == "pillow13" and lost_rows > 0 and lost_rows > 2 * lost_columns
    return "vertical" if turned != (axis == "vertical") else "horizontal"


def resize(pixels: Pixels, target: Size, kind: PillowFilter, first: Axis) -> Pixels:
    """The picture at another size by Pillow's own code, one axis at a time.

    One call for both axes would take the order of the installed Pillow: 13 has the rule of `first_pass`, and 12.3
    begins with the rows of pictures more than a hundred times as high as wide. Two calls cost no more.
    """
    if size_of(pixels) == target:
        return pixels
    image, method = Image.fromarray(pixels), PILLOW_FILTERS[kind]
    halfway = (target.width, image.height) if first == "horizontal" else (image.width, target.height)
    return np.asarray(image.resize(halfway, method).resize((target.width, target.height), method))


def resize_all(pixels: Pixels, box: Box, wanted: Sequence[Resize], _arena: Arena | None = None) -> list[Pixels]:
    """A box of a picture at several sizes; Pillow allocates for itself."""
    cut = np.ascontiguousarray(pixels[box.top : box.bottom, box.left : box.right])
    return [resize(cut, each.size, each.kind, each.first) for each in wanted]


def is_torch(kind: Filter) -> bool:
    """Whether a filter works on floats, as torch does."""
    return kind in get_args(TorchFilter)
