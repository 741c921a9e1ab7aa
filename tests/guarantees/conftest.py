"""Where the tests of the guarantees work that take more than a folder of pytest's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def anyones() -> Iterator[Path]:
    """A folder that every user may enter, which pytest's own are not; what is put there every user may read."""
    before = os.umask(0o022)
    place = Path(tempfile.mkdtemp(prefix="dynres-test-"))
    place.chmod(0o777)
    yield place
    os.umask(before)
    subprocess.run(["chmod", "-R", "u+rwx", place], check=False)
    shutil.rmtree(place)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only the superuser can mount a small disk")
    yield place
    subprocess.run(["umount", "-l", place], check=True)
