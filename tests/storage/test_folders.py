"""An output is looked at before the work: it can be written, has room, and holds no dead run's leftovers."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dynres_cli.errors import RunError
from dynres_cli.storage import Writer, clean_tree, free_bytes
from dynres_cli.storage.disk import check_writable
from tests.cli.command import ROOT
from tests.storage.replaced import KEY, OLD, FailAt, as_files

posix = pytest.mark.skipif(os.name != "posix", reason="links, modes and signals of POSIX")


def test_only_dead_leftovers_are_cleaned(tmp_path: Path) -> None:
    """Guarantee 5: of five files, the dead run's one goes with the next picture, the living one's with the lock's."""
    dead, living = f".dynres-tmp-{dead_pid()}-0123abcd", f".dynres-tmp-{os.getpid()}-0123abcd"
    foreign = ["notes.txt", ".dynres-tmp-mine", f"{living}.bak"]
    folder = tmp_path / KEY
    folder.mkdir(parents=True)
    for name in [dead, living, *foreign]:
        (folder / name).write_bytes(b"")
    Writer(str(tmp_path)).write(KEY, as_files(OLD))
    assert {path.name for path in folder.iterdir()} == {living, *foreign, *OLD}
    assert clean_tree(str(tmp_path)) == 1
    assert {path.name for path in folder.iterdir()} == {*foreign, *OLD}


def test_what_a_run_in_an_output_within_this_one_writes_is_left_alone(tmp_path: Path) -> None:
    """Guarantee 5: after a crash the files of pictures below are cleaned, those of another output's are not."""
    mine, other = tmp_path / "a" / KEY, tmp_path / "b" / KEY
    (tmp_path / "b" / ".dynres").mkdir(parents=True)
    (tmp_path / "b" / ".dynres" / "lock").write_bytes(b"")
    for folder in (mine, other):
        folder.mkdir(parents=True)
        (folder / f".dynres-tmp-{os.getpid()}-0123abcd").write_bytes(b"")
    assert clean_tree(str(tmp_path)) == 1
    assert (list(mine.iterdir()), len(list(other.iterdir()))) == ([], 1)


def dead_pid() -> int:
    """The number of a process that has just ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return process.pid


def test_an_output_is_checked_before_the_work(tmp_path: Path) -> None:
    """Guarantee 9: a file as output and a missing parent are refused by name; a new folder is made, empty."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunError, match="is not a folder"):
        check_writable(str(tmp_path / "file"))
    with pytest.raises(RunError, match=r"parent folder .*nowhere does not exist"):
        check_writable(str(tmp_path / "nowhere" / "out"))
    check_writable(str(tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_read_only_file_system_is_found_before_the_work(tmp_path: Path) -> None:
    """Guarantee 9: the first file that cannot be made says read-only."""
    calls = FailAt(2, OSError(errno.EROFS, "Read-only file system"))
    with pytest.raises(RunError, match="read-only"):
        check_writable(str(tmp_path / "out"), calls)


NOBODYS = """
import os, sys
from dynres_cli.storage import check_writable
if os.geteuid() == 0:
    os.setuid(65534)
check_writable(sys.argv[1])
"""


@posix
def test_a_folder_of_somebody_else_is_found_before_the_work() -> None:
    """Guarantee 9: mode 555 for a user who is not root."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        ended = subprocess.run([sys.executable, "-c", NOBODYS, folder], cwd=ROOT, check=False, capture_output=True)
    assert b"cannot be written to (Permission denied)" in ended.stderr


def test_free_space_is_known_before_the_folder_exists(tmp_path: Path) -> None:
    """Two folders that are still to be made have the space of the one that is there."""
    assert free_bytes(str(tmp_path / "a" / "b")) > 1_000_000
