"""What the head of a manifest says of all its images, counted from their records."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

from dynres_cli.manifest import FailedRecord, Record, Run, parse_record


@dataclass(slots=True)
class Counts:
    """How many images were tiled and failed, and what the tiled ones come to; `failures` is by code."""

    tiled: int = 0
    failed: int = 0
    tiles: int = 0
    total: int = 0
    tokens: int = 0
    failures: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, run: Run) -> Counts:
        """What a head says."""
        return cls(run.tiled, run.failed, run.tiles, run.total, run.tokens, Counter(run.failures))

    def add_line(self, text: bytes, where: str) -> None:
        """Count one record as it was committed: our own words, which need no checking before they are counted."""
        try:
            own = json.loads(text)
            if own["status"] == "tiled":
                self._add_tiled(int(own["tiles"]), int(own["total"]), int(own["tokens"]))
                return
        except (ValueError, LookupError, TypeError):
            pass  # somebody has written to it since; what is wrong with it is told below
        self.add(parse_record(text, where))

    def add(self, record: Record) -> None:
        """Count one record."""
        if isinstance(record, FailedRecord):
            self.failed += 1
            self.failures[record.code] += 1
            return
        self._add_tiled(record.tiles, record.total, record.tokens)

    def _add_tiled(self, tiles: int, total: int, tokens: int) -> None:
        self.tiled += 1
        self.tiles += tiles
        self.total += total
        self.tokens += tokens
