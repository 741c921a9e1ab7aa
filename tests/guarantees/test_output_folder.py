"""Guarantees 7, 9, 10, 11 and 34: who may write where, and how a run ends that is told to."""

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
    as_nobody,
    check_whole,
    codes,
    command,
    counts,
    environment,
    images,
    start,
    temporaries,
    tile,
    workers_of,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals, permissions and shells of POSIX")


def wait_for(condition: object, seconds: float = 60) -> None:
    """Wait until something is so, and fail where it never is."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def made(out: Path) -> int:
    """How many pictures have their record."""
    return len(list(out.rglob("grid.json")))


def seconds_of(pid: int) -> float:
    """Processor time that a process has had; 0 where it has just ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@posix
def test_two_runs_never_write_into_one_output(tmp_path: Path) -> None:
    """Guarantee 7: the second run exits 1 and names the first; once that one is killed, the next starts at once."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 200)
    corpus.write_all(folder, {"slow.png": corpus.slow_png(9000)})  # keeps the first run at work
    first = start(folder, out)
    wait_for(lambda: made(out) > 0)
    second = start(folder, out)
    _, errors = second.communicate(timeout=60)
    assert first.poll() is None, "the first run was over too soon to be a test"
    assert (second.returncode, errors.count(b"\n")) == (1, 1)
    assert f"process {first.pid} on ".encode() in errors
    os.kill(first.pid, signal.SIGKILL)  # its workers die of it by themselves
    (folder / "slow.png").unlink()
    third = tile(folder, out)
    first.communicate()
    assert third.returncode == 0, third.stderr
    assert len(images(out)) == 200
    assert not temporaries(out)


@pytest.mark.parametrize("kind", ["a file", "no parent"])
def test_an_output_that_cannot_be_is_told_before_any_work(tmp_path: Path, kind: str) -> None:
    """Guarantee 9: an output that is a file, or whose parent is missing: exit 1 and one line."""
    corpus.photos(tmp_path / "in", 1)
    (tmp_path / "file").write_bytes(b"mine")
    out = tmp_path / "file" if kind == "a file" else tmp_path / "nowhere" / "out"
    done = tile(tmp_path / "in", out)
    assert (done.returncode, done.stderr.count(b"\n"), done.stdout) == (1, 1, b"")
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert not (tmp_path / "nowhere").exists()


@posix
def test_a_folder_without_permission_to_write_is_told_before_any_work(anyones: Path) -> None:
    """Guarantee 9: chmod 555 on the output: exit 1, one line, no picture opened."""
    corpus.photos(anyones / "in", 1)
    (anyones / "out").mkdir()
    (anyones / "out").chmod(0o555)
    done = as_nobody(anyones / "in", anyones / "out")
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert b"Permission denied" in done.stderr
    assert list((anyones / "out").iterdir()) == []


@posix
def test_a_folder_that_cannot_be_listed_is_told_before_any_work(anyones: Path) -> None:
    """Guarantee 9: chmod 333 on an output that is there: nobody knows whose it is, so exit 1 and one line."""
    corpus.photos(anyones / "in", 1)
    (anyones / "out").mkdir()
    (anyones / "out").chmod(0o333)
    done = as_nobody(anyones / "in", anyones / "out")
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1), done.stderr
    assert b"cannot be listed (Permission denied)" in done.stderr


@posix
def test_what_cannot_be_read_is_counted_and_the_rest_is_done(anyones: Path) -> None:
    """Guarantee 36: one file and one folder with chmod 000: two unreadable, three tiled, exit 3."""
    corpus.photos(anyones / "in", 3)
    corpus.photos(anyones / "in" / "closed", 2)
    corpus.photos(anyones / "in" / "more", 1)
    (anyones / "in" / "more" / "0000.jpg").chmod(0)
    (anyones / "in" / "closed").chmod(0)
    (anyones / "out").mkdir()
    (anyones / "out").chmod(0o777)
    done = as_nobody(anyones / "in", anyones / "out")
    assert done.returncode == 3, done.stderr
    summary = counts(done)
    assert (summary["found"], summary["tiled"], summary["failures"]) == (5, 3, {"unreadable": 2})
    assert codes(anyones / "out")["more/0000.jpg"] == "unreadable"
    assert b"closed: unreadable: the folder cannot be listed" in done.stderr


@posix
def test_an_input_that_cannot_be_listed_leaves_an_earlier_output_alone(anyones: Path) -> None:
    """Guarantee 36: a disk that is not there is no reason to say that there are no pictures any more."""
    corpus.photos(anyones / "in", 2)
    (anyones / "out").mkdir()
    (anyones / "out").chmod(0o777)
    assert as_nobody(anyones / "in", anyones / "out").returncode == 0
    before = (anyones / "out" / "manifest.json").read_bytes()
    (anyones / "in").chmod(0)
    done = as_nobody(anyones / "in", anyones / "out")
    assert (done.returncode, counts(done)["failures"]) == (3, {"unreadable": 1})
    assert f"{anyones / 'in'}: unreadable".encode() in done.stderr
    assert (anyones / "out" / "manifest.json").read_bytes() == before


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
@pytest.mark.parametrize("command", ["tile", "plan"])
def test_a_signal_is_noticed_while_a_list_is_waited_for(tmp_path: Path, command: str) -> None:
    """Guarantee 10: whoever writes the list may take all day; nothing is said of what it would have held."""
    out = [str(tmp_path / "out")] if command == "tile" else []
    line = [sys.executable, "-m", "dynres_cli", command, "--files-from", "-", *out]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, cwd=tmp_path) as run:
        wait_for(lambda: seconds_of(run.pid) > 0.1 and _catches_sigterm(run.pid))
        run.send_signal(signal.SIGTERM)
        assert run.wait(60) == 143
        assert run.stderr is not None
        assert b"found no image" not in run.stderr.read()
    assert not (tmp_path / "out").exists()


def _catches_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1]
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


@posix
def test_a_second_signal_ends_a_run_at_once(tmp_path: Path) -> None:
    """Guarantee 10: a picture that needs many seconds is dropped by the second SIGINT, and leaves nothing behind."""
    corpus.write_all(tmp_path / "in", {"slow.png": corpus.slow_png(9000)})
    run = start(tmp_path / "in", tmp_path / "out")
    wait_for(lambda: any(seconds_of(worker) > 0.1 for worker in workers_of(run.pid)))
    os.kill(run.pid, signal.SIGINT)
    time.sleep(0.2)
    started = time.monotonic()
    os.kill(run.pid, signal.SIGINT)
    run.communicate(timeout=60)
    assert run.returncode == 130
    assert time.monotonic() - started < 2.5
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


def test_an_output_below_its_input_is_never_taken_as_input(tmp_path: Path) -> None:
    """Guarantee 34: `tile in in/out` twice, then `in` to elsewhere: each finds the three pictures and no tile."""
    folder = tmp_path / "in"
    corpus.photos(folder, 3)
    assert counts(tile(folder, folder / "out"))["tiled"] == 3
    again = counts(tile(folder, folder / "out"))
    assert (again["tiled"], again["failed"], len(images(folder / "out"))) == (0, 0, 3)
    assert counts(tile(folder, tmp_path / "other"))["tiled"] == 3
    assert tile(folder, folder).returncode == 2
    # The input below the output: its pictures are taken, what the output holds beside them is not.
    inside = folder / "out" / "more"
    corpus.write_all(inside, {"new.png": corpus.good_files()["plain.png"]})
    summary = counts(tile(inside, folder / "out"))
    assert (summary["tiled"], list(images(folder / "out"))) == (1, ["new.png"])
