"""Headers by the batch: one takes less time than handing it to a worker, so an engine's item stands for many here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from dynres_cli.engines.contract import Outcome
from dynres_cli.items import Failed, Item

SMALLEST, LARGEST = 16, 256
"""Pictures in a batch: few at first, so that a short list is shared by all workers."""


@dataclass(frozen=True, slots=True)
class Batch(Item):
    """Several items in the place of one; its key is that of its first, which is the `number`th of all from 0."""

    items: tuple[Item, ...] = ()
    number: int = 0


Run = Callable[[Iterable[Item]], Iterable[Outcome]]
"""An engine with its work, waiting for batches."""


def in_batches(run: Run, items: Iterable[Item]) -> Iterator[tuple[Batch, Outcome]]:
    """Every batch with what became of it.

    Where a batch failed, because its worker died or was stopped, one of its pictures is to blame: each is tried alone.
    """
    lost: list[Batch] = []
    for done, outcome in _through(run, batches(items)):
        if isinstance(outcome, Failed) and len(done.items) > 1:
            lost.append(done)
        else:
            yield done, outcome
    yield from _through(run, (_batch((item,), each.number + at) for each in lost for at, item in enumerate(each.items)))


def _through(run: Run, dealt: Iterable[Batch]) -> Iterator[tuple[Batch, Outcome]]:
    in_work: dict[str, Batch] = {}

    def taken() -> Iterator[Item]:
        for each in dealt:
            in_work[each.key] = each
            yield each

    for outcome in run(taken()):
        yield in_work.pop(outcome.key), outcome


def batches(items: Iterable[Item]) -> Iterator[Batch]:
    """Items in their order, in batches that grow."""
    size, number, rest = SMALLEST, 0, iter(items)
    while several := tuple(islice(rest, size)):
        yield _batch(several, number)
        size, number = min(2 * size, LARGEST), number + len(several)


def _batch(several: tuple[Item, ...], number: int) -> Batch:
    """Several items as one."""
    first = several[0]
    return Batch(first.key, first.source, first.path, first.explicit, items=several, number=number)
