"""How a golden case is written down: what both the writer and the everyday test compute from what was seen."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from tests.conformance.reference.contract import Seen

SAMPLES = 16
"""How many values along a view's height and width are kept where hashes cannot be."""

Case = dict[str, Any]


def digest(array: np.ndarray) -> str:
    """The sha256 of an array's bytes."""
    return hashlib.sha256(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data).hexdigest()


def picture_digest(image: Image.Image) -> str:
    """The sha256 of a picture's RGB levels."""
    return digest(np.asarray(image))


def folded(prompt: str | None) -> str | None:
    """Placeholder text with every run of one tag written as <tag>*count."""
    if prompt is None:
        return None
    return re.sub(r"(<[^<>]*>)\1+", lambda run: f"{run[1]}*{len(run[0]) // len(run[1])}", prompt)


def described(seen: Seen, *, exact: bool) -> Case:
    """What was seen of one picture, small enough to keep: hashes where every bit must agree, else a few values."""
    return {
        "grid": None if seen.grid is None else list(seen.grid),
        "tokens": seen.tokens,
        "prompt": folded(seen.prompt),
        "views": [_view(view, exact=exact) for view in seen.views],
        "arrays": _arrays(seen.arrays, exact=exact),
    }


def _view(view: np.ndarray, *, exact: bool) -> Case:
    known: Case = {"shape": list(view.shape)}
    return known | ({"sha256": digest(view)} if exact else {"values": sampled(view)})


def _arrays(arrays: Mapping[str, np.ndarray], *, exact: bool) -> dict[str, Case]:
    """Whole numbers are always hashed; floats only where every bit must agree."""
    found = {}
    for name, array in sorted(arrays.items()):
        known: Case = {"shape": list(array.shape), "dtype": str(array.dtype)}
        found[name] = known | ({"sha256": digest(array)} if exact or array.dtype.kind != "f" else {})
    return found


def sampled(view: np.ndarray) -> list[float]:
    """A few values of each channel, spread over the view."""
    rows, cols = (np.linspace(0, side - 1, min(side, SAMPLES // 4)).astype(int) for side in view.shape[1:])
    return [round(float(value), 5) for value in view[:, rows][:, :, cols].ravel()]
