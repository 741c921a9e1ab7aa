"""Which failures of the file system end a run, and which are one picture's."""

from __future__ import annotations

import errno
import os

import pytest

from dynres_cli.storage import classify


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
