"""Guarantee 14 for a run that is paused, as by Ctrl-Z: time in which nobody could work is nobody's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dynres_cli.engines.processes import overslept

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("asked", "passed", "surplus"),
    [
        pytest.param(0.1, 0.1, 0.0, id="a wait that ends in time"),
        pytest.param(0.1, 0.02, 0.0, id="something was there sooner"),
        pytest.param(0.1, 0.5, 0.0, id="a machine with much to do"),
        pytest.param(0.0, 5.0, 5.0, id="stopped where nothing was waited for"),
        pytest.param(0.1, 3600.1, 3600.0, id="stopped for an hour"),
    ],
)
def test_a_wait_that_took_far_too_long_was_a_pause(asked: float, passed: float, surplus: float) -> None:
    """Only what is beyond any delay of a busy machine counts."""
    assert overslept(asked, passed) == pytest.approx(surplus)


SCRIPT = """
from dynres_cli.engines.contract import EngineLimits
from dynres_cli.engines.processes import run
from tests.engines.deeds import double, failures, numbers

outcomes = run(double, numbers(3, {1: "sleep:6", 2: "stubborn:60"}), EngineLimits(jobs=2, timeout=3))
first = next(outcomes)
print("started", flush=True)
print(failures([first, *outcomes]), flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="stops processes as a POSIX shell does")
def test_items_in_work_outlive_a_pause_of_the_run() -> None:
    """Stopped for 4.5 s of its 6, an item keeps the 3 s that it is allowed; one that hangs is ended all the same."""
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "started\n"
        time.sleep(0.5)
        os.killpg(parent.pid, signal.SIGSTOP)
        time.sleep(4.5)
        os.killpg(parent.pid, signal.SIGCONT)
        assert parent.stdout.readline() == "{2: 'timeout'}\n"
