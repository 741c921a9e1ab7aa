"""A stream of Items put back into key order where keys had to be changed, without ever holding all of it."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from dynres_cli.items import Item
from dynres_cli.keys import to_bytes


def in_key_order(items: Iterable[Item]) -> Iterator[Item]:
    """Items that come in the order of their sources, in the order of their keys.

    A key differs from its source only by a suffix on one name, so it moves back, never forward: a changed one waits
    until its turn has come.
    """
    waiting: list[tuple[bytes, int, Item]] = []
    for number, item in enumerate(items):
        place = to_bytes(item.key)
        while waiting and waiting[0][0] < place:
            yield heapq.heappop(waiting)[2]
        if item.key == item.source:
            yield item
        else:
            heapq.heappush(waiting, (place, number, item))
    while waiting:
        yield heapq.heappop(waiting)[2]
