"""Counting a run's outcomes, so that tiled, skipped and failed always add up to found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from dynres_cli.items import Failed, Tiled

SHOWN_FAILURES = 10
"""How many failures are told one by one; of a storm only the counts."""


@dataclass(slots=True)
class Tally:
    """What a run has done so far; the only mutable state of a run's report."""

    passed_over: Counter[str] = field(default_factory=Counter)
    """Found but never a candidate, by reason: not an image name, a link, a special file."""
    follows_links: bool = False
    """Whether links were followed, so that one that was passed over leads in a circle."""
    tiled: int = 0
    finished_before: int = 0
    failed: int = 0
    repeated: int = 0
    """Failures taken from an earlier run's records; part of `failed`."""
    tiles: int = 0
    total: int = 0
    tokens: int = 0
    bytes_written: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    grids: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    """Seconds of all workers together by stage."""
    seconds: float = 0.0
    first_failures: list[Failed] = field(default_factory=list)

    @property
    def skipped(self) -> int:
        return self.finished_before + self.passed_over.total()

    @property
    def found(self) -> int:
        return self.tiled + self.skipped + self.failed

    @property
    def images_per_second(self) -> float:
        return self.tiled / self.seconds if self.seconds > 0 else 0.0

    def add(self, outcome: Tiled | Failed) -> None:
        """Count one outcome."""
        if isinstance(outcome, Failed):
            self._add_failure(outcome)
        elif outcome.made:
            self._add_tiled(outcome)
        else:
            self.finished_before += 1

    def _add_failure(self, failed: Failed) -> None:
        self.failed += 1
        self.repeated += failed.repeated
        self.failures[failed.code] += 1
        if len(self.first_failures) < SHOWN_FAILURES:
            self.first_failures.append(failed)

    def _add_tiled(self, done: Tiled) -> None:
        self.tiled += 1
        self.tiles += done.tiles
        self.total += done.total
        self.tokens += done.tokens
        self.bytes_written += done.bytes_written
        self.grids[done.grid] += 1
        self.flags.update(flag.partition(":")[0] for flag in done.flags)
        self.stages.update(done.stages)
