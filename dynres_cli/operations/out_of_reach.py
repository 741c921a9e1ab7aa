"""Files that are listed and cannot be read: what an earlier run made of them is kept, so a run has to know of it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dynres_cli.errors import FailureCode, Unsound
from dynres_cli.items import Item, frame_key
from dynres_cli.job import Job
from dynres_cli.leftovers import frame_numbers
from dynres_cli.manifest import Record, parse_record
from dynres_cli.operations.shards.catalogue import Catalogue
from dynres_cli.resume import earlier

OUT_OF_REACH: frozenset[FailureCode] = frozenset({"vanished", "unreadable"})
"""Failures that say nothing of what the file holds."""


@dataclass(slots=True)
class Before:
    """The records of an earlier run by key; those of shards are looked up together when the first is asked for."""

    job: Job
    _catalogue: Catalogue | None = None

    def record(self, key: str) -> Record | None:
        """The record that was committed for a key; None where there is none that can be read."""
        if self.job.layout is None:
            found = earlier(self.job.out, key)
            return found.record if found else None
        if self._catalogue is None:
            self._catalogue = Catalogue(self.job.out, self.job.layout.name)
        try:
            return parse_record(self._catalogue.find(key)[1], key)
        except Unsound:
            return None

    def frames(self, key: str, most: int) -> int:
        """How many pictures were made of a file, 0 where it held but one; in shards the first `most` are looked for."""
        if self.record(key) is not None:
            return 0
        # A folder says little: those of frames that a file has no longer stay, and are empty.
        numbers = frame_numbers(key, self.job.writer) if self.job.layout is None else range(most)
        made = (number for number in reversed(numbers) if self.record(frame_key(key, number)) is not None)
        return next(made, -1) + 1


def recounted(files: Iterable[Item], counts: Sequence[int], job: Job, most: int) -> Sequence[int]:
    """How many pictures each file holds; for one that is out of reach, 0 so far, how many an earlier run made of it."""
    if 0 not in counts:
        return counts
    before = Before(job)
    return array("L", (count or before.frames(item.key, most) for item, count in zip(files, counts, strict=True)))
