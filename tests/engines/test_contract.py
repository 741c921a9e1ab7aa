"""The contract that every engine keeps, told with numbers instead of pictures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dynres_cli.engines import ENGINES
from dynres_cli.engines.contract import UNWATCHED, Engine, EngineLimits, Outcome, Pace, Watch, Work
from dynres_cli.errors import RunError
from dynres_cli.items import Failed, Item
from tests.engines.clusters import ON_RAY, TwoNodes
from tests.engines.deeds import Doubled, deed_later, done_later, double, failures, keys, numbers

LIMITS = EngineLimits(jobs=2, timeout=30, memory=1000)


@pytest.fixture(params=[pytest.param(name, marks=ON_RAY if name == "ray" else ()) for name in sorted(ENGINES)])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn, Ray's on a cluster of two nodes."""
    if request.param == "ray":
        two_nodes: TwoNodes = request.getfixturevalue("two_nodes")
        return two_nodes.engine
    return ENGINES[request.param]()


WORKS = pytest.mark.parametrize("work", [double, done_later])
ALL_WORKS = pytest.mark.parametrize("work", [double, done_later, deed_later])


@ALL_WORKS
def test_every_item_has_exactly_one_outcome(engine: Engine, work: Work) -> None:
    """Guarantee 37: a hundred items in, the same hundred keys out, each with its own result."""
    outcomes = list(engine(work, numbers(100), LIMITS, UNWATCHED))
    assert keys(outcomes) == list(range(100))
    assert all(isinstance(outcome, Doubled) and outcome.number == 2 * int(outcome.key) for outcome in outcomes)


def test_no_items_no_outcomes(engine: Engine) -> None:
    """An empty run ends by itself."""
    assert list(engine(double, [], LIMITS, UNWATCHED)) == []


@ALL_WORKS
def test_whatever_is_raised_becomes_one_failure(engine: Engine, work: Work) -> None:
    """Guarantee 12: three kinds of exceptions, three codes, and the seven other items are done."""
    deeds = {2: "raise:memory", 5: "raise:image", 7: "raise:surprise"}
    outcomes = list(engine(work, numbers(10, deeds), LIMITS, UNWATCHED))
    assert keys(outcomes) == list(range(10))
    assert failures(outcomes) == {2: "out_of_memory", 5: "corrupt", 7: "worker_crash"}


@ALL_WORKS
def test_a_run_error_ends_the_run(engine: Engine, work: Work) -> None:
    """Guarantee 8: a full disk seen by one worker is the caller's RunError, code and sentence unchanged."""
    with pytest.raises(RunError, match="the disk is full") as caught:
        list(engine(work, numbers(10, {3: "raise:run"}), LIMITS, UNWATCHED))
    assert caught.value.code == "output"


@WORKS
def test_a_need_above_the_budget_is_refused_with_its_size(engine: Engine, work: Work) -> None:
    """Guarantee 15: 1,000 bytes of 1,000 are granted, 1,001 never can be, and the message says so."""
    outcomes = list(engine(work, numbers(3, {0: "ask:1000", 1: "ask:1001"}), LIMITS, UNWATCHED))
    assert failures(outcomes) == {1: "out_of_memory"}
    message = next(outcome.message for outcome in outcomes if isinstance(outcome, Failed))
    assert "1,001 bytes" in message
    assert "1,000" in message


@ALL_WORKS
def test_items_are_streamed(engine: Engine, work: Work) -> None:
    """Guarantee 38: of an endless feed, no more is taken than the ten outcomes asked for and what is in flight."""
    taken = 0

    def endless() -> Iterator[Item]:
        nonlocal taken
        while True:
            yield Item(str(taken), str(taken), "nothing")
            taken += 1

    outcomes = engine(work, endless(), LIMITS, UNWATCHED)
    for _ in range(10):
        next(outcomes)
    outcomes.close()
    assert taken <= 10 + 2 * LIMITS.jobs


def test_a_feed_may_have_nothing_yet(engine: Engine) -> None:
    """None from a slow pipe is no item and not the end."""
    feed = [None, *numbers(2), None, None, Item("2", "2", "nothing"), None]
    assert keys(list(engine(double, feed, LIMITS, UNWATCHED))) == [0, 1, 2]


@pytest.mark.parametrize("pace", [Pace.DRAIN, Pace.KILL])
def test_a_stop_takes_no_new_items(engine: Engine, pace: Pace) -> None:
    """Guarantee 10: after a stop at the fifth outcome, only what was in flight may still come."""
    seen: list[Outcome] = []
    watch = Watch(pace=lambda: pace if len(seen) >= 5 else Pace.RUN)
    for outcome in engine(double, numbers(1000), LIMITS, watch):
        seen.append(outcome)  # noqa: PERF402 - the watch looks at the list while it grows
    assert 5 <= len(seen) <= 5 + 2 * LIMITS.jobs
    assert len(set(keys(seen))) == len(seen)


def test_an_error_of_the_feed_is_the_callers(engine: Engine) -> None:
    """What listing the inputs raises passes through unchanged."""

    def broken() -> Iterator[Item]:
        yield from numbers(3)
        raise RunError("the list ended early", "input")  # noqa: EM101, TRY003 - a stand-in for any feed's own error

    with pytest.raises(RunError, match="ended early"):
        list(engine(double, broken(), LIMITS, UNWATCHED))
