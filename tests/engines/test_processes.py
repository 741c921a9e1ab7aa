"""What only the pool of processes promises: it outlives its workers, and its workers never outlive it."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pytest

from dynres_cli.engines.contract import EngineLimits, Pace, Watch, Work
from dynres_cli.engines.hand import NOISE_KEPT
from dynres_cli.engines.processes import run
from dynres_cli.items import Failed, Item
from tests.engines.deeds import deed_later, done_later, double, failures, keys, numbers
from tests.engines.living import children

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")

TWO = EngineLimits(jobs=2, timeout=30)
JOBS = pytest.mark.parametrize(
    "jobs", [pytest.param(1, marks=pytest.mark.slow), 2, pytest.param(4, marks=pytest.mark.slow)]
)


@pytest.mark.parametrize("work", [double, done_later, deed_later])
@JOBS
@pytest.mark.parametrize(
    ("deed", "code"),
    [
        pytest.param(f"die:{int(signal.SIGSEGV)}", "worker_crash", id="a segmentation fault"),
        pytest.param(f"die:{int(signal.SIGABRT)}", "worker_crash", id="an abort"),
        pytest.param(f"die:{int(signal.SIGKILL)}", "out_of_memory", id="the kernel's kill"),
        pytest.param("exit:0", "worker_crash", id="a quiet exit"),
        pytest.param("exit:7", "worker_crash", id="an exit with a status"),
    ],
)
def test_an_item_that_kills_its_worker_is_blamed_alone(work: Work, jobs: int, deed: str, code: str) -> None:
    """Guarantee 13: two of twenty items kill their workers; those two fail, eighteen are done, none twice."""
    outcomes = list(run(work, numbers(20, {4: deed, 11: deed}), EngineLimits(jobs=jobs, timeout=30)))
    assert keys(outcomes) == list(range(20))
    assert failures(outcomes) == {4: code, 11: code}


@pytest.mark.parametrize("work", [double, done_later, deed_later])
def test_a_killer_is_tried_twice_and_not_more(work: Work, tmp_path: Path) -> None:
    """Guarantee 13: the item that dies once is done at its second attempt."""
    deeds = {1: f"die_once:{tmp_path / 'mark'}"}
    assert failures(list(run(work, numbers(3, deeds), TWO))) == {}
    assert (tmp_path / "mark").exists()


def test_the_blame_names_the_signal_and_the_stage() -> None:
    """A crash before memory was asked for is the header's, one after it the pixels'."""
    deeds = {0: f"die:{int(signal.SIGSEGV)}", 1: "ask_and_die:1"}
    failed = [outcome for outcome in run(double, numbers(2, deeds), TWO) if isinstance(outcome, Failed)]
    assert {outcome.key: outcome.stage for outcome in failed} == {"0": "probe", "1": "decode"}
    assert all("SIGSEGV" in outcome.message for outcome in failed)


@pytest.mark.parametrize("work", [double, done_later, deed_later])
def test_only_poison_ends_as_well(work: Work) -> None:
    """Guarantee 40: thirty items, each deadly, make thirty records and an end."""
    deeds = dict.fromkeys(range(30), "exit:1")
    assert len(failures(list(run(work, numbers(30, deeds), TWO)))) == 30


@pytest.mark.parametrize("work", [double, done_later, deed_later])
def test_killing_random_workers_loses_nothing(work: Work) -> None:
    """Guarantee 13: twelve times one of three workers is killed from outside; 150 items, each has one outcome.

    What fails has lost two workers, so there are at most half as many failures as there were kills.
    """
    dice = random.Random(5)
    seen = []
    kills = 0
    deeds = dict.fromkeys(range(150), "sleep:0.005")
    for outcome in run(work, numbers(150, deeds), EngineLimits(jobs=3, timeout=30)):
        seen.append(outcome)
        if len(seen) % 12 == 0:
            victims = children(os.getpid())
            os.kill(dice.choice(victims), signal.SIGKILL)
            kills += 1
    assert keys(seen) == list(range(150))
    assert set(failures(seen).values()) <= {"out_of_memory"}
    assert len(failures(seen)) <= kills // 2


@JOBS
@pytest.mark.parametrize("deed", ["sleep:60", "stubborn:60"], ids=["in Python", "in C"])
def test_a_hanging_item_is_stopped_from_outside(jobs: int, deed: str) -> None:
    """Guarantee 14: one item would take a minute; it fails after 1 s, the nine others are done."""
    began = time.monotonic()
    outcomes = list(run(double, numbers(10, {3: deed}), EngineLimits(jobs=jobs, timeout=1)))
    assert failures(outcomes) == {3: "timeout"}
    assert keys(outcomes) == list(range(10))
    assert time.monotonic() - began < 30


def test_waiting_for_memory_costs_no_time(tmp_path: Path) -> None:
    """Guarantee 14: six items of 0.6 s that must follow each other all end under a limit of 3 s each."""
    deeds = dict.fromkeys(range(6), f"hold:{tmp_path / 'log'},100,0.6")
    outcomes = list(run(double, numbers(6, deeds), EngineLimits(jobs=6, timeout=3, memory=100)))
    assert failures(outcomes) == {}


def test_the_budget_is_never_exceeded_and_the_large_one_gets_its_turn(tmp_path: Path) -> None:
    """Guarantee 15: items of 30 and one of 100 share 100 bytes; the large one is neither crowded nor starved."""
    log = tmp_path / "log"
    deeds = dict.fromkeys(range(40), f"hold:{log},30,0.02")
    deeds[5] = f"hold:{log},100,0.02"
    outcomes = list(run(double, numbers(40, deeds), EngineLimits(jobs=4, timeout=30, memory=100)))
    assert failures(outcomes) == {}
    steps = [int(line) for line in log.read_text().split()]
    assert max(accumulate(steps)) <= 100
    assert max(accumulate(steps[:20])) >= 60, "nothing ever ran side by side"
    assert steps.index(100) < 25, "the large one was passed over"


def test_a_dead_workers_bytes_return() -> None:
    """Guarantee 15: an item dies holding the whole budget, twice; those after it still get theirs."""
    deeds = {0: "ask_and_die:100", 1: "ask:100", 2: "ask:100"}
    outcomes = list(run(double, numbers(3, deeds), EngineLimits(jobs=2, timeout=30, memory=100)))
    assert failures(outcomes) == {0: "worker_crash"}


def test_chatter_is_captured_bounded_and_kept_off_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    """Guarantee 40: a million bytes on stderr become at most 4 KiB beside their key; stdout stays clean."""
    heard: dict[str, str] = {}
    watch = Watch(noise=heard.__setitem__)
    deeds = {1: "stderr:1000000", 2: "stdout", 3: "stderr:20"}
    outcomes = list(run(double, numbers(5, deeds), TWO, watch))
    assert failures(outcomes) == {}
    assert set(heard) == {"1", "3"}
    assert heard["1"].startswith("libtiff:")
    assert len(heard["1"]) == NOISE_KEPT
    assert capfd.readouterr() == ("", "")


def test_closing_the_outcomes_leaves_no_child() -> None:
    """Guarantee 10: workers that hang in C are gone as soon as the caller has had enough."""
    deeds = dict.fromkeys(range(1, 100), "stubborn:60")
    with closing(run(double, numbers(100, deeds), EngineLimits(jobs=3))) as outcomes:
        next(outcomes)
        assert len(children(os.getpid())) == 3
    assert children(os.getpid()) == []


@dataclass
class Brake:
    """A pace that changes once so many items have been handed out."""

    after: int
    then: Pace
    taken: int = 0

    def feed(self, count: int, deed: str) -> Iterator[Item]:
        for item in numbers(count, dict.fromkeys(range(count), deed)):
            self.taken += 1
            yield item

    def watch(self) -> Watch:
        return Watch(pace=lambda: self.then if self.taken >= self.after else Pace.RUN)


@pytest.mark.parametrize(("pace", "grace"), [(Pace.DRAIN, 0.2), (Pace.KILL, 60.0)], ids=["drain", "kill"])
def test_a_stop_drops_what_does_not_end_in_time(pace: Pace, grace: float) -> None:
    """Guarantee 10: two hanging items are dropped, without an outcome, after the grace or at once."""
    brake = Brake(after=2, then=pace)
    assert list(run(double, brake.feed(9, "stubborn:60"), EngineLimits(jobs=2, grace=grace), brake.watch())) == []
    assert brake.taken == 2
    assert children(os.getpid()) == []


def test_draining_lets_running_items_finish() -> None:
    """Guarantee 10: a stop in the middle of two items' 0.3 s of work still brings their outcomes."""
    brake = Brake(after=2, then=Pace.DRAIN)
    assert keys(list(run(double, brake.feed(10, "sleep:0.3"), EngineLimits(jobs=2, grace=20), brake.watch()))) == [0, 1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_workers_leave_signals_to_the_parent(number: signal.Signals) -> None:
    """Guarantee 10: the terminal's signal to the group ends no worker, so that running items can finish."""
    outcomes = []
    for outcome in run(double, numbers(8, dict.fromkeys(range(8), "sleep:0.1")), TWO):
        for pid in children(os.getpid()):
            os.kill(pid, number)
        outcomes.append(outcome)
    assert failures(outcomes) == {}
    assert keys(outcomes) == list(range(8))


def test_handles_stay_level_while_workers_come_and_go() -> None:
    """Guarantee 38: forty workers die one after the other, and the parent has as many open files as before."""

    def handles() -> int:
        return len(os.listdir("/proc/self/fd"))

    list(run(double, numbers(2), TWO))
    before = handles()
    list(run(double, numbers(40, dict.fromkeys(range(0, 40, 2), "exit:1")), TWO))
    assert handles() == before
    assert children(os.getpid()) == []


@pytest.mark.slow
def test_the_parents_memory_does_not_grow_with_the_items() -> None:
    """Guarantee 38: from the 2,000th to the 20,000th item the parent grows by less than 2 MB and by no handle."""

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def feed() -> Iterator[Item]:
        return (Item(str(number), str(number), "nothing") for number in range(20_000))

    early = late = 0
    for count, _outcome in enumerate(run(double, feed(), TWO), start=1):
        early = resident() if count == 2_000 else early
        late = resident()
    assert late - early < 2_000_000
