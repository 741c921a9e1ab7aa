"""The bands that pictures are counted in, the same in `stats` and in `report`."""

from __future__ import annotations

from collections.abc import Sequence

Bands = Sequence[tuple[float, str]]
"""The end of each band, which belongs to it, and its name."""

ASPECTS: Bands = (
    (1 / 3, "below 1:3"),
    (1 / 2, "1:3 to 1:2"),
    (3 / 4, "1:2 to 3:4"),
    (4 / 3, "3:4 to 4:3"),
    (2, "4:3 to 2:1"),
    (3, "2:1 to 3:1"),
    (float("inf"), "above 3:1"),
)
"""Of a picture's width over its height."""
ENLARGED: Bands = ((1.5, "up to 1.5x"), (2, "up to 2x"), (4, "up to 4x"), (float("inf"), "above 4x"))
"""Of how many times larger the tiles show a picture than it is."""


def band(value: float, bands: Bands) -> str:
    """The name of the first band whose end the value does not exceed."""
    return next(name for end, name in bands if value <= end)


def names(bands: Bands) -> list[str]:
    """The names of all bands in their order."""
    return [name for _, name in bands]
