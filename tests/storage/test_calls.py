"""Which failures of the file system end a run, and which are one picture's."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from dynres_cli.storage import NewFile, Writer, classify
from dynres_cli.storage.calls import Calls


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EFBIG, "allowed size"),
        (errno.EIO, "disk reports an error"),
    ],
)
def test_failures_that_would_repeat_end_the_run(number: int, sentence: str) -> None:
    """Guarantee 8: five errors of the file system end the run with a sentence each."""
    error = classify(OSError(number, os.strerror(number)), "out")
    assert error is not None
    assert sentence in str(error)
    assert error.exit_status == 1


def test_other_failures_are_one_pictures() -> None:
    """A missing permission, in one folder, is not the run's end."""
    assert classify(OSError(errno.EACCES, "Permission denied"), "out") is None


@pytest.mark.skipif(os.name != "posix", reason="folders have no handles elsewhere")
def test_folders_that_cannot_be_synced_are_let_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shared folders (CIFS, VirtualBox) refuse fsync of a folder: nothing more can be done. A file's refusal counts."""

    def refused(_file: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    (tmp_path / "file").touch()
    folder, file = os.open(tmp_path, os.O_RDONLY), os.open(tmp_path / "file", os.O_WRONLY)
    monkeypatch.setattr(os, "fsync", refused)
    try:
        Calls().sync(folder)
        with pytest.raises(OSError, match="Invalid argument"):
            Calls().sync(file)
    finally:
        os.close(folder)
        os.close(file)


def test_a_time_that_may_not_be_set_is_let_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a mount says that all files are another user's, resuming looks at digests instead of times."""

    def refused(*_where: object, **_how: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "utime", refused)
    Writer(str(tmp_path)).write("a.jpg", [NewFile("grid.json", (b"{}",), mtime_ns=1)])
    assert (tmp_path / "a.jpg" / "grid.json").read_bytes() == b"{}"
