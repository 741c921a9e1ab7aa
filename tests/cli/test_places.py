"""What a command writes beside its output, and what it would not have written: drawings, logs, plans."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.command import SAMPLES, dynres


def test_a_drawing_replaces_nothing_but_a_drawing(tmp_path: Path) -> None:
    """A slip of the pen must not cost a photograph: exit 2 before any work, the file as it was."""
    photo, drawing = tmp_path / "a.jpg", tmp_path / "grid.png"
    shutil.copy(SAMPLES / "coffee.jpg", photo)
    before = photo.read_bytes()
    for words in (("inspect", photo), ("plan", photo, "--sweep", "1..2"), ("inspect", photo, "--all")):
        ran = dynres(*words, "--out", photo)
        assert (ran.status, "that dynres did not draw" in ran.err) == (2, True)
        assert dynres(*words, "--out", drawing).status == 0  # what the one before has drawn gives way
    assert photo.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "grid.png"]


def test_a_drawing_may_have_the_longest_name_that_there_is(tmp_path: Path) -> None:
    """Guarantee 28: the name under which it is written first is no longer than any file's."""
    drawing = tmp_path / f"{'n' * 251}.png"
    ran = dynres("inspect", SAMPLES / "coffee.jpg", "--out", drawing)
    assert (ran.status, list(tmp_path.iterdir())) == (0, [drawing]), ran.err


def test_a_drawing_does_not_go_to_stdout_nor_into_a_file_called_minus(tmp_path: Path) -> None:
    """Stdout is the answer's, in words or as JSON."""
    ran = dynres("inspect", SAMPLES / "coffee.jpg", "--out", "-", cwd=tmp_path)
    assert (ran.status, "as in --out grid.png" in ran.err, list(tmp_path.iterdir())) == (2, True, [])


@pytest.mark.parametrize("name", ["grid.jpg", "grid.SVG", "grid.pdf"])
def test_a_drawing_is_not_named_as_what_it_is_not(tmp_path: Path, name: str) -> None:
    """It is a PNG, and a program that goes by the name would not open it: exit 2 before any work."""
    ran = dynres("inspect", SAMPLES / "coffee.jpg", "--out", tmp_path / name)
    assert (ran.status, "drawings are PNG" in ran.err, list(tmp_path.iterdir())) == (2, True, [])


@pytest.mark.parametrize("name", ["grid", "grid.PNG", "grid.v2"])
def test_other_names_of_drawings_are_the_users_affair(tmp_path: Path, name: str) -> None:
    """No kind of picture goes by them."""
    assert dynres("inspect", SAMPLES / "coffee.jpg", "--out", tmp_path / name).status == 0


def test_a_log_replaces_nothing_but_a_log(tmp_path: Path) -> None:
    """The same for --log."""
    photo, log = tmp_path / "a.jpg", tmp_path / "run.log"
    shutil.copy(SAMPLES / "coffee.jpg", photo)
    before = photo.read_bytes()
    words = ("tile", photo, tmp_path / "out", "--max-num", "1", "-q", "--log")
    ran = dynres(*words, photo)
    assert (ran.status, "no log of dynres" in ran.err, photo.read_bytes()) == (2, True, before)
    for _again in range(2):
        assert dynres(*words, log).status == 0


def test_a_plan_of_files_that_tile_would_refuse_is_refused(tmp_path: Path) -> None:
    """Exit 2 with tile's own sentence."""
    for words in (("--tiles", "none", "--tensor", "none"), ("--preset", "ovis2", "--dtype", "uint8")):
        planned, tiled = dynres("plan", SAMPLES, *words), dynres("tile", SAMPLES, tmp_path / "out", *words)
        assert (planned.status, planned.err) == (2, tiled.err)


@pytest.mark.parametrize(
    ("place", "why"),
    [
        pytest.param("https://host/out", "can only be read", id="the web"),
        pytest.param("memory://out", "is gone when it ends", id="memory"),
        pytest.param("file:///tmp/out", "leave out the file://", id="a path as a URL"),
    ],
)
def test_what_can_be_no_output_is_refused(place: str, why: str) -> None:
    """Exit 2 and the reason, and not what became of the first file."""
    ran = dynres("tile", SAMPLES / "coffee.jpg", place)
    assert (ran.status, why in ran.err) == (2, True), ran.err
