"""`dynres stats`: what an output holds in numbers, from its manifest alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from dynres_cli.manifest import FailedRecord, Record, TiledRecord, exact_key_of_file
from dynres_cli.operations.bands import ASPECTS, ENLARGED, Bands, band

SCALES: Bands = ((1.05, "not enlarged"), *ENLARGED)


@dataclass(slots=True)
class Statistics:
    """Sums and histograms; how many pictures fall into each class, by its name."""

    tiled: int = 0
    failed: int = 0
    tiles: int = 0
    total: int = 0
    source_pixels: int = 0
    tokens: Counter[int] = field(default_factory=Counter)
    grids: Counter[str] = field(default_factory=Counter)
    aspects: Counter[str] = field(default_factory=Counter)
    scales: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    """By kind of file; `source` is what was read, a file of several pictures once."""
    last_file: str = ""
    """Whose pictures were counted last; those of one file follow each other."""

    @property
    def images(self) -> int:
        return self.tiled + self.failed

    @property
    def all_tokens(self) -> int:
        return sum(tokens * pictures for tokens, pictures in self.tokens.items())

    def tokens_at(self, share: float) -> int:
        """The tokens that this share of the pictures does not exceed."""
        seen = 0
        for tokens, pictures in sorted(self.tokens.items()):
            seen += pictures
            if seen >= share * self.tiled:
                return tokens
        return 0

    def add(self, record: Record) -> None:
        """Count one picture."""
        if isinstance(record, FailedRecord):
            self.failed += 1
            self.failures[record.code] += 1
            return
        self.tiled += 1
        self.tiles += record.tiles
        self.total += record.total
        self.source_pixels += record.width * record.height
        self.tokens[record.tokens] += 1
        self.grids[str(record.grid)] += 1
        self.aspects[band(record.width / record.height, ASPECTS)] += 1
        self.scales[band(enlargement(record), SCALES)] += 1
        self.flags.update(flag.partition(":")[0] for flag in record.flags)
        self.formats[record.format] += 1
        file = exact_key_of_file(record)
        self.bytes["source"] += 0 if file == self.last_file else record.bytes
        self.last_file = file
        for entry in record.files:
            self.bytes[entry.kind] += entry.bytes


def enlargement(record: TiledRecord) -> float:
    """How much larger the tiles show the picture than it is, as its flag says; 1.0 without one."""
    for flag in record.flags:
        name, _, factor = flag.partition(":")
        if name == "upscaled":
            return float(factor.removesuffix("x"))
    return 1.0


def statistics_of(records: Iterable[Record]) -> Statistics:
    """All of them together."""
    found = Statistics()
    for record in records:
        found.add(record)
    return found
