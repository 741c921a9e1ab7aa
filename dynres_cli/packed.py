"""Makes the arrays that a reference processor returns for one picture, as its family states them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dynres_cli.geometry import Plan
from dynres_cli.strategies.packing import MaskArray, Packed, PixelArray

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]


def build(stated: Mapping[str, Packed], views: Sequence[Floats], plan: Plan) -> dict[str, Any]:
    """Every stated array by its name; `views` are normalised (3, height, width) arrays in the plan's order."""
    return {name: _made(array, views, plan) for name, array in stated.items()}


def _made(array: Packed, views: Sequence[Floats], plan: Plan) -> Array | list[Array]:
    if isinstance(array, PixelArray):
        return _pixels(array, views, plan)
    if isinstance(array, MaskArray):
        return _mask(array)
    values = np.asarray(array.values, dtype=array.dtype)
    return values if array.shape is None else np.broadcast_to(values, array.shape).copy()


def _pixels(array: PixelArray, views: Sequence[Floats], plan: Plan) -> Floats | list[Array]:
    chosen = [view for view, planned in zip(views, plan.views, strict=True) if array.role in (None, planned.role)]
    if array.pattern is not None:
        chosen = [rearrange(view, array.pattern, array.lengths) for view in chosen]
    if array.join == "list":
        return list(chosen)
    joined = _joined(chosen, array)
    return joined.reshape((1,) * array.lead + joined.shape)


def _joined(parts: list[Floats], array: PixelArray) -> Floats:
    if array.join != "stack":
        return _padded(np.concatenate(parts, axis=0 if array.join == "first" else -1), array.pad_to)
    # Views of different sizes can be stacked once they are padded alike.
    return _padded(np.stack([_padded(part, array.pad_to[1:]) for part in parts]), array.pad_to)


def _padded(values: Floats, lengths: tuple[int, ...]) -> Floats:
    """Zeros added at the end of each axis that is shorter than its length."""
    missing = [max(0, length - have) for length, have in zip(lengths, values.shape, strict=False)]
    if not any(missing):
        return values
    return np.pad(values, [(0, more) for more in missing] + [(0, 0)] * (values.ndim - len(missing)))


def _mask(array: MaskArray) -> Array:
    planes = np.zeros((len(array.inside), array.plane.height, array.plane.width), array.dtype)
    for plane, box in zip(planes, array.inside, strict=True):
        plane[box.top : box.bottom, box.left : box.right] = 1
    return planes.reshape((1,) * array.lead + planes.shape)


def rearrange(values: Floats, pattern: str, lengths: Mapping[str, int]) -> Floats:
    """The same numbers in another order, as the pattern says; see PixelArray."""
    before, after = (_axes(side) for side in pattern.split("->"))
    known = _solved(before, values.shape, lengths)
    names = [name for group in before for name in group]
    wanted = [name for group in after for name in group]
    parts = values.reshape([known[name] for name in names])
    ordered = parts.transpose([names.index(name) for name in wanted if name in names])
    repeated = [known[name] if name in names else 1 for name in wanted]
    spread = np.broadcast_to(ordered.reshape(repeated), [known[name] for name in wanted])
    return spread.reshape([math.prod(known[name] for name in group) for group in after])


def _axes(side: str) -> list[list[str]]:
    """One side of a pattern as its axes, each a list of the names of its parts."""
    found: list[list[str]] = []
    inside = False
    for word in side.replace("(", " ( ").replace(")", " ) ").split():
        if word in "()":
            inside = word == "("
            found += [[]] if inside else []
        elif inside:
            found[-1].append(word)
        else:
            found.append([word])
    return found


def _solved(axes: list[list[str]], shape: tuple[int, ...], lengths: Mapping[str, int]) -> dict[str, int]:
    """The length of every part; each axis may have one that is not given."""
    known = dict(lengths)
    for group, length in zip(axes, shape, strict=True):
        given = math.prod(known[name] for name in group if name in known)
        for name in group:
            known.setdefault(name, length // given)
    return known
