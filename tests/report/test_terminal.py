"""Pictures in terminals: when they are shown, and by which characters."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from dynres_cli.report.terminal import exact_colours, half_block, kitty, means
from tests.cli.command import SAMPLES, dynres

KITTY = {"TERM": "xterm-kitty"}


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        pytest.param({"TERM": "xterm-256color"}, "blocks", id="nearly all"),
        pytest.param(KITTY, "kitty", id="kitty"),
        pytest.param({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "kitty", id="others that speak it"),
        pytest.param({**KITTY, "TMUX": "/tmp/tmux"}, "blocks", id="tmux passes text on, not commands"),
        pytest.param({"TERM": "tmux-256color", "TERM_PROGRAM": "ghostty"}, "blocks", id="tmux by its name"),
        pytest.param({**KITTY, "NO_COLOR": "1"}, "none", id="NO_COLOR"),
        pytest.param({"TERM": "dumb"}, "none", id="a plain terminal"),
        pytest.param({}, "none", id="no terminal named"),
    ],
)
def test_what_a_terminal_can_show(environment: Mapping[str, str], shown: str) -> None:
    """And nothing at all where stdout is no terminal."""
    assert means(environment, terminal=True) == shown
    assert means(environment, terminal=False) == "none"


@pytest.mark.parametrize(
    ("levels", "told"),
    [
        pytest.param((255, 0, 0), "5;196", id="red"),
        pytest.param((128, 128, 128), "5;244", id="grey, from the ramp"),
        pytest.param((0, 0, 0), "5;16", id="black"),
    ],
)
def test_two_levels_in_one_character(levels: tuple[int, int, int], told: str) -> None:
    """The upper one is the block's colour, the lower one its background."""
    assert half_block(levels, (1, 2, 3), exact=False) == f"\x1b[38;{told};48;5;16m▀\x1b[0m"
    red, green, blue = levels
    assert half_block(levels, (1, 2, 3), exact=True) == f"\x1b[38;2;{red};{green};{blue};48;2;1;2;3m▀\x1b[0m"
    assert (exact_colours({"COLORTERM": "truecolor"}), exact_colours({})) == (True, False)


def test_kitty_gets_the_png_in_pieces() -> None:
    """4,096 characters each, the last one marked; together they are the file."""
    png = bytes(range(256)) * 40
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", kitty(png, 70))
    assert base64.b64decode("".join(data for _, data in pieces)) == png
    assert pieces[0][0] == "a=T,f=100,q=2,c=70,m=1"
    assert [keys for keys, _ in pieces[1:]] == ["m=1"] * (len(pieces) - 2) + ["m=0"]
    assert max(len(data) for _, data in pieces) == 4096


def test_the_picture_stands_in_the_lines_of_its_grid(tmp_path: Path) -> None:
    """Left red, right blue: the first tile's blocks are red, the second one's blue; the numbers stay text."""
    picture = Image.new("RGB", (896, 448), (255, 0, 0))
    picture.paste((0, 0, 255), (448, 0, 896, 448))
    picture.save(tmp_path / "two.png")
    ran = dynres("inspect", "two.png", "--picture", "blocks", cwd=tmp_path, COLORTERM="truecolor")
    lines = ran.out.splitlines()
    first, second = next(line for line in lines if "│ 0 " in line).split("│")[1:3]
    assert "│ 1 " in next(line for line in lines if "│ 0 " in line)
    assert set(re.findall(r"38;2;([0-9;]+);48;2;([0-9;]+)m", first)) == {("255;0;0", "255;0;0")}
    assert set(re.findall(r"38;2;([0-9;]+);48;2;([0-9;]+)m", second)) == {("0;0;255", "0;0;255")}
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    assert max(map(len, plain)) <= 80


def test_a_file_gets_no_picture(tmp_path: Path) -> None:
    """A pipe has no escape in it; kitty's way, asked for, holds the drawing of --out."""
    assert "\x1b" not in dynres("inspect", SAMPLES / "coffee.jpg", COLORTERM="truecolor", TERM="xterm-kitty").out
    shown = dynres("inspect", SAMPLES / "coffee.jpg", "--picture", "kitty", "--out", tmp_path / "grid.png").out
    data = base64.b64decode("".join(re.findall(r"\x1b_G[^;]*;([^\x1b]*)\x1b", shown)))
    with Image.open(io.BytesIO(data)) as drawn, Image.open(tmp_path / "grid.png") as saved:
        assert drawn.tobytes() == saved.tobytes()


def test_pixels_that_cannot_be_had_leave_the_plain_drawing(tmp_path: Path) -> None:
    """A cut file has a header: its grid is told, and one line says why the picture is not there."""
    whole = (SAMPLES / "coffee.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    ran = dynres("inspect", tmp_path / "cut.jpg", "--picture", "blocks")
    assert (ran.status, "\x1b" in ran.out, "│ 0 " in ran.out) == (0, False, True)
    assert "the picture is not shown" in ran.err
