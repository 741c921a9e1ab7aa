"""A whole run of `dynres plan`: every header through the engine, in batches, and what a run over them would make."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from dynres_cli.engines.contract import Engine, EngineLimits, Pace, Watch
from dynres_cli.errors import NothingFound
from dynres_cli.items import Failed
from dynres_cli.keys import to_bytes
from dynres_cli.operations.batching import in_batches
from dynres_cli.operations.forecast import SPREAD, Forecast
from dynres_cli.operations.sampling import encode, encoding, pairs_of, share
from dynres_cli.operations.surveying import Picked, Question, Surveyed, Surveyor
from dynres_cli.operations.tally import SHOWN_FAILURES
from dynres_cli.operations.tiling import nothing_in
from dynres_cli.picture import prepare_worker
from dynres_cli.source import Selection, listing
from dynres_cli.tree import SkipReason


@dataclass(frozen=True, slots=True)
class PlanOrder:
    """What is to be planned, and by how many."""

    selection: Selection
    question: Question
    limits: EngineLimits
    engine: Engine


@dataclass(slots=True)
class Survey:
    """What is known so far."""

    forecasts: list[Forecast]
    picked: list[Picked] = field(default_factory=list)
    failed: int = 0
    """Pictures that will fail, under one variant or more."""
    first_failures: list[Failed] = field(default_factory=list)
    """In the order of keys, so that they do not depend on who was first."""

    def add(self, outcome: Surveyed, sample: int) -> None:
        """Count a batch."""
        for mine, theirs in zip(self.forecasts, outcome.forecasts, strict=True):
            mine.add(theirs)
        self._tell(outcome.failures)
        self.picked = heapq.nsmallest(sample, [*self.picked, *outcome.picked], key=lambda each: each.rank)

    def fail(self, failed: Failed) -> None:
        """Count one failure, whatever the variant."""
        for forecast in self.forecasts:
            forecast.failures[failed.code] += 1
        self._tell((failed,))

    def _tell(self, failures: Sequence[Failed]) -> None:
        """Keep the first failures, to be told one by one."""
        self.failed += len(failures)
        told = [*self.first_failures, *failures]
        self.first_failures = heapq.nsmallest(SHOWN_FAILURES, told, key=lambda each: to_bytes(each.key))

    def pass_over(self, reasons: Mapping[SkipReason, int]) -> None:
        """Count what was found but never a candidate."""
        for forecast in self.forecasts:
            forecast.passed_over.update(reasons)


def plan_all(order: PlanOrder, watch: Watch, seen: Callable[[int], None]) -> Survey:
    """The forecast of each variant, and what will fail; `seen` is told how many were looked at, batch by batch.

    Raises UsageError for inputs that are missing or collide, NothingFound where there is none. A pace that is not RUN
    ends it early.
    """
    found = listing(replace(order.selection, is_stopped=lambda: watch.pace() is not Pace.RUN))
    survey = Survey([Forecast(variant) for variant in order.question.variants])
    prepare_worker()  # what is loaded here need not be loaded by each worker
    surveyor = Surveyor(order.question)
    for batch, outcome in in_batches(lambda items: order.engine(surveyor, items, order.limits, watch), found):
        if isinstance(outcome, Surveyed):
            survey.add(outcome, order.question.sample)
        elif isinstance(outcome, Failed):
            survey.fail(outcome)
        seen(len(batch.items))
    for failed in found.failures:
        survey.fail(failed)
    survey.pass_over(found.skipped)
    if watch.pace() is Pace.RUN and not found.found and not found.failures:
        raise NothingFound(nothing_in(order.selection, found))
    if order.question.sample:
        _measure(survey, order, watch)
    return survey


def _measure(survey: Survey, order: PlanOrder, watch: Watch) -> None:
    """Correct the estimate of PNG bytes by encoding the sample."""
    first, asked = survey.forecasts[0], order.question
    how = encoding(first.variant, asked.limits, asked.writing, len(survey.picked))
    outcomes = order.engine(partial(encode, how), [each.item for each in survey.picked], order.limits, watch)
    pairs = pairs_of(survey.picked, outcomes)
    first.png_share = share(pairs, first.planned, SPREAD)
