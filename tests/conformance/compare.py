"""Lays what dynres made of a picture beside what the reference made of it, and names every difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tests.conformance.reference.contract import Seen

KINDS = ("refusal", "views", "grid", "values", "tokens", "prompt", "arrays")
"""What can differ, in the order in which it is looked at."""


@dataclass
class Difference:
    """What differs for one picture (sentences by kind), and the largest difference between any two values."""

    found: dict[str, str] = field(default_factory=dict)
    largest: float = 0.0


def compare(theirs: Seen, ours: Seen, tolerance: float) -> Difference:
    """Every difference between two sights of one picture. What the reference does not tell (None) is not compared."""
    difference = Difference()
    for kind in ("grid", "tokens", "prompt"):
        expected, got = getattr(theirs, kind), getattr(ours, kind)
        if expected is not None and expected != got:
            difference.found[kind] = f"{_short(got)} for {_short(expected)}"
    shapes = [view.shape for view in theirs.views], [view.shape for view in ours.views]
    if shapes[0] != shapes[1]:
        difference.found["views"] = f"{_short(shapes[1])} for {_short(shapes[0])}"
    else:
        _compare_values(theirs, ours, tolerance, difference)
    wrong = list(_array_differences(theirs, ours, tolerance))
    if wrong:
        difference.found["arrays"] = "; ".join(wrong)
    return difference


def _compare_values(theirs: Seen, ours: Seen, tolerance: float, difference: Difference) -> None:
    """Values of views of equal shapes: to the bit, or within the tolerance."""
    for index, (expected, got) in enumerate(zip(theirs.views, ours.views, strict=True)):
        distance = _distance(expected, got)
        difference.largest = max(difference.largest, distance)
        if not _agree(expected, got, tolerance):
            difference.found.setdefault("values", f"view {index} differs by up to {distance:.3g}")


def _array_differences(theirs: Seen, ours: Seen, tolerance: float) -> Iterator[str]:
    """What is wrong with the packed arrays, one sentence an array."""
    for name in sorted({*theirs.arrays, *ours.arrays}):
        if name not in theirs.arrays or name not in ours.arrays:
            yield f"{name} is only {'ours' if name in ours.arrays else 'theirs'}"
            continue
        expected, got = theirs.arrays[name], ours.arrays[name]
        if (expected.shape, expected.dtype) != (got.shape, got.dtype):
            yield f"{name} is {got.dtype}{list(got.shape)} for {expected.dtype}{list(expected.shape)}"
        elif not _agree(expected, got, tolerance if expected.dtype.kind == "f" else 0.0):
            yield f"{name} differs by up to {_distance(expected, got):.3g}"


def _agree(expected: np.ndarray, got: np.ndarray, tolerance: float) -> bool:
    if tolerance == 0.0:
        return expected.dtype == got.dtype and bool((expected == got).all())
    return _distance(expected, got) <= tolerance


def _distance(expected: np.ndarray, got: np.ndarray) -> float:
    if expected.size == 0 or np.array_equal(expected, got):
        return 0.0
    return float(np.max(np.abs(expected.astype(np.float64) - got.astype(np.float64))))


def _short(value: object, most: int = 90) -> str:
    text = repr(value)
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 :]}"
