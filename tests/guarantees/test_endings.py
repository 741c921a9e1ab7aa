"""Guarantees 10 and 11: how a run ends that is told to, or that nobody reads any more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.guarantees import corpus
from tests.guarantees.command import (
    SMALL,
    check_whole,
    codes,
    command,
    environment,
    made,
    seconds_of,
    start,
    temporaries,
    wait_for,
    workers_of,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and shells of POSIX")


@posix
@pytest.mark.parametrize("group", [False, True], ids=["the parent alone", "the whole group"])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"])
def test_a_signal_ends_a_run_in_seconds_with_whole_files(
    tmp_path: Path, number: signal.Signals, status: int, group: bool
) -> None:
    """Guarantee 10: 130 or 143 and a summary within seconds; no worker outlives it, and the next run completes."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 300)
    run = start(folder, out)
    wait_for(lambda: made(out) > 3)
    workers = workers_of(run.pid)
    started = time.monotonic()
    (os.killpg if group else os.kill)(run.pid, number)
    output, errors = run.communicate(timeout=60)
    assert time.monotonic() - started < 10
    assert run.returncode == status, errors
    assert b"stopped before the end" in errors
    assert b"Traceback" not in errors
    summary = json.loads(output)
    assert summary["tiled"] == made(out) < 300
    assert summary["manifest"] is None
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert not (out / "manifest.json").exists()
    assert not temporaries(out)
    check_whole(out)


@posix
@pytest.mark.parametrize("name", [pytest.param("-", id="stdin"), pytest.param("/dev/stdin", id="a pipe by its name")])
@pytest.mark.parametrize("command", ["tile", "plan"])
def test_a_signal_is_noticed_while_a_list_is_waited_for(tmp_path: Path, command: str, name: str) -> None:
    """Guarantee 10: whoever writes the list may take all day; nothing is said of what it would have held."""
    out = [str(tmp_path / "out")] if command == "tile" else []
    line = [sys.executable, "-m", "dynres_cli", command, "--files-from", name, *out]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, cwd=tmp_path) as run:
        wait_for(lambda: _catches_sigterm(run.pid))
        run.send_signal(signal.SIGTERM)
        assert run.wait(60) == 143
        assert run.stderr is not None
        assert b"found no image" not in run.stderr.read()
    assert not (tmp_path / "out").exists()


def _catches_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1]
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


PATIENT = """
import os
from functools import partial
from dynres_cli.__main__ import main
from dynres_cli.cli import running
from dynres_cli.engines import contract

class Told(running.Steering):
    def _heard(self, number, frame):
        super()._heard(number, frame)
        os.write(2, b"heard\\n")

running.Steering = Told
contract.EngineLimits = partial(contract.EngineLimits, grace=600.0)
main()
"""
"""The command, but that it says when it has heard a signal, and that one alone lets pictures end however slow."""


@posix
def test_a_second_signal_ends_a_run_at_once(tmp_path: Path) -> None:
    """Guarantee 10: a picture that needs many seconds is dropped by the second SIGINT, and leaves nothing behind."""
    corpus.write_all(tmp_path / "in", {"slow.jpg": corpus.slow_jpeg()})
    words = ("tile", *SMALL, "-q", tmp_path / "in", tmp_path / "out")
    line = [sys.executable, "-c", PATIENT, *map(str, words)]
    with subprocess.Popen(line, stderr=subprocess.PIPE, env=environment()) as run:
        wait_for(lambda: any(seconds_of(worker) > 0.1 for worker in workers_of(run.pid)))
        assert run.stderr is not None
        for _ in range(2):
            os.kill(run.pid, signal.SIGINT)
            assert run.stderr.readline() == b"heard\n"
        assert run.wait(60) == 130
    assert made(tmp_path / "out") == 0


@posix
@pytest.mark.parametrize(
    "shell",
    [
        '"$@" | true; exit ${PIPESTATUS[0]}',
        '"$@" 2>&1 | true; exit ${PIPESTATUS[0]}',
        '"$@" 2>/dev/full',
        '"$@" >&-',
        '"$@" >&- 2>&-',
    ],
)
@pytest.mark.parametrize("words", [("--dry-run",), ("--json", "-v")], ids=["list", "json"])
def test_a_reader_that_has_gone_costs_nothing(tmp_path: Path, shell: str, words: tuple[str, ...]) -> None:
    """Guarantee 11: closed pipes and handles, and no room for messages: no traceback, exit 0, whole files."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 2)
    names = [os.fsdecode(word) for word in command("tile", *SMALL, *words, folder, out)]
    done = subprocess.run(
        ["bash", "-c", shell, "bash", *names], capture_output=True, timeout=120, check=False, env=environment()
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Error" not in done.stderr
    if "--json" in words:
        assert sorted(codes(out).values()) == ["tiled", "tiled"]
        check_whole(out)


@posix
@pytest.mark.parametrize("words", [("tile", "--dry-run"), ("tile", "--json"), ("tile", "--help")])
def test_data_for_which_there_is_no_room_is_missed_in_one_sentence(tmp_path: Path, words: tuple[str, str]) -> None:
    """Guarantee 11: stdout on a full disk: exit 1, a last line that says so, no traceback; the files are whole."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 2)
    corpus.write_all(folder, {"bad.jpg": b"nonsense"})
    names = [os.fsdecode(word) for word in command(*words, *SMALL, folder, out)]
    done = subprocess.run(
        ["bash", "-c", '"$@" >/dev/full', "bash", *names],
        capture_output=True,
        timeout=120,
        check=False,
        env=environment(),
    )
    assert done.returncode == 1, done.stderr
    assert b"No space left on device" in done.stderr.splitlines()[-1]
    assert b"Traceback" not in done.stderr
    if "--json" in words:
        assert sorted(codes(out).values()) == ["tiled", "tiled", "unidentified"]
