"""H2OVL's multi-scale adaptive cropping, derived anew with Pillow from what its authors' code does (vLLM's h2ovl.py).

Its own repository is a checkpoint's and cannot be installed.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.conformance.internvl_rule import Shape, nearest, shapes
from tests.conformance.reference.contract import Reference, Seen

SIDE = 448
MOST = 6
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


def cut(image: Image.Image, shape: Shape) -> list[Image.Image]:
    """The picture stretched over a shape, in tiles row by row, and squashed to one tile if there is more than one."""
    cols, rows = shape
    stretched = image.resize((SIDE * cols, SIDE * rows))
    corners = [(SIDE * col, SIDE * row) for row in range(rows) for col in range(cols)]
    tiles = [stretched.crop((left, top, left + SIDE, top + SIDE)) for left, top in corners]
    return tiles if len(tiles) == 1 else [*tiles, image.resize((SIDE, SIDE))]


def tensor(image: Image.Image) -> np.ndarray:
    """ToTensor and Normalize."""
    return ((np.asarray(image, np.float32) / np.float32(255) - MEAN) / STD).transpose(2, 0, 1)


def h2ovl(image: Image.Image) -> Seen:
    """Both passes without their last views, then the last view of the second."""
    first = nearest(image.width, image.height, shapes(1, MOST), SIDE)
    rest = tuple(shape for shape in shapes(3, MOST) if first[0] % shape[0] and first[1] % shape[1])
    second = nearest(image.width, image.height, rest, SIDE)
    one, two = cut(image, first), cut(image, second)
    views = [np.ascontiguousarray(tensor(view)) for view in (*two[:-1], *one[:-1], two[-1])]
    tokens = 256 * len(views)
    arrays = {"pixel_values": np.stack(views), "num_patches": np.array([len(views)])}
    return Seen(views, None, tokens, f"<img>{'<IMG_CONTEXT>' * tokens}</img>", arrays)


EDGES = ((448, 448), (447, 449), (500, 200), (1300, 500), (634, 633), (776, 776), (20, 240), (600, 100))

PRESETS = {"h2ovl": Reference("derived anew with Pillow", h2ovl, sizes=EDGES, converts=False)}
