"""`dynres merge`: shards joined, and every way in which something can be missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import dynres_cli
from dynres_cli.cli.merge import EPILOG
from dynres_cli.keys import shard_of
from tests.cli.command import ROOT, dynres, manifest, tree
from tests.operations.outputs import SMALL, copy, edit, pictures, tiled
from tests.pictures import noise


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the outputs of two shards in `all`, and of the whole run in `whole`; not to be changed."""
    folder = tmp_path_factory.mktemp("merge")
    source = pictures(folder / "in")
    tiled(source, folder / "whole")
    (folder / "all").mkdir()
    for number in (1, 2):
        tiled(source, folder / "all" / f"part{number}", *SMALL, "--shard", f"{number}/2")
    return folder


@pytest.fixture
def shards(finished: Path, tmp_path: Path) -> Path:
    """The two shards to work on."""
    return copy(finished / "all", tmp_path / "all")


def test_the_merged_manifest_is_the_whole_runs_but_for_the_folders(finished: Path, shards: Path) -> None:
    """The same head, save the parts' names; the same records in the same order, their files where they lie."""
    ran = dynres("merge", shards / "part2", shards / "part1", "-o", shards, "--json")
    assert ran.status == 0
    assert ran.json == {"outs": 2, "images": 5, "tiled": 4, "failed": 1, "manifest": f"{shards}/manifest.json"}
    merged, whole = manifest(shards), manifest(finished / "whole")
    assert merged["run"].pop("parts") == ["part1", "part2"]
    assert merged["run"] == whole["run"]
    for one, other in zip(merged["images"], whole["images"], strict=True):
        for entry in one.get("files", ()):
            assert (shards / entry["path"]).is_file()
            entry["path"] = entry["path"].partition("/")[2]
        assert one == other


def test_a_second_merge_writes_the_same_bytes(shards: Path) -> None:
    """In whatever order the parts are given."""
    parts = [shards / "part1", shards / "part2"]
    assert dynres("merge", *parts, "-o", shards).status == 0
    before = tree(shards)
    assert dynres("merge", *reversed(parts), "-o", shards).status == 0
    assert tree(shards) == before


def test_every_other_command_takes_the_merged_folder(finished: Path, shards: Path, tmp_path: Path) -> None:
    """Verify finds nothing, and then what is damaged; join and diff work; open_run has the arrays."""
    dynres("merge", shards / "part1", shards / "part2", "-o", shards)
    ran = dynres("verify", shards, "--json", "--against", "pillow", "--source", finished / "in")
    assert (ran.status, ran.json["findings"]) == (0, [])
    assert dynres("diff", shards, finished / "whole").status == 0
    assert dynres("join", shards, tmp_path / "dest", "--json").json["joined"] == 4
    assert len(dynres_cli.open_run(shards)["z.bmp"].pixel_values) == 7
    path = next(shards.glob("part*/z.bmp"))
    (path / "thumbnail.png").unlink()
    (path / "stranger").touch()
    (shards / "part1" / "stranger").touch()
    folder = path.relative_to(shards).as_posix()
    found = {each["path"]: each["problem"] for each in dynres("verify", shards, "--json").json["findings"]}
    assert found == {
        f"{folder}/thumbnail.png": "missing",
        f"{folder}/stranger": "extra",
        "part1/stranger": "extra",
    }


def test_a_missing_shard_is_named_and_nothing_is_written(shards: Path) -> None:
    """Exit 1."""
    ran = dynres("merge", shards / "part2", "-o", shards)
    assert ran.status == 1
    assert "missing of 2 shards: 1/2" in ran.err
    assert not (shards / "manifest.json").exists()


def test_a_doubled_shard_is_named(shards: Path) -> None:
    """Both folders."""
    copy(shards / "part1", shards / "again")
    ran = dynres("merge", shards / "part1", shards / "part2", shards / "again", "-o", shards)
    assert ran.status == 1
    assert "shard 1/2 is there twice" in ran.err
    assert "again" in ran.err


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        pytest.param('"max_num": 6', '"max_num": 7', "the parameters", id="parameters"),
        pytest.param('"algorithm": ', '"algorithm": 9', "the algorithm", id="algorithm"),
        pytest.param('"exif": "ignore"', '"exif": "apply"', "the options", id="options"),
        pytest.param('"listing": {"count": 5', '"listing": {"count": 6', "the inputs", id="listing"),
    ],
)
def test_shards_of_different_runs_are_refused(shards: Path, old: str, new: str, what: str) -> None:
    """With what differs, and both manifests' names."""
    edit(shards / "part2", old, new)
    ran = dynres("merge", shards / "part1", shards / "part2", "-o", shards)
    assert ran.status == 1
    assert f"differ in {what}" in ran.err


def test_no_run_writes_over_a_merged_manifest(finished: Path, shards: Path) -> None:
    """It would take the parts for strangers; each part itself can be tiled again."""
    assert dynres("merge", shards / "part1", shards / "part2", "-o", shards).status == 0
    before = tree(shards)
    ran = dynres("tile", finished / "in", shards, *SMALL)
    assert (ran.status, ran.out) == (1, "")
    assert f"{shards}/manifest.json: joins the outputs below it" in ran.err
    assert dynres("tile", finished / "in", shards / "part1", *SMALL, "--shard", "1/2").status in (0, 3)
    assert tree(shards) == before


@pytest.mark.skipif(sys.platform == "win32", reason="links of POSIX")
def test_a_shard_behind_a_link_is_refused(shards: Path, tmp_path: Path) -> None:
    """No reader would enter it; a link above the merged folder is nobody's concern."""
    (tmp_path / "way").symlink_to(tmp_path)
    way = tmp_path / "way" / "all"
    assert dynres("merge", way / "part1", way / "part2", "-o", way).status == 0
    before = tree(shards)
    (shards / "part2").rename(tmp_path / "part2")
    (shards / "part2").symlink_to("../part2")
    ran = dynres("merge", shards / "part1", shards / "part2", "-o", shards)
    assert (ran.status, "part2 is reached through a link" in ran.err) == (2, True), ran.err
    assert (shards / "manifest.json").read_bytes() == before["manifest.json"]


def test_what_is_no_shard_or_lies_elsewhere_is_refused(finished: Path, shards: Path, tmp_path: Path) -> None:
    """A whole run is exit 1, an output that is not below DIR is exit 2, a run's own folder is never written over."""
    copy(finished / "whole", shards / "whole")
    assert "is not of a run with --shard" in dynres("merge", shards / "whole", "-o", shards).err
    assert dynres("merge", shards / "part1", shards / "part2", "-o", tmp_path / "other").status == 2
    copy(finished / "whole", shards)
    before = (shards / "manifest.json").read_bytes()
    ran = dynres("merge", shards / "part1", shards / "part2", "-o", shards)
    assert ran.status == 1
    assert "belongs to a run" in ran.err
    assert (shards / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("kept", [60, 300, 900])
def test_a_damaged_manifest_of_a_merge_is_written_anew(shards: Path, kept: int) -> None:
    """Wherever it was cut: what it said stands in the shards' own."""
    parts = [shards / "part1", shards / "part2"]
    assert dynres("merge", *parts, "-o", shards).status == 0
    before = tree(shards)
    os.truncate(shards / "manifest.json", kept)
    ran = dynres("merge", *parts, "-o", shards)
    assert (ran.status, tree(shards) == before) == (0, True), ran.err


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        pytest.param('{"name": "a web page"}', "remove it and merge again", id="somebody else's"),
        pytest.param("", "remove it and merge again", id="nothing"),
        pytest.param('{"schema": "dynres.manifest/2", "run"', "install a newer dynres", id="of a newer dynres"),
    ],
)
def test_another_manifest_is_left_as_it_is(shards: Path, text: str, advice: str) -> None:
    """The sentence says what to do, and no `dynres tile`, which would not help."""
    (shards / "manifest.json").write_text(text)
    ran = dynres("merge", shards / "part1", shards / "part2", "-o", shards)
    assert (ran.status, advice in ran.err, "dynres tile" in ran.err) == (1, True, False), ran.err
    assert (shards / "manifest.json").read_text() == text


def test_the_example_of_the_help_runs_in_a_fresh_folder(tmp_path: Path) -> None:
    """Line by line, as it stands there."""
    pictures(tmp_path / "photos")
    lines = [line.split("   ")[0].split() for line in EPILOG.splitlines() if line.startswith("  ")]
    assert [words[0] for words in lines] == ["mkdir", *["dynres"] * 3]
    statuses = []
    for program, *words in lines:
        if program == "mkdir":
            subprocess.run([program, *words], cwd=tmp_path, check=True)
        else:
            statuses.append(dynres(*words, cwd=tmp_path).status)
    assert statuses == [3, 0, 0], "the first part holds the file that is no picture"
    assert manifest(tmp_path / "all")["run"]["images"] == 5


def test_more_shards_than_open_files(tmp_path: Path) -> None:
    """Sixty shards, most of them empty, where the shell allows thirty open files: the command asks for more."""
    source = tmp_path / "in"
    source.mkdir()
    Image.fromarray(noise(40, 30, 1)).save(source / "a.png")
    full = 1 + shard_of("a.png", 60)
    empty = 1 if full != 1 else 2
    parts = [tmp_path / "all" / f"{number:02d}" for number in range(61)]
    (tmp_path / "all").mkdir()
    for number in (full, empty):
        dynres("tile", source, parts[number], *SMALL, "--shard", f"{number}/60")
    text = (parts[empty] / "manifest.json").read_text("utf-8")
    for number in set(range(1, 61)) - {full, empty}:
        parts[number].mkdir()
        (parts[number] / "manifest.json").write_text(text.replace(f'"{empty}/60"', f'"{number}/60"'), "utf-8")
    command = [sys.executable, "-m", "dynres_cli", "merge", *map(str, parts[1:]), "-o", str(tmp_path / "all")]
    script = 'ulimit -Sn 30; exec "$0" "$@"'
    done = subprocess.run(["bash", "-c", script, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.partition(",")[0]) == (0, "1 image of 60 shards")


def test_an_edited_shard_is_refused(shards: Path) -> None:
    """A picture that was taken out of its manifest is missed by the count of its keys."""
    path = next(path for path in shards.glob("part*/manifest.json") if '"key": "z.bmp"' in path.read_text())
    edit(path.parent, '"key": "z.bmp"', '"key": "y.bmp"')
    ran = dynres("merge", shards / "part1", shards / "part2", "-o", shards)
    assert ran.status == 1
    assert "manifest.json" in ran.err
    assert not (shards / "manifest.json").exists()
