"""One run at a time: who holds an output, and what a dead one leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dynres_cli.errors import RunError
from dynres_cli.storage import lock
from dynres_cli.storage.folders import is_alive
from tests.cli.command import ROOT

posix = pytest.mark.skipif(os.name != "posix", reason="links, modes and signals of POSIX")
HOLDER = (
    "import sys, time; from dynres_cli.storage import lock\nwith lock(sys.argv[1]): print(flush=True); time.sleep(60)"
)

DIES = (
    "import os, signal, sys; from dynres_cli.storage import lock\n"
    "def die(*_): os.kill(os.getpid(), signal.SIGKILL)\n"
    "setattr(os, sys.argv[2], die)\n"
    "with lock(sys.argv[1]): pass"
)


def test_a_second_run_is_told_who_holds_the_output(tmp_path: Path) -> None:
    """Guarantee 7: while one process holds it, another gets `lock_held` and the first one's number; then kill -9."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], cwd=ROOT, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(RunError, match=f"process {holder.pid} on ") as caught, lock(str(tmp_path)):
            pytest.fail("two runs at once")
        assert caught.value.code == "lock_held"
        holder.kill()
        holder.wait()
    with lock(str(tmp_path)) as held:
        assert held.after_crash
    with lock(str(tmp_path)) as held:
        assert not held.after_crash


@posix
@pytest.mark.parametrize("call", ["write", "ftruncate"])
def test_a_run_that_dies_as_it_takes_the_lock_does_not_hide_an_earlier_death(tmp_path: Path, call: str) -> None:
    """Guarantee 5: two kills, the second between any two calls: whoever comes next still knows that it has to clean."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], cwd=ROOT, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()
    assert subprocess.run([sys.executable, "-c", DIES, tmp_path, call], cwd=ROOT, check=False).returncode < 0
    with lock(str(tmp_path)) as held:
        assert held.after_crash


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="tells the dead from the living by Linux's /proc")
def test_a_run_that_nobody_buries_is_dead() -> None:
    """Guarantee 7: its parent, as the first process of many containers, never asks how it ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert is_alive(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(process.pid)


@posix
def test_a_lock_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """Guarantee 21: neither the lock nor its folder is followed to a file outside."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"victim")
    (tmp_path / ".dynres").mkdir()
    (tmp_path / ".dynres" / "lock").symlink_to(victim)
    with pytest.raises(RunError, match="cannot be opened"), lock(str(tmp_path)):
        pass
    assert victim.read_bytes() == b"victim"
