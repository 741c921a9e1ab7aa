"""How all pictures of an output are spread: over grids, aspect ratios, scales, tokens and failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dynres_cli.errors import Unsound
from dynres_cli.fitting import scales
from dynres_cli.manifest import Record, TiledRecord
from dynres_cli.operations.bands import ASPECTS, ENLARGED, Bands, band, names
from dynres_cli.operations.replanning import replanned, tiled_size
from dynres_cli.operations.statistics import enlargement

SCALES: Bands = (
    (0.25, "to a quarter"),
    (0.5, "to a half"),
    (0.95, "reduced"),
    (1.05, "as it is"),
    *ENLARGED,
)
STEPS = 10


@dataclass(slots=True)
class Shares:
    """Counts over every picture; histograms are read from them."""

    tiled: int = 0
    failed: int = 0
    views: int = 0
    grids: Counter[str] = field(default_factory=Counter)
    aspects: Counter[str] = field(default_factory=Counter)
    scales: Counter[str] = field(default_factory=Counter)
    tokens: Counter[int] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    def add(self, record: Record) -> None:
        """Count one picture."""
        if not isinstance(record, TiledRecord):
            self.failed += 1
            self.failures[record.code] += 1
            return
        self.tiled += 1
        self.views += record.total
        self.grids[str(record.grid)] += 1
        self.aspects[band(record.width / record.height, ASPECTS)] += 1
        self.scales[band(_scale(record), SCALES)] += 1
        self.tokens[record.tokens] += 1
        self.flags.update(flag.partition(":")[0] for flag in record.flags)

    @property
    def all_tokens(self) -> int:
        return sum(tokens * pictures for tokens, pictures in self.tokens.items())

    def histograms(self) -> dict[str, Mapping[str, int]]:
        """Each by its title; bands in their order, grids and failures by how many there are."""
        return {
            "Grids": _ranked(self.grids, 12),
            "Aspect ratio, width to height": _in_order(self.aspects, names(ASPECTS)),
            "Scale, the larger axis": _in_order(self.scales, names(SCALES)),
            "Tokens a picture": _steps(self.tokens),
            "Flags": _ranked(self.flags, 12),
            "Failures": _ranked(self.failures, 16),
        }


def _scale(record: TiledRecord) -> float:
    """How much the picture is enlarged on the axis that is enlarged more; 1 where its plan is not known here.

    Above 1 it is what the record's flag says, by which `stats` counts.
    """
    told = enlargement(record)
    if told > 1:
        return told
    try:
        return max(scales(replanned(record), tiled_size(record)))
    except Unsound:
        return 1.0


def _in_order(counts: Counter[str], named: Sequence[str]) -> dict[str, int]:
    """Bands from the first to the last one that holds something, empty ones between them included."""
    held = [i for i, name in enumerate(named) if counts[name]]
    return {name: counts[name] for name in named[held[0] : held[-1] + 1]} if held else {}


def _ranked(counts: Counter[str], most: int) -> dict[str, int]:
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = sum(number for _, number in ranked[most:])
    return dict(ranked[:most]) | ({"others": rest} if rest else {})


def _steps(counts: Counter[int]) -> dict[str, int]:
    """Each number where they are few, else ten steps of equal width."""
    if len(counts) <= STEPS:
        return {f"{value:,}": number for value, number in sorted(counts.items())}
    least, most = min(counts), max(counts)
    width = (most - least) // STEPS + 1
    steps: Counter[int] = Counter()
    for value, number in counts.items():
        steps[(value - least) // width] += number
    labels = {step: f"{least + step * width:,} to {least + (step + 1) * width - 1:,}" for step in range(STEPS)}
    return {name: steps[step] for step, name in labels.items()}
