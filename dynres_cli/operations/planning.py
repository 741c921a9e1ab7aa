"""A whole run of `dynres plan`: every header through the engine, in batches, and what a run over them would make."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from dynres_cli.engines import Engine, Limits, Watch
from dynres_cli.errors import NothingFound
from dynres_cli.items import Failed, Item
from dynres_cli.operations.forecast import SPREAD, Forecast
from dynres_cli.operations.sampling import encode, encoding, pairs_of, share
from dynres_cli.operations.surveying import Batch, Picked, Question, Surveyed, Surveyor, batch, batches
from dynres_cli.operations.tiling import nothing_in
from dynres_cli.picture import prepare_worker
from dynres_cli.source import Selection, listing


@dataclass(frozen=True, slots=True)
class PlanOrder:
    """What is to be planned, and by how many."""

    selection: Selection
    question: Question
    limits: Limits
    engine: Engine


@dataclass(slots=True)
class Survey:
    """What is known so far."""

    forecasts: list[Forecast]
    picked: list[Picked] = field(default_factory=list)
    in_work: dict[str, Batch] = field(default_factory=dict)
    """Batches that workers have, so that the pictures of one that fails are known."""
    lost: list[Batch] = field(default_factory=list)
    """Batches whose worker died or was stopped: one of their pictures is to blame."""

    def add(self, outcome: Surveyed, sample: int) -> None:
        """Count a batch."""
        for mine, theirs in zip(self.forecasts, outcome.forecasts, strict=True):
            mine.add(theirs)
        self.picked = heapq.nsmallest(sample, [*self.picked, *outcome.picked], key=lambda each: each.rank)

    def fail(self, failed: Failed) -> None:
        """Count one failure, whatever the variant."""
        for forecast in self.forecasts:
            forecast.failures[failed.code] += 1


def plan_all(order: PlanOrder, watch: Watch, seen: Callable[[int], None]) -> list[Forecast]:
    """The forecast of each variant; `seen` is told how many pictures were looked at, batch by batch.

    Raises UsageError for inputs that are missing or collide, NothingFound where there is none.
    """
    found = listing(order.selection)
    survey = Survey([Forecast(variant) for variant in order.question.variants])
    prepare_worker()  # what is loaded here need not be loaded by each worker
    _through(batches(found), order, watch, survey, seen)
    alone = [batch((item,)) for lost in survey.lost for item in lost.items]
    if alone:
        _through(alone, order, watch, survey, seen)
    for failed in found.failures:
        survey.fail(failed)
    if not found.found and not found.failures:
        raise NothingFound(nothing_in(order.selection, found))
    if order.question.sample:
        _measure(survey, order, watch)
    return survey.forecasts


def _measure(survey: Survey, order: PlanOrder, watch: Watch) -> None:
    """Correct the estimate of PNG bytes by encoding the sample."""
    first, asked = survey.forecasts[0], order.question
    how = encoding(first.variant, asked.limits, asked.writing, len(survey.picked))
    outcomes = order.engine(partial(encode, how), [each.item for each in survey.picked], order.limits, watch)
    pairs = pairs_of(survey.picked, outcomes)
    first.png_share = share(pairs, first.planned, SPREAD)


def _through(
    work: Iterable[Batch], order: PlanOrder, watch: Watch, survey: Survey, seen: Callable[[int], None]
) -> None:
    """Put batches through the engine, and count what comes back."""
    for outcome in order.engine(Surveyor(order.question), _taken(work, survey), order.limits, watch):
        done = survey.in_work.pop(outcome.key)
        if isinstance(outcome, Surveyed):
            survey.add(outcome, order.question.sample)
        elif isinstance(outcome, Failed) and len(done.items) == 1:
            survey.fail(outcome)
        else:
            survey.lost.append(done)
            continue
        seen(len(done.items))


def _taken(work: Iterable[Batch], survey: Survey) -> Iterator[Item]:
    """The batches, each noted as it is handed out."""
    for each in work:
        survey.in_work[each.key] = each
        yield each
