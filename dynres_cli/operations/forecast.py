"""The sum of what is expected of many pictures; sums of parts add up, so workers can count and a parent collect."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from dynres_cli.facts import Facts
from dynres_cli.operations.expecting import Expected, Variant
from dynres_cli.peaks import peak_bytes

SPREAD = 1.35
"""The PNG files of a data set of photographs lie within the estimate over this and the estimate times this."""

# Seconds of one core for a million pixels, on a machine that was ordinary in 2023.
DECODED, MADE, ENCODED, STORED = 0.020, 0.015, 0.030, 0.040
START = 1.0
WORKER_BYTES = 150_000_000
"""What a worker holds beside its picture."""
NEEDS_KEPT = 64


@dataclass(slots=True)
class Forecast:
    """What a run will make of all pictures seen so far."""

    variant: Variant
    planned: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    passed_over: Counter[str] = field(default_factory=Counter)
    """Found but never a candidate, by reason; the same under every variant."""
    tiles: int = 0
    total: int = 0
    tokens: Counter[int] = field(default_factory=Counter)
    """How many pictures cost so many tokens."""
    npy: int = 0
    png: float = 0.0
    png_share: tuple[float, float, float] = (1 / SPREAD, 1.0, SPREAD)
    """What the estimate is to be multiplied by: at least, most likely, at most."""
    grids: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    source_pixels: int = 0
    view_pixels: int = 0
    needs: list[int] = field(default_factory=list)
    """The largest pictures' bytes of memory, largest first."""

    def expect(self, facts: Facts, expected: Expected) -> None:
        """Count one picture."""
        layout = expected.layout
        self.planned += 1
        self.tiles += layout.tiles
        self.total += layout.total
        self.tokens[layout.tokens] += 1
        self.npy += layout.npy
        self.png += expected.png
        self.grids[layout.grid] += 1
        self.flags.update([flag.partition(":")[0] for flag in expected.flags])
        self.source_pixels += facts.width * facts.height
        self.view_pixels += layout.pixels
        need = peak_bytes(facts) + layout.memory
        if len(self.needs) < NEEDS_KEPT or need > self.needs[-1]:
            self.needs = heapq.nlargest(NEEDS_KEPT, [*self.needs, need])

    def add(self, other: Forecast) -> None:
        """Count all that another one has counted."""
        self.planned += other.planned
        self.tiles += other.tiles
        self.total += other.total
        self.npy += other.npy
        self.png += other.png
        self.source_pixels += other.source_pixels
        self.view_pixels += other.view_pixels
        for name in ("failures", "tokens", "grids", "flags"):
            getattr(self, name).update(getattr(other, name))
        self.needs = heapq.nlargest(NEEDS_KEPT, [*self.needs, *other.needs])

    @property
    def failed(self) -> int:
        return self.failures.total()

    @property
    def images(self) -> int:
        """All candidates, those that will fail included."""
        return self.planned + self.failed

    @property
    def all_tokens(self) -> int:
        return sum(tokens * pictures for tokens, pictures in self.tokens.items())

    @property
    def most_tokens(self) -> int:
        """Of the dearest picture."""
        return max(self.tokens, default=0)

    def tokens_at(self, share: float) -> int:
        """The tokens that this share of the pictures does not exceed."""
        wanted, seen = share * self.planned, 0
        for tokens, pictures in sorted(self.tokens.items()):
            seen += pictures
            if seen >= wanted:
                return tokens
        return 0

    def png_bytes(self, which: Literal[0, 1, 2] = 1) -> int:
        """The bytes of all PNG files: 0 at least, 1 most likely, 2 at most."""
        return round(self.png * self.png_share[which])

    def seconds(self, jobs: int) -> float:
        """About how long the run will take with so many workers."""
        writing_png = ENCODED if self.png else 0.0
        storing = STORED if self.npy else 0.0
        made = self.view_pixels * (MADE + writing_png + storing)
        return START + (self.source_pixels * DECODED + made) / 1e6 / jobs if self.planned else 0.0

    def memory(self, jobs: int) -> int:
        """Bytes of memory at most, if the largest pictures are in work at once."""
        return min(jobs, max(self.planned, 1)) * WORKER_BYTES + sum(self.needs[:jobs])
