"""The bar on a terminal: lines that come while it stands there do not run into it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import ROOT
from tests.files import picture_at

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a terminal of POSIX")


def seen(*arguments: str | Path) -> list[str]:
    """Every line that a terminal of 80 columns shows in the end, were it high enough."""
    import termios  # noqa: PLC0415 - Windows has none

    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    command = [sys.executable, "-m", "dynres_cli", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=theirs, env=environment):
        os.close(theirs)
        told = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return [_shown(line) for line in told.decode().replace("\r\n", "\n").split("\n")]


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that nobody has the other end open
        return b""


def _shown(line: str) -> str:
    """What is left of a line in which a carriage return was followed by other words."""
    left = ""
    for part in line.split("\r"):
        left = part + left[len(part) :]
    return left.rstrip()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Four pictures and a file that is none."""
    (tmp_path / "in").mkdir()
    for number in range(4):
        picture_at(tmp_path / "in" / f"{number}.png")
    (tmp_path / "in" / "bad.png").write_bytes(b"no picture")
    return tmp_path / "in"


def test_a_line_that_comes_while_the_bar_stands_has_a_line_of_its_own(pictures: Path, tmp_path: Path) -> None:
    """`tile -v` tells of each picture as it comes, and the bar is below them at the end."""
    lines = seen("tile", "-v", pictures, tmp_path / "out")
    told = [line for line in lines if "tiled  " in line or "failed  " in line]
    assert len(told) == 5
    assert all(line.startswith(("tiled  ", "failed  ")) and "img/s" not in line for line in told)
    bars = [line for line in lines if "img" in line and "%" in line]
    assert len(bars) == 1
    assert lines.index(bars[0]) > lines.index(told[-1])


def test_data_on_the_same_terminal_has_lines_of_its_own(pictures: Path, tmp_path: Path) -> None:
    """`verify` prints its findings on stdout while its bar stands on stderr: here more than a buffer holds."""
    seen("tile", pictures, tmp_path / "out")
    for number in range(4):
        for extra in range(100):
            (tmp_path / "out" / f"{number}.png" / f"extra{extra:02}.png").touch()
    found = [line for line in seen("verify", tmp_path / "out") if "is named by no record" in line]
    assert len(found) == 400
    assert all(line.startswith("extra       ") and "img" not in line for line in found)


def test_one_view_is_one_view(tmp_path: Path) -> None:
    """A run of one square picture ends with `1 view` beside its bar."""
    picture_at(tmp_path / "one.png", 50, 50)
    assert any("1 view, 0 failed" in line for line in seen("tile", tmp_path / "one.png", tmp_path / "out"))
