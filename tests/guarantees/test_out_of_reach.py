"""Guarantees 2 and 36 where a disk is not mounted or a file may not be read: nothing that was made of it is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guarantees import corpus
from tests.guarantees.command import counts, tile, tree
from tests.shards import layouts

CUT = ("--shard-tiles", "15")
"""Three pictures of five views."""


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
