"""What holds for all tests: how many run at a time, what they find compiled, and no clock to fail by."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from dynres_cli.kernels.cache import compile_kernels, folder

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` means: one more than there are cores, for some of a test's time is waiting for a disk or a run."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + 1


def pytest_configure() -> None:
    """Make up for what the machine may lack, also for every command that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as for what a shell runs behind `&`
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if folder() is None:  # a home that is not there, or not ours
        os.environ["NUMBA_CACHE_DIR"] = str(Path(__file__).parents[1] / ".cache")
        folder.cache_clear()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the kernels once where tests run side by side: each process that meets them first would do it too."""
    is_the_one_that_deals = not hasattr(session.config, "workerinput")
    if is_the_one_that_deals and getattr(session.config.option, "numprocesses", None):
        compile_kernels()
