"""InternVL's choice of a grid, spelled out as in its README's loop; the truth behind tests/golden/internvl_grids.json.

Standard library only. The candidates stand in a set first, so that grids of one area keep the order of its hashes.
"""

from __future__ import annotations

import functools

Shape = tuple[int, int]
"""Columns and rows."""


@functools.cache
def shapes(least: int, most: int) -> tuple[Shape, ...]:
    """Every shape of `least` to `most` tiles, smallest first."""
    found = set()
    for n in range(least, most + 1):
        for cols in range(1, n + 1):
            for rows in range(1, n + 1):
                if least <= cols * rows <= most:
                    found.add((cols, rows))
    return tuple(sorted(found, key=lambda shape: shape[0] * shape[1]))


def nearest(width: int, height: int, allowed: tuple[Shape, ...], side: int) -> Shape:
    """The allowed shape of the nearest ratio; on a tie the later one, if the picture covers half of it."""
    aspect, area = width / height, width * height
    best, least = (1, 1), float("inf")
    for cols, rows in allowed:
        distance = abs(aspect - cols / rows)
        if distance < least:
            best, least = (cols, rows), distance
        elif distance == least and area > 0.5 * side * side * cols * rows:
            best = (cols, rows)
    return best
