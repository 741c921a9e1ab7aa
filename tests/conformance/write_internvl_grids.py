"""Writes tests/golden/internvl_grids.json from InternVL's rule alone: every (min, max) in 1..12 over the same sizes.

python -m tests.conformance.write_internvl_grids
"""

from __future__ import annotations

import itertools
import json
from fractions import Fraction
from pathlib import Path

from tests.conformance.internvl_rule import Shape, nearest, shapes
from tests.conformance.pictures import COMMON_SIZES, random_sizes

FILE = Path(__file__).parents[1] / "golden" / "internvl_grids.json"
SIDE = 448
MOST = 12


def tie_sizes() -> list[tuple[int, int]]:
    """Pictures half way between two shapes of one area, where the order of the candidates decides."""
    found: list[tuple[int, int]] = []
    for n in range(2, MOST + 1):
        ratios = sorted(Fraction(cols, n // cols) for cols in range(1, n + 1) if n % cols == 0)
        for low, high in itertools.pairwise(ratios):
            middle = (low + high) / 2
            found += [(middle.numerator * k, middle.denominator * k) for k in (20, 100)]
    return found


def edge_sizes() -> list[tuple[int, int]]:
    """Pictures just below, at and above half the area of a larger shape of their own ratio."""
    found = []
    for cols, rows in ((1, 1), (2, 1), (1, 2), (3, 1), (1, 3)):
        for k in (2, 3):
            side = SIDE * k / 2**0.5
            found += [(round(cols * (side + more)), round(rows * (side + more))) for more in (-1, 0, 1)]
    return found


def sizes() -> list[tuple[int, int]]:
    """All sizes of the table, each once."""
    extremes = [(1, 1), (1, 5000), (5000, 1), (2, 3), (10000, 10000), (2616, 2616)]
    return list(
        dict.fromkeys(
            [*COMMON_SIZES, *extremes, *tie_sizes(), *edge_sizes(), *itertools.islice(random_sizes("grids", 4000), 250)]
        )
    )


def grids(least: int, most: int, tried: list[tuple[int, int]]) -> list[Shape]:
    """The rule's answer for every size."""
    allowed = shapes(least, most)
    return [nearest(width, height, allowed, SIDE) for width, height in tried]


def main() -> None:
    """Write the table, one (min, max) a line."""
    tried = sizes()
    lines = [
        json.dumps(f"{least}..{most}")
        + ": "
        + json.dumps(" ".join(f"{cols}x{rows}" for cols, rows in grids(least, most, tried)))
        for most in range(1, MOST + 1)
        for least in range(1, most + 1)
    ]
    head = {"rule": "OpenGVLab/InternVL README.md, find_closest_aspect_ratio", "image_size": SIDE}
    named = " ".join(f"{width}x{height}" for width, height in tried)
    body = ",\n  ".join(lines)
    text = f'{json.dumps(head)[:-1]},\n "sizes": {json.dumps(named)},\n "grids": {{\n  {body}\n }}\n}}\n'
    json.loads(text)
    FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
