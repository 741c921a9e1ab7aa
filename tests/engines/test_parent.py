"""What the pool of processes owes to the process that runs it: it ends with it, and needs nothing of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines.living import children, gone_within

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")
ROOT = Path(__file__).parents[2]

BUSY_PARENT = """
from dynres_cli.engines.contract import EngineLimits
from dynres_cli.engines.processes import run
from tests.engines.deeds import double, numbers
deeds = dict.fromkeys(range(1, 1000), {deed!r})
for outcome in run(double, numbers(1000, deeds), EngineLimits(jobs=3)):
    print("started", flush=True)
    {then}
"""


def busy_parent(deed: str, then: str = "pass") -> subprocess.Popen[str]:
    """A run of its own, whose three workers are busy when this returns."""
    script = BUSY_PARENT.format(deed=deed, then=then)
    pipe = subprocess.PIPE
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "started\n"
    return parent


@pytest.mark.parametrize("deed", ["stubborn:60", "sleep:60"], ids=["in C", "in Python"])
def test_no_orphans_after_the_parent_is_killed(deed: str) -> None:
    """Guarantee 10: kill -9 of the parent alone; its three workers are gone within five seconds."""
    with busy_parent(deed) as parent:
        workers = children(parent.pid)
        parent.kill()
        parent.wait()
        assert len(workers) == 3
        assert gone_within(5, workers)


def test_no_orphans_after_an_exit_in_the_middle() -> None:
    """A caller that just exits, with the outcomes still open, neither hangs nor leaves a worker."""
    with busy_parent("stubborn:60", then="input(); raise SystemExit(3)") as parent:
        workers = children(parent.pid)
        assert parent.stdin is not None
        parent.stdin.write("now\n")
        parent.stdin.flush()
        assert parent.wait(timeout=10) == 3
        assert len(workers) == 3
        assert gone_within(5, workers)


def test_closed_standard_handles_do_no_harm() -> None:
    """Guarantee 11: with stdin, stdout and stderr closed by the shell, a run still gives its twenty outcomes."""
    script = (
        "import sys, os\n"
        "from dynres_cli.engines.contract import EngineLimits\n"
        "from dynres_cli.engines.processes import run\n"
        "from tests.engines.deeds import double, numbers\n"
        "os._exit(len(list(run(double, numbers(20, {3: 'stderr:100'}), EngineLimits(jobs=2, timeout=5)))))\n"
    )
    ended = subprocess.run(["sh", "-c", f'"{sys.executable}" -c "{script}" <&- >&- 2>&-'], cwd=ROOT, check=False)
    assert ended.returncode == 20


def test_workers_that_die_at_birth_end_the_run() -> None:
    """Guarantee 40: no worker gets as far as its first item: that is the run's failure, not 1,000 items'."""
    script = (
        "import os\n"
        "os.register_at_fork(after_in_child=lambda: os._exit(1))\n"
        "from dynres_cli.engines.contract import EngineLimits\n"
        "from dynres_cli.engines.processes import run\n"
        "from tests.engines.deeds import double, numbers\n"
        "list(run(double, numbers(1000), EngineLimits(jobs=2)))\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "die as soon as they start" in ended.stderr
