"""The pictures of animated and many-paged files as items of their own, counted by workers from the files' headers."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from dynres_cli import probe
from dynres_cli.engines.contract import Admit, Outcome, Work
from dynres_cli.errors import ImageError
from dynres_cli.facts import FileLimits
from dynres_cli.items import Done, Item
from dynres_cli.keys import to_bytes
from dynres_cli.operations.batching import Batch, in_batches
from dynres_cli.operations.out_of_reach import OUT_OF_REACH
from dynres_cli.picture import prepare_worker


def every_frame(files: Iterable[Item], counts: Iterable[int], most: int) -> Iterator[Item]:
    """The files in key order with each picture of those that hold several in the place of the file, in key order.

    A file with more pictures than `most` stays one item, which will be refused.
    """
    # `a.gif/frame_00000` comes behind `a.gif.png`, although `a.gif` comes before it.
    waiting: list[tuple[bytes, Item]] = []
    for item, count in zip(files, counts, strict=True):
        while waiting and waiting[0][0] < to_bytes(item.key):
            yield heapq.heappop(waiting)[1]
        if not 1 < count <= most:
            yield item
            continue
        for number in range(count):
            each = item.at_frame(number)
            heapq.heappush(waiting, (to_bytes(each.key), each))
    while waiting:
        yield heapq.heappop(waiting)[1]


@dataclass(frozen=True, slots=True)
class Counted(Done):
    """How many pictures each file of a batch holds."""

    frames: tuple[int, ...]


Run = Callable[[Work, Iterable[Item]], Iterable[Outcome]]
"""An engine with its limits, waiting for work and items."""


def frame_counts(files: Iterable[Item], number: int, asked: FileLimits, run: Run) -> Sequence[int]:
    """How many pictures each of the `number` files holds; 0 for one that is out of reach.

    It is 1 where a header is no good, which the run will say.
    """
    counts = array("L", [1]) * number
    for batch, outcome in in_batches(partial(run, partial(_count, asked)), files):
        if isinstance(outcome, Counted):
            counts[batch.number : batch.number + len(batch.items)] = array("L", outcome.frames)
    return counts


def _count(asked: FileLimits, item: Item, _admit: Admit) -> Counted:
    prepare_worker()
    items = item.items if isinstance(item, Batch) else (item,)
    return Counted(item.key, tuple(_frames(each, asked) for each in items))


def _frames(item: Item, asked: FileLimits) -> int:
    try:
        return probe.probe(item.path, asked, follow=item.explicit).frames
    except ImageError as error:
        return 0 if error.code in OUT_OF_REACH else 1
