"""`dynres inspect`: the chosen grid of a picture, from its header alone."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.command import SAMPLES, dynres


def sized(path: Path, width: int, height: int) -> Path:
    """A picture whose size is all that matters."""
    Image.new("RGB", (width, height)).save(path)
    return path


def test_the_json_to_the_letter(tmp_path: Path) -> None:
    """One object a line, its fields in their order."""
    sized(tmp_path / "a.jpg", 1280, 720)
    (said,) = dynres("inspect", "a.jpg", "--json", cwd=tmp_path).lines
    assert said == {
        "source": "a.jpg",
        "status": "ok",
        "width": 1280,
        "height": 720,
        "preset": "internvl2",
        "strategy": "internvl",
        "grid": {"cols": 4, "rows": 2},
        "canvas": {"width": 1792, "height": 896},
        "tiles": 8,
        "thumbnail": True,
        "total": 9,
        "tokens": 2304,
        "flags": ["upscaled:1.4x", "distorted:1.1x"],
    }


def test_a_name_that_is_no_utf8_has_its_bytes_beside_it(tmp_path: Path) -> None:
    """As in a record: pictures whose names are shown alike can be told apart, sound or not."""
    names = [os.fsdecode(byte + b".png") for byte in (b"\xfe", b"\xff")]
    sized(tmp_path / names[0], 20, 10)
    (tmp_path / names[1]).write_bytes(b"")
    said = dynres("inspect", *names, "--json", cwd=tmp_path).lines
    assert [(each["source"], each["status"]) for each in said] == [("\ufffd.png", "ok"), ("\ufffd.png", "failed")]
    assert [base64.b64decode(each["raw"]) for each in said] == [b"\xfe.png", b"\xff.png"]


def test_a_picture_from_stdin() -> None:
    """`cat x.jpg | dynres inspect - --json | jq .grid`."""
    ran = dynres("inspect", "-", "--json", stdin=(SAMPLES / "coffee.jpg").read_bytes())
    assert (ran.status, ran.json["grid"]) == (0, {"cols": 3, "rows": 2})


def test_a_picture_from_stdin_is_all_that_one_from_a_file_is(tmp_path: Path) -> None:
    """It is drawn, looked at twice and frame by frame, though stdin can be read only once."""
    sized(tmp_path / "a.png", 60, 30)
    photo = (tmp_path / "a.png").read_bytes()
    drawings = [tmp_path / "piped.png", tmp_path / "named.png"]
    assert dynres("inspect", "-", "--out", drawings[0], stdin=photo).status == 0
    assert dynres("inspect", tmp_path / "a.png", "--out", drawings[1]).status == 0
    assert drawings[0].read_bytes() == drawings[1].read_bytes()
    assert dynres("inspect", "-", "--all", "--out", tmp_path / "sheet.png", "--json", stdin=photo).status == 0
    twice = dynres("inspect", "-", "-", "--json", stdin=photo)
    assert (twice.status, twice.lines[0]) == (0, twice.lines[1])
    page = Image.new("L", (20, 10))
    page.save(tmp_path / "two.tif", save_all=True, append_images=[Image.new("L", (10, 20))])
    frames = dynres("inspect", "-", "--frames", "all", "--json", stdin=(tmp_path / "two.tif").read_bytes())
    assert [(each["frame"], each["width"], each["height"]) for each in frames.lines] == [(0, 20, 10), (1, 10, 20)]


def test_a_bad_file_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    """Exit 3; its object says where and why; a file that does not exist is a usage error."""
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    sized(tmp_path / "good.png", 10, 10)
    ran = dynres("inspect", "bad.png", "good.png", "--json", cwd=tmp_path)
    bad, good = ran.lines
    assert ran.status == 3
    assert list(bad) == ["source", "status", "stage", "code", "message"]
    assert (bad["status"], good["status"]) == ("failed", "ok")
    assert dynres("inspect", "missing.png", cwd=tmp_path).status == 2


def test_a_person_sees_the_grid_and_the_runners_up(tmp_path: Path) -> None:
    """Facts, the drawn grid in 80 columns, and the next candidates with their distances."""
    sized(tmp_path / "a.png", 1280, 720)
    text = dynres("inspect", "a.png", cwd=tmp_path).out
    assert "1280×720, PNG, RGB" in text
    assert "grid    4×2, tiles of 448×448" in text
    assert "8 tiles + thumbnail last = 9" in text
    assert "┬" in text
    assert max(map(len, text.splitlines())) <= 80
    chosen, following = (line.split() for line in text.rstrip().splitlines()[-5:-3])
    assert chosen == ["4×2", "2.000", "0.222", "chosen"]
    assert float(following[2]) >= 0.222


def test_orientation_is_flagged_and_applied_on_request() -> None:
    """The sample lies on its side: 448×320 as stored, 320×448 upright."""
    stored, upright = (
        dynres("inspect", SAMPLES / "portrait-exif.jpg", "--json", "--exif", exif).json for exif in ("ignore", "apply")
    )
    assert (stored["width"], stored["height"]) == (448, 320)
    assert stored["flags"][:2] == ["exif_rotated", "grid_flipped_by_exif"]
    assert (upright["width"], upright["height"], upright["flags"][0][:8]) == (320, 448, "upscaled")


def test_the_grid_is_drawn_over_the_picture(tmp_path: Path) -> None:
    """The picture, a margin, and the thumbnail as the model sees it."""
    ran = dynres("inspect", SAMPLES / "coffee.jpg", "--out", tmp_path / "grid.png")
    assert ran.status == 0
    with Image.open(tmp_path / "grid.png") as sheet:
        assert sheet.size == (600 + 24 + 448, 448)
    assert dynres("inspect", SAMPLES / "coffee.jpg", "--out", tmp_path / "no" / "grid.png").status == 2


@pytest.mark.parametrize("more", [(), ("--all",)])
def test_a_picture_that_cannot_be_drawn_is_a_bad_file(tmp_path: Path, more: tuple[str, ...]) -> None:
    """Its header promised more than the file holds: one object that says so, and a line that names it."""
    (tmp_path / "cut.jpg").write_bytes((SAMPLES / "coffee.jpg").read_bytes()[:20_000])
    ran = dynres("inspect", "cut.jpg", "--out", "grid.png", "--json", *more, cwd=tmp_path)
    (said,) = ran.lines
    assert ran.status == 3
    assert (said["source"], said["status"], said["stage"], said["code"]) == ("cut.jpg", "failed", "decode", "truncated")
    assert ran.err == f"failed  cut.jpg: truncated: {said['message']}\n"
    assert not (tmp_path / "grid.png").exists()


@pytest.mark.parametrize("arguments", [("--max-num", "0"), ("--preset", "nothing"), ("--alpha", "#12345")])
def test_a_wrong_option_is_a_usage_error(arguments: tuple[str, str]) -> None:
    """Exit 2 with a sentence that says what is allowed."""
    assert dynres("inspect", SAMPLES / "coffee.jpg", *arguments).status == 2
