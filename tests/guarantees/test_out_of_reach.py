"""Guarantees 2 and 36 where a disk is not mounted or a file may not be read: nothing that was made of it is lost."""

from __future__ import annotations

import json
import sys
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
