"""In which order workers get a run's inputs: large files early, so that no core is idle while another ends the last."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from dynres_cli.items import Item
from dynres_cli.opening import identity

WINDOW = 64
"""Inputs that are looked at ahead: enough that small ones are left for the end, few enough to cost nothing."""


def largest_first(items: Iterable[Item], window: int = WINDOW) -> Iterator[Item]:
    """Every item once: of the next `window` ones always that with the most bytes, of equals the first."""
    ahead: list[tuple[int, int, Item]] = []
    for number, item in enumerate(items):
        heapq.heappush(ahead, (-_bytes(item), number, item))
        if len(ahead) > window:
            yield heapq.heappop(ahead)[2]
    while ahead:
        yield heapq.heappop(ahead)[2]


def _bytes(item: Item) -> int:
    """The file's length; whatever keeps it from being asked for is found, and told, by the worker that opens it."""
    try:
        found = identity(item.path, follow=True)
    except ValueError:
        return 0
    return (found.size if found else None) or 0
