"""Guarantees 7, 9, 34 and 36: who may write where, and what cannot be read or written."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.guarantees import corpus
from tests.guarantees.command import (
    as_nobody,
    codes,
    counts,
    images,
    made,
    start,
    temporaries,
    tile,
    wait_for,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and permissions of POSIX")


@posix
def test_two_runs_never_write_into_one_output(tmp_path: Path) -> None:
    """Guarantee 7: the second run exits 1 and names the first; once that one is killed, the next starts at once."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 60)
    corpus.write_all(folder, {"slow.jpg": corpus.slow_jpeg()})  # keeps the first run at work
    first = start(folder, out)
    wait_for(lambda: made(out) > 0)
    second = start(folder, out)
    _, errors = second.communicate(timeout=60)
    assert first.poll() is None, "the first run was over too soon to be a test"
    assert (second.returncode, errors.count(b"\n")) == (1, 1)
    assert f"process {first.pid} on ".encode() in errors
    os.kill(first.pid, signal.SIGKILL)  # its workers die of it by themselves
    (folder / "slow.jpg").unlink()
    third = tile(folder, out)
    first.communicate()
    assert third.returncode == 0, third.stderr
    assert len(images(out)) == 60
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
