"""Shards beside other programs' files of such names: neither replaces the other, and no shard is tiled once more."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from tests.shards import CUT, SMALL, content, here, layouts, tiled

SUFFIXES = {"packed": "npy", "webdataset": "tar", "parquet": "parquet"}


@pytest.mark.parametrize("name", ["shard-00000.{}", "shard-00007.{}", "shard-00001.index.json"])
@pytest.mark.parametrize("layout", layouts())
def test_somebody_elses_shard_is_never_replaced(finished: Path, tmp_path: Path, layout: str, name: str) -> None:
    """Exit 1 before anything is written, be it in the way or beyond the last one; in an output of our own, too."""
    theirs, ours = tmp_path / "theirs", shutil.copytree(finished / layout, tmp_path / "ours")
    theirs.mkdir()
    (theirs / name.format(SUFFIXES[layout])).write_bytes(b"mine")
    (ours / f"shard-00099.{SUFFIXES[layout]}").write_bytes(b"mine")
    for out in (theirs, ours):
        before = content(out)
        ran = here("tile", finished / "more", out, "--into", "--layout", layout, *SMALL)
        assert (ran.status, "was not made by dynres" in ran.err) == (1, True), ran.err
        assert content(out) == before
    assert not (theirs / ".dynres").exists()


def test_inputs_that_are_called_like_shards_outlive_a_run_beside_them(finished: Path, tmp_path: Path) -> None:
    """Tars of pictures in the folder that the output was to go into."""
    for number in range(2):
        with tarfile.open(tmp_path / f"shard-0000{number}.tar", "w") as file:
            file.add(finished / "more" / "one.png", f"{number}.png")
    before, names = content(tmp_path), sorted(tmp_path.glob("shard-*.tar"))
    assert here("tile", *names, tmp_path, "--into", "--layout", "webdataset", *SMALL).status == 1
    assert content(tmp_path) == before
    assert here("tile", names[0], tmp_path, "--into", *SMALL, "--json").json["tiled"] == 1
    assert before.items() <= content(tmp_path).items()
    assert here("tile", *names, tmp_path, "--layout", "webdataset", *SMALL).status == 1, (
        "the state of a tree tells nothing"
    )


def test_a_shard_of_ours_is_no_input(finished: Path, tmp_path: Path) -> None:
    """Guarantee 34: by its index, for a folder of shards is named as `shard-*.tar` in one's own words."""
    out = shutil.copytree(finished / "webdataset", tmp_path / "out")
    before = content(out)
    for place in (out, tmp_path / "other"):
        ran = here("tile", *sorted(out.glob("shard-*.tar")), place, "--layout", "webdataset", *SMALL)
        assert (ran.status, "is a shard that dynres wrote" in ran.err) == (2, True), ran.err
    assert content(out) == before


@pytest.mark.parametrize("layout", layouts())
def test_a_shard_is_known_by_its_index_or_by_the_state(finished: Path, tmp_path: Path, layout: str) -> None:
    """A copy without the state goes on, and so does a run that was killed before the index was written."""
    arguments = (finished / "in", finished / "more", "--layout", layout, *CUT)
    copied = shutil.copytree(finished / layout, tmp_path / "copied", ignore=shutil.ignore_patterns(".dynres"))
    killed = shutil.copytree(finished / layout, tmp_path / "killed")
    for path in killed.glob("*.index.json"):
        path.unlink()
    for out in (copied, killed):
        assert content(tiled(out, *arguments)) == content(finished / layout)


@pytest.mark.parametrize("layout", layouts())
def test_a_number_that_was_given_up_is_anybodys(finished: Path, tmp_path: Path, layout: str) -> None:
    """Once fewer pictures have made the last shard go, a file of its name is not ours any more."""
    out = shutil.copytree(finished / layout, tmp_path / "out")
    last = max(out.glob(f"shard-*.{SUFFIXES[layout]}"))
    arguments = (finished / "more", "--layout", layout, *CUT)
    tiled(out, *arguments, status=0)
    assert not last.exists()
    last.write_bytes(b"mine")
    assert here("tile", *arguments, out, *SMALL).status == 1
    assert last.read_bytes() == b"mine"
