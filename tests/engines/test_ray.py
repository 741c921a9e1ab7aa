"""What only the Ray engine promises: poison, dead workers and dead nodes cost time, never data."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import accumulate
from pathlib import Path

import pytest

from dynres_cli.engines import on_ray
from dynres_cli.engines.cluster import Cluster
from dynres_cli.engines.contract import EngineLimits, Pace, Watch
from dynres_cli.errors import RunError, UsageError
from dynres_cli.items import Failed, Item
from tests.engines.clusters import ON_RAY, TwoNodes
from tests.engines.deeds import double, failures, keys, numbers
from tests.engines.living import gone_within, is_running

pytestmark = list(ON_RAY)

TWO = EngineLimits(jobs=2, timeout=30)
FIVES = EngineLimits(jobs=2, timeout=30, chunk=5)


def test_an_item_that_kills_its_process_is_blamed_alone(two_nodes: TwoNodes) -> None:
    """Guarantee 13: three of twenty items die in different ways; the others of their chunks of five are done."""
    deeds = {4: f"die:{int(signal.SIGSEGV)}", 7: f"die:{int(signal.SIGKILL)}", 11: "exit:3"}
    outcomes = list(two_nodes.engine(double, numbers(20, deeds), FIVES, Watch()))
    assert keys(outcomes) == list(range(20))
    assert failures(outcomes) == {4: "worker_crash", 7: "out_of_memory", 11: "worker_crash"}


def test_an_item_that_kills_rays_own_worker_is_found_by_halving(two_nodes: TwoNodes) -> None:
    """Guarantee 13: poison that reaches Ray's worker itself fails alone; the fifteen others are done, each once."""
    outcomes = list(two_nodes.engine(double, numbers(16, {6: "kill_parent"}), EngineLimits(jobs=2, chunk=8), Watch()))
    assert keys(outcomes) == list(range(16))
    assert failures(outcomes) == {6: "worker_crash"}
    assert "Ray worker died twice" in next(each.message for each in outcomes if isinstance(each, Failed))


def test_an_item_that_dies_once_is_done_at_its_second_attempt(two_nodes: TwoNodes, tmp_path: Path) -> None:
    """Guarantee 13: by its own process, or by Ray's."""
    deeds = {1: f"die_once:{tmp_path / 'one'}", 2: f"kill_parent_once:{tmp_path / 'two'}"}
    assert failures(list(two_nodes.engine(double, numbers(4, deeds), TWO, Watch()))) == {}
    assert (tmp_path / "one").exists()
    assert (tmp_path / "two").exists()


def test_killing_rays_workers_loses_nothing(two_nodes: TwoNodes, tmp_path: Path) -> None:
    """Guarantee 13: three times Ray's worker is killed from outside; sixty items have one outcome each, none failed."""
    pids = tmp_path / "pids"
    deeds = dict.fromkeys(range(60), f"note_parent:{pids}")
    seen = []
    for outcome in two_nodes.engine(double, numbers(60, deeds), EngineLimits(jobs=2, chunk=4), Watch()):
        seen.append(outcome)
        if len(seen) in (8, 20, 32):
            victim = int(pids.read_text().split()[-1])
            os.kill(victim, signal.SIGKILL)
    assert keys(seen) == list(range(60))
    assert failures(seen) == {}


def test_a_dead_node_costs_time_and_no_data(two_nodes: TwoNodes) -> None:
    """A node is killed with work on it; all forty items are done, on the node that is left."""
    seen = []
    deeds = dict.fromkeys(range(40), "sleep:0.1")
    for outcome in two_nodes.engine(double, numbers(40, deeds), EngineLimits(jobs=2, chunk=4), Watch()):
        seen.append(outcome)
        if len(seen) == 8:
            two_nodes.kill_second()
    two_nodes.replace_second()
    assert keys(seen) == list(range(40))
    assert failures(seen) == {}


@pytest.mark.parametrize("deed", ["sleep:60", "stubborn:60"], ids=["in Python", "in C"])
def test_a_hanging_item_is_stopped_alone(two_nodes: TwoNodes, deed: str) -> None:
    """Guarantee 14: one item of a chunk would take a minute; it fails after 1 s, the nine others are done."""
    outcomes = list(two_nodes.engine(double, numbers(10, {3: deed}), EngineLimits(jobs=2, timeout=1, chunk=5), Watch()))
    assert failures(outcomes) == {3: "timeout"}
    assert keys(outcomes) == list(range(10))


def test_an_item_above_its_share_is_sent_again_alone(two_nodes: TwoNodes, tmp_path: Path) -> None:
    """Guarantee 15: of 100 bytes a node, one of 90 is granted although a share is less; the sum never exceeds both."""
    log = tmp_path / "log"
    deeds = dict.fromkeys(range(12), f"hold:{log},40,0.02")
    deeds[5] = f"hold:{log},90,0.02"
    outcomes = list(two_nodes.engine(double, numbers(12, deeds), EngineLimits(jobs=2, chunk=3, memory=100), Watch()))
    assert failures(outcomes) == {}
    assert keys(outcomes) == list(range(12))
    assert max(accumulate(int(line) for line in log.read_text().split())) <= 200


def test_chatter_comes_back_bounded(two_nodes: TwoNodes, capfd: pytest.CaptureFixture[str]) -> None:
    """Guarantee 40: what a library writes on another node arrives beside its key, and never on the terminal."""
    heard: dict[str, str] = {}
    deeds = {1: "stderr:1000000", 2: "stdout"}
    list(two_nodes.engine(double, numbers(4, deeds), FIVES, Watch(noise=heard.__setitem__)))
    assert set(heard) == {"1"}
    assert len(heard["1"]) == 4096
    assert capfd.readouterr().out == ""


def test_a_stop_ends_what_hangs_on_other_nodes(two_nodes: TwoNodes, tmp_path: Path) -> None:
    """Guarantee 10: closing the outcomes kills hanging workers and their processes, wherever they are."""
    pids = tmp_path / "pids"
    deeds = dict.fromkeys(range(1, 10), f"note_and_hang:{pids}")
    with closing(two_nodes.engine(double, numbers(10, deeds), TWO, Watch())) as outcomes:
        next(outcomes)
        deadline = time.monotonic() + 30
        while (not pids.exists() or len(pids.read_text().split()) < 2) and time.monotonic() < deadline:
            time.sleep(0.05)
    hanging = [int(pid) for pid in pids.read_text().split()]
    assert len(hanging) >= 1
    assert gone_within(10, hanging), [pid for pid in hanging if is_running(pid)]


def test_draining_drops_what_does_not_end_in_time(two_nodes: TwoNodes) -> None:
    """Guarantee 10: two hanging items are dropped after the grace, without an outcome."""
    taken: list[Item] = []

    def feed() -> Iterator[Item]:
        for item in numbers(9, dict.fromkeys(range(9), "stubborn:60")):
            taken.append(item)
            yield item

    watch = Watch(pace=lambda: Pace.DRAIN if len(taken) >= 2 else Pace.RUN)
    assert list(two_nodes.engine(double, feed(), EngineLimits(jobs=2, grace=0.2), watch)) == []
    assert len(taken) == 2


def test_several_nodes_need_a_shared_file_system(two_nodes: TwoNodes) -> None:
    """Each would write to its own disk: refused with the option that says otherwise."""
    with pytest.raises(UsageError, match="--shared-fs"):
        on_ray(Cluster(two_nodes.address))


def test_a_work_that_is_not_there_ends_the_run(two_nodes: TwoNodes) -> None:
    """A node without this very dynres is the run's failure, with what to do; no item is blamed."""
    with pytest.raises(RunError, match="install the same dynres"):
        list(two_nodes.engine(Elsewhere(), numbers(3), TWO, Watch()))


class Elsewhere:
    """A work that no worker can unpack."""

    def __call__(self, _item: Item, _admit: object) -> Failed:
        raise NotImplementedError

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return __import__, ("no_such_module_anywhere",)
