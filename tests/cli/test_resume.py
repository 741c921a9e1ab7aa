"""`dynres tile` into an output that is there: what is left alone, and what is made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.command import dynres, tree
from tests.files import picture_at


def test_a_second_run_finds_everything_done(folder: Path, tmp_path: Path) -> None:
    """Nothing is written again: every file keeps its inode and time."""
    out = tmp_path / "out"
    dynres("tile", folder, out)
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.rglob("*") if path.is_file()}
    said = dynres("tile", folder, out, "--json").json
    assert (said["tiled"], said["skipped"], said["failed"]) == (0, 3, 0)
    after = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in before if path.name != "lock"}
    assert after == {path: told for path, told in before.items() if path.name != "lock"}


@pytest.mark.parametrize("lost", ["b.jpg/grid.json", "b.jpg/tile_r0_c0.png", "manifest.json"])
def test_a_resumed_run_ends_with_the_same_bytes(folder: Path, tmp_path: Path, lost: str) -> None:
    """Whatever was missing is made again, and the tree is that of an undisturbed run."""
    dynres("tile", folder, tmp_path / "whole")
    dynres("tile", folder, tmp_path / "out")
    (tmp_path / "out" / lost).unlink()
    assert dynres("tile", folder, tmp_path / "out").status == 0
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_other_options_redo_what_they_change(folder: Path, tmp_path: Path) -> None:
    """A run with other parameters never mixes with an earlier one's files."""
    dynres("tile", folder, tmp_path / "out")
    said = dynres("tile", folder, tmp_path / "out", "--max-num", "2", "--json").json
    assert said["tiled"] == 2
    dynres("tile", folder, tmp_path / "fresh", "--max-num", "2")
    assert tree(tmp_path / "out") == tree(tmp_path / "fresh")


@pytest.mark.parametrize("text", [None, "", "{}"])
def test_files_whose_record_is_lost_are_made_anew(folder: Path, tmp_path: Path, text: str | None) -> None:
    """No file of the earlier run stays behind, though nothing tells any more which there were."""
    dynres("tile", folder, tmp_path / "out")
    record = tmp_path / "out" / "b.jpg" / "grid.json"
    record.unlink() if text is None else record.write_text(text)
    assert dynres("tile", folder, tmp_path / "out", "--max-num", "2").status == 0
    dynres("tile", folder, tmp_path / "fresh", "--max-num", "2")
    assert tree(tmp_path / "out") == tree(tmp_path / "fresh")


@pytest.mark.parametrize("limit", [("--max-tiles", "3"), ("--max-pixels", "5000"), ("--max-bytes", "700")])
def test_a_lower_limit_holds_for_what_was_tiled_before(folder: Path, tmp_path: Path, limit: tuple[str, str]) -> None:
    """The outcome is that of a run into an empty folder."""
    assert dynres("tile", folder, tmp_path / "out").status == 0
    assert dynres("tile", folder, tmp_path / "out", *limit).status == 3
    assert dynres("tile", folder, tmp_path / "fresh", *limit).status == 3
    assert tree(tmp_path / "out") == tree(tmp_path / "fresh")


def test_what_a_run_over_all_frames_made_goes_with_a_run_over_the_first(tmp_path: Path) -> None:
    """And the other way round."""
    shades = [Image.new("RGB", (40, 30), (40 * number, 0, 0)) for number in range(3)]
    shades[0].save(tmp_path / "a.gif", save_all=True, append_images=shades[1:])
    for options in ((), ("--frames", "all"), ()):
        assert dynres("tile", tmp_path / "a.gif", tmp_path / "out", *options).status == 0
        dynres("tile", tmp_path / "a.gif", tmp_path / f"fresh{len(options)}", *options)
        assert tree(tmp_path / "out") == tree(tmp_path / f"fresh{len(options)}")


def test_a_failure_is_repeated_until_its_source_changes(folder: Path, tmp_path: Path) -> None:
    """Exit 3 again without trying; a whole copy of the file is tiled, the good ones are not touched."""
    (folder / "b.jpg").write_bytes((folder / "b.jpg").read_bytes()[:300])
    assert dynres("tile", folder, tmp_path / "out").status == 3
    again = dynres("tile", folder, tmp_path / "out", "--json")
    assert (again.status, again.json["tiled"], again.json["failed"]) == (3, 0, 1)
    picture_at(folder / "b.jpg")
    mended = dynres("tile", folder, tmp_path / "out", "--json")
    assert (mended.status, mended.json["tiled"], mended.json["skipped"]) == (0, 1, 2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"key": "b.jpg"', '"key": "../../b.jpg"', id="a key that leads outside"),
        pytest.param('"key": "b.jpg"', '"key": "a.png"', id="another picture's key"),
        pytest.param('"path": "b.jpg/tile_r0_c0.png"', '"path": "elsewhere/tile_r0_c0.png"', id="another's file"),
    ],
)
def test_a_record_of_another_place_does_not_reach_the_manifest(
    folder: Path, tmp_path: Path, old: str, new: str
) -> None:
    """Guarantee 23: whoever edited it, the picture is made again, and the tree is that of an undisturbed run."""
    dynres("tile", folder, tmp_path / "whole")
    dynres("tile", folder, tmp_path / "out")
    record = tmp_path / "out" / "b.jpg" / "grid.json"
    text = record.read_text("utf-8")
    assert old in text
    record.write_text(text.replace(old, new), "utf-8")
    said = dynres("tile", folder, tmp_path / "out", "--json").json
    assert (said["tiled"], said["skipped"], said["failed"]) == (1, 2, 0)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_a_record_that_was_laid_out_anew_does_not_break_the_manifest(folder: Path, tmp_path: Path) -> None:
    """A formatter makes many lines of grid.json, and the manifest has one a picture: it is made again."""
    dynres("tile", folder, tmp_path / "whole")
    dynres("tile", folder, tmp_path / "out")
    record = tmp_path / "out" / "b.jpg" / "grid.json"
    record.write_text(json.dumps(json.loads(record.read_text("utf-8")), indent=2) + "\n", "utf-8")
    assert dynres("tile", folder, tmp_path / "out").status == 0
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


@pytest.mark.parametrize("options", [(), ("--into",), ("--overwrite",)])
def test_an_output_of_a_newer_dynres_stays_as_it_is(folder: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    """Exit 1 with what to do, and not a byte is changed: an older version must not undo what it cannot read."""
    dynres("tile", folder, tmp_path / "out")
    manifest = tmp_path / "out" / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace("dynres.manifest/1", "dynres.manifest/2", 1), "utf-8")
    before = tree(tmp_path / "out")
    ran = dynres("tile", folder, tmp_path / "out", "--max-num", "2", *options)
    assert (ran.status, "install a newer dynres, or name another output" in ran.err) == (1, True)
    assert tree(tmp_path / "out") == before
