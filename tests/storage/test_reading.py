"""What is read below an output: regular files inside it, and no more bytes than expected."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dynres_cli.errors import RunError
from dynres_cli.storage import open_below, read_below, safe_parts, stat_below

posix = pytest.mark.skipif(os.name != "posix", reason="links, modes and signals of POSIX")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("../x", id="up"),
        pytest.param("a/../../x", id="up in the middle"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("", id="empty"),
        pytest.param("a//b", id="an empty part"),
        pytest.param("./a", id="a dot"),
        pytest.param("a/", id="a folder"),
        pytest.param("a\0b", id="NUL"),
        pytest.param("C:/x", id="a drive"),
        pytest.param("c:\\x", id="a drive with a backslash"),
    ],
)
def test_paths_that_could_lead_elsewhere_are_refused(path: str) -> None:
    """Guarantee 23: ten paths that a forged manifest may hold."""
    with pytest.raises(RunError) as caught:
        safe_parts(path)
    assert caught.value.code == "unsafe_path"
    assert "\0" not in str(caught.value)


@given(st.text(st.sampled_from("a.:/\\\0é"), max_size=12))
@example("a..b")
@example("...")
def test_what_is_accepted_stays_below(path: str) -> None:
    """Guarantee 23: an accepted path is its own normal form, relative, below any root."""
    try:
        parts = safe_parts(path)
    except RunError:
        return
    assert os.path.normpath(path) == path
    assert os.path.commonpath(["/root", os.path.normpath(f"/root/{path}")]) == "/root"
    assert "/".join(parts) == path


@posix
@pytest.mark.parametrize("path", ["link", "folder_link/secret", "fifo", "folder", "secret/below"])
def test_only_regular_files_inside_are_read(tmp_path: Path, path: str) -> None:
    """Guarantees 21 to 23: links, FIFOs, folders and files used as folders are refused without waiting."""
    out, outside = tmp_path / "out", tmp_path / "outside"
    (out / "folder").mkdir(parents=True)
    outside.mkdir()
    for place in (out, outside):
        (place / "secret").write_bytes(b"secret")
    (out / "link").symlink_to(outside / "secret")
    (out / "folder_link").symlink_to(outside)
    os.mkfifo(out / "fifo")
    with pytest.raises(RunError, match="stands on this path"), open_below(str(out), path):
        pass


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    """Not there is not unsafe: FileNotFoundError, and no facts."""
    with pytest.raises(FileNotFoundError), open_below(str(tmp_path), "a/b"):
        pass
    assert stat_below(str(tmp_path), "a/b") is None


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    """Eleven bytes where at most ten are expected."""
    (tmp_path / "big").write_bytes(bytes(11))
    with pytest.raises(RunError, match="11 bytes, at most 10"):
        read_below(str(tmp_path), "big", limit=10)
