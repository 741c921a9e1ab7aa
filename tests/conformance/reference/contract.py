"""What a reference is: a processor that is run on a picture, and what came out of it.

Everything here is NumPy and Pillow; `processors.py` imports torch and transformers when a reference first runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import PIL
from PIL import Image

TRANSFORMERS_5 = "transformers5"
TRANSFORMERS_4 = "transformers4"
BOTH = frozenset({TRANSFORMERS_5, TRANSFORMERS_4})
ONLY_5 = frozenset({TRANSFORMERS_5})
ONLY_4 = frozenset({TRANSFORMERS_4})

Views = list[np.ndarray]


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """The reference has no result for a picture of this size; dynres must then say not_tileable."""


@dataclass(frozen=True)
class Seen:
    """What the reference makes of one picture.

    `views` are float32 (3, h, w) arrays in the model's own order, batch padding removed. `grid` is (columns, rows), or
    None where the reference does not tell. `arrays` is what the processor itself returns for one picture, under its own
    names and with the batch padding it has even for one picture.
    """

    views: Views
    grid: tuple[int, int] | None = None
    tokens: int | None = None
    prompt: str | None = None
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Reference:
    """How one preset's truth is found.

    `source` names what is run, for the matrix. `tolerance` is 0.0 where every bit must agree. `sizes` are (width,
    height) pairs at the family's own edges, tried beside the random ones, whose sides go up to `longest`. `resizer` is
    torch where no Pillow resizes: it always begins with the horizontal pass.

    `converts` is True where the reference itself makes RGB of whatever a file holds; other code is written for what
    `Image.open(path).convert("RGB")` returns. `opaque_in` are the environments that take modes without transparency,
    `transparent_in` those whose way with transparent pixels is followed; transformers' two generations differ.
    """

    source: str
    run: Callable[[Image.Image], Seen]
    environments: frozenset[str] = BOTH
    tolerance: float = 0.0
    sizes: tuple[tuple[int, int], ...] = ()
    longest: int = 2500
    resizer: Literal["pillow", "torch"] = "pillow"
    converts: bool = True
    opaque_in: frozenset[str] = BOTH
    transparent_in: frozenset[str] = ONLY_4
    elsewhere: str = "this transformers has no such class"
    """Why the other environment is not a reference; the matrix prints it."""


def split_views(pixels: np.ndarray) -> Views:
    """The views of an (n, 3, h, w) array."""
    return [np.ascontiguousarray(view, dtype=np.float32) for view in pixels]


def numbered(arrays: Mapping[str, np.ndarray | list[np.ndarray]]) -> dict[str, np.ndarray]:
    """Lists of arrays as arrays of their own, name[0], name[1] and so on."""
    found: dict[str, np.ndarray] = {}
    for name, value in arrays.items():
        found.update(
            {f"{name}[{i}]": part for i, part in enumerate(value)} if isinstance(value, list) else {name: value}
        )
    return found


def pass_order(reference: Reference) -> Literal["pillow12", "pillow13"]:
    """The order of passes of the Pillow that a reference here resizes with; torch's is that of Pillow 12."""
    newer = int(PIL.__version__.split(".")[0]) >= 13
    return "pillow13" if reference.resizer == "pillow" and newer else "pillow12"
