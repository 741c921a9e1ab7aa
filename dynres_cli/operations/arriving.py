"""The items of a run on their way to an engine: as they are listed, or, where they come from afar, as they arrive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dynres_cli.items import Item
from dynres_cli.job import Job

HERE = frozenset({"processes", "serial"})
"""Engines whose workers see this machine's disk; others fetch for themselves."""


@dataclass(slots=True)
class Feed:
    """Items as an engine takes them; whoever has an outcome lets go of what was kept for it by `release`."""

    items: Iterable[Item]

    def __iter__(self) -> Iterator[Item | None]:
        yield from self.items

    def release(self, key: str) -> None:
        """The picture of this key is done."""


@contextmanager
def arriving(items: Iterable[Item], job: Job, jobs: int, *, far: bool) -> Iterator[Feed]:
    """The items for an engine; `far` says that some may be worth fetching ahead."""
    if not far:
        yield Feed(items)
        return
    from dynres_cli.operations.fetched import fetching  # noqa: PLC0415 - plain files do without

    with fetching(items, job, jobs) as feed:
        yield feed
