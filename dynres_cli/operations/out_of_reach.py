"""Files that are listed and cannot be read: what an earlier run made of them is kept, so a run has to know of it."""

from __future__ import annotations

from dataclasses import dataclass

from dynres_cli.errors import FailureCode, Unsound
from dynres_cli.job import Job
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
