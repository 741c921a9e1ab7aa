"""What a worker of `dynres plan` does: read the headers of a batch of pictures, and count what to expect of them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from dynres_cli.engines.contract import Admit
from dynres_cli.errors import ImageError
from dynres_cli.facts import Facts, FileLimits, check_frames
from dynres_cli.items import Done, Failed, Item
from dynres_cli.keys import key_digest
from dynres_cli.operations.batching import Batch
from dynres_cli.operations.expecting import Planner, Variant
from dynres_cli.operations.forecast import Forecast
from dynres_cli.peaks import peak_bytes
from dynres_cli.picture import prepare_worker
from dynres_cli.probe import probe_frames
from dynres_cli.sinks.tree import Writing


@dataclass(frozen=True, slots=True)
class Picked:
    """A picture that may become part of the sample, by the rank that its key was dealt, and its expected PNG bytes."""

    rank: int
    item: Item
    png: float


@dataclass(frozen=True, slots=True)
class Surveyed(Done):
    """What a batch comes to: one forecast for each variant, its candidates for the sample, and what will fail."""

    forecasts: tuple[Forecast, ...]
    picked: tuple[Picked, ...]
    failures: tuple[Failed, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every header."""

    variants: tuple[Variant, ...]
    limits: FileLimits
    writing: Writing
    max_tiles: int = 1000
    max_frames: int | None = None
    """Every picture of a file counts where it has no more than these; None: the first of each, and no other."""
    memory: int | None = None
    """Pictures that need more bytes than this will be refused."""
    sample: int = 0
    """How many pictures will be encoded to see how large their PNG files are."""


@dataclass(slots=True)
class Surveyor:
    """The work on one batch after another; layouts are remembered between them."""

    question: Question
    planners: list[Planner] = field(default_factory=list)

    def __post_init__(self) -> None:
        asked = self.question
        self.planners = [Planner(variant, asked.writing, asked.max_tiles) for variant in asked.variants]

    def __call__(self, item: Item, _admit: Admit) -> Surveyed:
        prepare_worker()
        forecasts = tuple(Forecast(variant) for variant in self.question.variants)
        picked: list[Picked] = []
        failures: list[Failed] = []
        for file in item.items if isinstance(item, Batch) else (item,):
            for each, facts in self._pictures(file):
                counted = self._count(each, facts, forecasts)
                if isinstance(counted, Failed):
                    failures.append(counted)
                elif self.question.sample:
                    picked.append(Picked(_rank(each), each, counted))
        kept = heapq.nsmallest(self.question.sample, picked, key=lambda each: each.rank)
        return Surveyed(item.key, forecasts, tuple(kept), tuple(failures))

    def _pictures(self, file: Item) -> Iterator[tuple[Item, Facts | ImageError]]:
        """What is known of each picture that a run would tile."""
        most = self.question.max_frames
        frames = probe_frames(file.path, self.question.limits, follow=file.explicit)
        try:
            first = next(frames)
            if most is None or isinstance(first, ImageError) or first.frames == 1:
                yield file, first
                return
            check_frames(first, most)
        except ImageError as error:
            yield file, error
            return
        for number, facts in enumerate(chain((first,), frames)):
            yield file.at_frame(number), facts

    def _count(self, item: Item, facts: Facts | ImageError, forecasts: tuple[Forecast, ...]) -> float | Failed:
        """Count one picture in every forecast; its PNG bytes in the first one, or how it will fail."""
        if isinstance(facts, ImageError):
            for forecast in forecasts:
                forecast.failures[facts.code] += 1
            return item.failed("probe", facts.code, str(facts))
        told = [self._expect(facts, *pair) for pair in zip(self.planners, forecasts, strict=True)]
        refusals = {
            planner.variant.name: each
            for planner, each in zip(self.planners, told, strict=True)
            if isinstance(each, ImageError)
        }
        first = told[0]
        return first if not refusals and isinstance(first, float) else _refused(item, refusals, len(told))

    def _expect(self, facts: Facts, planner: Planner, forecast: Forecast) -> float | ImageError:
        try:
            expected = planner.expect(facts)
            self._check_memory(peak_bytes(facts) + expected.layout.memory)
        except ImageError as error:
            forecast.failures[error.code] += 1
            return error
        forecast.expect(facts, expected)
        return expected.png

    def _check_memory(self, need: int) -> None:
        limit = self.question.memory
        if limit is not None and need > limit:
            message = f"needs {need:,} bytes of memory and {limit:,} are allowed"
            raise ImageError(code="out_of_memory", message=message)


def _refused(item: Item, refusals: Mapping[str | int, ImageError], variants: int) -> Failed:
    """How a picture fails that some variants refuse: as under the first of them, all named where others take it."""
    (name, error), *others = refusals.items()
    more = f" and {len(others)} other{'s' if len(others) > 1 else ''}" if others else ""
    which = f" (with {name}{more})" if len(refusals) < variants else ""
    return item.failed("plan", error.code, f"{error}{which}")


def _rank(item: Item) -> int:
    """Dealt by the key alone: the same sample whatever the number of workers."""
    return key_digest(item.key)
