"""Guarantees 2 and 36 where a disk is not mounted or a file may not be read: nothing that was made of it is lost."""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.guarantees import corpus
from tests.guarantees.command import as_nobody, counts, dynres, tile, tree
from tests.shards import layouts

CUT = ("--shard-tiles", "15")
"""Three pictures of five views."""


def slow_ones() -> list[Any]:
    """The layouts other than a tree, for `make test-all`."""
    return [pytest.param(*each.values, marks=[*each.marks, pytest.mark.slow], id=each.id) for each in layouts()]


def listed(folder: Path) -> tuple[str | Path, ...]:
    """The options that name every file of a folder in a list, so that none is passed over once the folder is gone."""
    where = folder.parent
    (where / "list").write_text("\n".join(str(path) for path in sorted(folder.iterdir())))
    return "--files-from", where / "list", "--root", where


@pytest.mark.parametrize("layout", ["tree", *layouts()])
def test_what_was_made_outlives_a_source_that_is_out_of_reach(tmp_path: Path, layout: str) -> None:
    """A list whose disk is not mounted: every picture, of several shards, is a failure of that run and stays."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 7)
    cut = () if layout == "tree" else CUT
    words = (*listed(folder), "--layout", layout, *cut, out)
    assert tile(*words).returncode == 0
    before = tree(out)
    assert layout == "tree" or len(list(out.glob("shard-*.index.json"))) > 1
    folder.rename(tmp_path / "elsewhere")
    again = tile(*words)
    assert (again.returncode, counts(again)["failures"]) == (3, {"vanished": 7})
    assert b"what an earlier run made of it is kept" in again.stderr
    assert tree(out) == before
    (tmp_path / "elsewhere").rename(folder)
    assert counts(tile(*words))["skipped"] == 7


def moving(count: int) -> bytes:
    """A GIF of so many pictures."""
    first, *others = (corpus.picture(seed=seed) for seed in range(count))
    return corpus.encoded(first, format="GIF", save_all=True, append_images=others)


@pytest.mark.parametrize("layout", ["tree", *slow_ones()])
def test_an_animation_outlives_a_source_that_is_out_of_reach(tmp_path: Path, layout: str) -> None:
    """Three frames, which were five, and a photo: four failures of that run, and every file stays as it was."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 1)
    corpus.write_all(folder, {"a.gif": moving(5)})
    cut = () if layout == "tree" else ("--shard-tiles", "10")
    words = (*listed(folder), "--layout", layout, *cut, "--frames", "all", out)
    assert tile(*words).returncode == 0
    corpus.write_all(folder, {"a.gif": moving(3)})
    assert tile(*words).returncode == 0
    before = tree(out)
    folder.rename(tmp_path / "elsewhere")
    again = tile(*words)
    assert (again.returncode, counts(again)["failures"]) == (3, {"vanished": 4})
    assert tree(out) == before
    assert json.loads(dynres("verify", out, "--json").stdout)["findings"] == []
    (tmp_path / "elsewhere").rename(folder)
    assert counts(tile(*words))["skipped"] == 4


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
@pytest.mark.slow
@pytest.mark.parametrize("layout", ["tree", "packed", "webdataset"])
def test_an_animation_outlives_a_source_that_may_not_be_read(anyones: Path, layout: str) -> None:
    """With chmod 000 nothing has changed that a run could know of, so the three frames are finished."""
    folder, out = anyones / "in", anyones / "out"
    corpus.write_all(folder, {"a.gif": moving(3)})
    out.mkdir()
    out.chmod(0o777)
    words = (folder, out, "--layout", layout, "--frames", "all")
    assert as_nobody(*words).returncode == 0
    before = tree(out)
    (folder / "a.gif").chmod(0)
    assert counts(as_nobody(*words))["skipped"] == 3
    assert tree(out) == before


def archive(place: Path, count: int) -> None:
    """A tar of so many pictures."""
    folder = place.parent / "unpacked"
    corpus.photos(folder, count)
    with tarfile.open(place, "w") as file:
        for path in sorted(folder.iterdir()):
            file.add(path, path.name)


@pytest.mark.parametrize("part", ["some", "all"])
@pytest.mark.parametrize("layout", [layouts()[0], *slow_ones()[1:]])
def test_shards_outlive_an_archive_that_cannot_be_listed(tmp_path: Path, layout: str, part: str) -> None:
    """Guarantee 36: beside a folder that can be, or alone: exit 3, a sentence, and no shard is another one."""
    corpus.photos(tmp_path / "in", 3)
    tar = tmp_path / "more.tar"
    archive(tar, 4)
    inputs = (tmp_path / "in", tar) if part == "some" else (tar,)
    words = (*inputs, tmp_path / "out", "--layout", layout, *CUT)
    assert tile(*words).returncode == 0
    before, whole = tree(tmp_path / "out"), tar.read_bytes()
    tar.write_bytes(b"x" * 512 + whole[512:])
    again = tile(*words)
    assert (again.returncode, counts(again)["failures"], counts(again)["tiled"]) == (3, {"unreadable": 1}, 0)
    assert (b"more.tar: unreadable" in again.stderr, b"bring it back" in again.stderr) == (True, part == "some")
    assert tree(tmp_path / "out") == before
    tar.write_bytes(whole)
    assert tile(*words).returncode == 0
    tar.write_bytes(b"x" * 512 + whole[512:])
    assert tile(*words, "--overwrite").returncode == 3
    assert (tree(tmp_path / "out") == before) == (part == "all")


def test_an_archive_that_was_always_damaged_is_in_nobodys_way(tmp_path: Path) -> None:
    """What was in its reach is in the shards, and no more: new pictures are tiled as ever."""
    corpus.photos(tmp_path / "in", 3)
    tar = tmp_path / "more.tar"
    archive(tar, 4)
    whole = tar.read_bytes()
    last = whole.index(b"0003.jpg")
    tar.write_bytes(whole[:last] + b"x" * 512 + whole[last + 512 :])
    words = (tmp_path / "in", tar, tmp_path / "out", "--layout", "packed", *CUT)
    first = counts(tile(*words))
    corpus.write_all(tmp_path / "in", {"new.png": corpus.good_files()["plain.png"]})
    second = counts(tile(*words))
    assert (first["failures"], second["failures"]) == ({"unreadable": 1}, {"unreadable": 1})
    assert (first["tiled"] > 4, second["found"] - first["found"], second["tiled"] > 0) == (True, 1, True)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
@pytest.mark.parametrize("layout", [layouts()[0], *slow_ones()[1:]])
def test_shards_outlive_a_folder_that_may_not_be_listed(anyones: Path, layout: str) -> None:
    """Guarantee 36: chmod 000 on one of three; where it was closed from the start, the others are tiled as ever."""
    for name in ("a", "b", "c"):
        corpus.photos(anyones / "in" / name, 2)
    out = anyones / "out"
    out.mkdir()
    out.chmod(0o777)
    words = (anyones / "in", out, "--layout", layout, *CUT)
    (anyones / "in" / "b").chmod(0)
    assert counts(as_nobody(*words))["tiled"] == 4
    (anyones / "in" / "c" / "0000.jpg").unlink()
    assert (counts(as_nobody(*words))["found"], b"c/0000" in (out / "manifest.json").read_bytes()) == (4, False)
    before = tree(out)
    (anyones / "in" / "c").chmod(0)
    again = as_nobody(*words)
    assert (again.returncode, counts(again)["failures"]) == (3, {"unreadable": 2})
    assert b"bring it back" in again.stderr
    assert tree(out) == before
