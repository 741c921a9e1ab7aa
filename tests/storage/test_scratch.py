"""Folders in TMPDIR: none outlives its process for long, and nobody's who is alive is touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dynres_cli.storage import scratch
from dynres_cli.storage.scratch import new_scratch, remove_leftovers
from tests.cli.command import ROOT, dynres
from tests.storage.archives import JPEG, tar

posix = pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot be asked whether it is alive")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A TMPDIR of the test's own."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def killed(temporary: Path, code: str) -> int:
    """The number of a process that was killed after it had run this code."""
    code += "; import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    with subprocess.Popen([sys.executable, "-c", code], env=env) as process:
        assert process.wait(60) == -signal.SIGKILL
    return process.pid


@posix
def test_what_a_killed_run_unpacked_goes_with_the_next_run(tmp_path: Path) -> None:
    """The unpacked archive of a process that had no time to clean up."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    path = tar(tmp_path / "t.tar.gz", {"a.jpg": JPEG}, "w:gz")
    killed(temporary, f"from dynres_cli.containers import tars; list(tars.members({str(path)!r}))")
    (left,) = temporary.iterdir()
    assert left.name.startswith("dynres-unpacked-")
    # Another seed makes it a new process: one that was forked may remember another TMPDIR.
    small = ("--image-size", "32", "--max-num", "1", "-q")
    ran = dynres("tile", path, tmp_path / "out", *small, TMPDIR=str(temporary), PYTHONHASHSEED="1")
    assert ran.status == 0, ran.err
    assert list(temporary.iterdir()) == []


@posix
def test_only_folders_of_the_dead_are_removed(temporary: Path) -> None:
    """Those of the living stay, those of another machine, links, files, and whatever has another name."""
    make = "from dynres_cli.storage import new_scratch; new_scratch('ahead')"
    own = Path(new_scratch("ahead"))
    number = killed(temporary, make)
    (dead,) = set(temporary.iterdir()) - {own}
    (dead / "in").mkdir()
    (dead / "in" / "picture").write_bytes(JPEG)
    word = dead.name.split("-")[2]
    for kept in (f"dynres-ahead-00000000-{number}-x", f"dynres-ahead-{number}-x", f"other-ahead-{word}-{number}-x"):
        (temporary / kept).mkdir()
    (temporary / f"dynres-ahead-{word}-{number}-file").write_bytes(b"")
    (temporary / f"dynres-ahead-{word}-{number}-link").symlink_to(own)
    before = set(temporary.iterdir())
    remove_leftovers()
    assert before - set(temporary.iterdir()) == {dead}


@posix
def test_a_folder_of_another_user_stays(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may remove it."""
    killed(temporary, "from dynres_cli.storage import new_scratch; new_scratch('ahead')")
    real = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: real + 1)
    remove_leftovers()
    assert len(list(temporary.iterdir())) == 1


def test_a_folder_lasts_as_long_as_its_block(temporary: Path) -> None:
    """Also where that ends with an error, and whatever lies in the folder."""

    def broken() -> None:
        with scratch("report") as folder:
            Path(folder, "page").write_bytes(b"")
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert list(temporary.iterdir()) == []
