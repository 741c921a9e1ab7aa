"""`dynres map` and `dynres join` as commands: lines, words, files and exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.command import ROOT, Ran, dynres, tree
from tests.operations.outputs import copy, edit, pictures, record, tiled

BOX = {"id": 1, "key": "a/wide.png", "box": [0, 0, 45, 30], "label": "é"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small pictures, tiled; not to be changed."""
    folder = tmp_path_factory.mktemp("map")
    return tiled(pictures(folder / "in"), folder / "out")


def mapped(out: Path, *boxes: object, options: tuple[str, ...] = ()) -> Ran:
    """The command with boxes on its stdin."""
    return dynres("map", out, "-", *options, stdin="\n".join(map(json.dumps, boxes)).encode())


def test_a_line_has_the_fields_of_the_contract(finished: Path) -> None:
    """In their order, what was given beside them last; numbers are floats."""
    grid = record(finished, "a/wide.png")["grid"]
    assert grid == {"cols": 3, "rows": 2}
    ran = mapped(finished, BOX)
    assert ran.status == 0
    assert [list(line) for line in ran.lines] == [
        ["id", "key", "view", "row", "col", "box", "share", "flags", "label"]
    ] * len(ran.lines)
    assert ran.lines[0] == {
        "id": 1,
        "key": "a/wide.png",
        "view": 0,
        "row": 0,
        "col": 0,
        "box": [0.0, 0.0, 28.0, 28.0],
        "share": pytest.approx(2 / 3),
        "flags": ["clipped"],
        "label": "é",
    }
    assert [line["view"] for line in ran.lines] == [0, 1]
    assert sum(line["share"] for line in ran.lines) == pytest.approx(1)


def test_half_an_emoji_is_carried_along(finished: Path) -> None:
    """As a text that was cut in the middle of one has it; what is printed is UTF-8 all the same."""
    ran = mapped(finished, {**BOX, "id": "\ud83d", "label": "cut \ud83d"})
    assert ran.status == 0
    assert {(line["id"], line["label"]) for line in ran.lines} == {("\ud83d", "cut \ud83d")}


def test_unknown_keys_and_views_are_listed_and_the_others_mapped(finished: Path) -> None:
    """Exit 3; each reason once."""
    ran = mapped(finished, BOX, {"key": "no.jpg", "point": [1, 1]}, {"key": "no.jpg", "point": [2, 2]})
    assert (ran.status, len(ran.lines)) == (3, 2)
    assert ran.err == "not mapped  no.jpg: is not in the manifest\n"
    ran = mapped(finished, {"key": "bad.jpg", "point": [1, 1]}, {"key": "z.bmp", "point": [1, 1]})
    assert (ran.status, len(ran.lines)) == (3, 1)
    assert ran.err == "not mapped  bad.jpg: was not tiled (unidentified)\n"
    ran = mapped(finished, {**BOX, "view": 99}, options=("--from", "tile", "--to", "original"))
    assert (ran.status, ran.out) == (3, "")
    assert "no view 99" in ran.err


def test_a_mistake_in_the_last_line_leaves_no_half_answer(finished: Path) -> None:
    """Exit 2, with its line; stdout is empty."""
    ran = mapped(finished, BOX, {"key": "z.bmp", "box": [1]})
    assert (ran.status, ran.out) == (2, "")
    assert "-:2: " in ran.err
    assert dynres("map", finished, "no-such-file").status == 2


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of Unix")
@pytest.mark.parametrize(
    ("script", "status"),
    [
        pytest.param('exec "$@" <(cat "$0")', 0, id="a pipe by the shell's own name"),
        pytest.param('cat "$0" | "$@" /dev/stdin', 0, id="the device"),
        pytest.param('cat "$0" | "$@" -', 0, id="stdin"),
        pytest.param('exec "$@" - <&-', 2, id="no stdin"),
    ],
)
def test_boxes_may_come_through_a_pipe(finished: Path, tmp_path: Path, script: str, status: int) -> None:
    """What cannot be read twice is kept; where there is no stdin at all, that is said."""
    (tmp_path / "boxes").write_text(json.dumps(BOX))
    command = ["bash", "-c", script, str(tmp_path / "boxes"), sys.executable, "-m", "dynres_cli", "map", str(finished)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (status, "" if status else mapped(finished, BOX).out), ran.stderr
    assert ("there is no stdin to read boxes from; name a file" in ran.stderr) == (status == 2)


def test_out_draws_on_the_canvas(finished: Path, tmp_path: Path) -> None:
    """One picture as large as the canvas; boxes of two pictures have no one drawing."""
    assert mapped(finished, BOX, options=("--out", str(tmp_path / "x.png"))).status == 0
    canvas = record(finished, "a/wide.png")["canvas"]
    with Image.open(tmp_path / "x.png") as drawn:
        assert drawn.size == (canvas["width"], canvas["height"])
    ran = mapped(finished, BOX, {**BOX, "key": "z.bmp"}, options=("--out", str(tmp_path / "y.png")))
    assert (ran.status, ran.out) == (2, "")
    assert not (tmp_path / "y.png").exists()


@pytest.mark.parametrize("command", ["map", "join"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("dynres.manifest/1", "dynres.manifest/2", id="a newer schema"),
        pytest.param('"path": "z.bmp/tile_r0_c0.png"', '"path": "../../x"', id="a path that leads outside"),
        pytest.param('"key": "z.bmp"', '"key": "y.bmp"', id="edited"),
        pytest.param("]}\n", "", id="cut"),
    ],
)
def test_bad_manifests_are_exit_1_and_nothing_is_written(
    finished: Path, tmp_path: Path, command: str, old: str, new: str
) -> None:
    """With the manifest's name; nothing on stdout, no file anywhere."""
    out = copy(finished, tmp_path / "out")
    edit(out, old, new)
    before = tree(tmp_path)
    ran = mapped(out, BOX) if command == "map" else dynres("join", out, tmp_path / "dest")
    assert (ran.status, ran.out) == (1, "")
    assert f"{out}/manifest.json" in ran.err
    assert tree(tmp_path) == before


def test_join_says_what_it_did(finished: Path, tmp_path: Path) -> None:
    """Four pictures, one that was never tiled; exit 3 and its name where a tile is gone."""
    ran = dynres("join", finished, tmp_path / "dest", "--json", "-q")
    assert (ran.status, ran.err) == (0, "")
    assert ran.json == {"joined": 4, "skipped": 1, "failed": [], "lossy": False}
    out = copy(finished, tmp_path / "out")
    (out / "z.bmp" / "tile_r0_c0.png").unlink()
    ran = dynres("join", out, tmp_path / "other", "--size", "original")
    assert ran.status == 3
    assert "failed  z.bmp/tile_r0_c0.png" in ran.err
    assert "lossy" in ran.err
