"""A second run into the same shards when the list of inputs is another one: what is left is what a fresh run writes."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.command import manifest
from tests.pictures import noise
from tests.shards import SMALL, content, here, layouts, tiled

CUT = ("--shard-tiles", "15")
"""Three pictures of five views."""
FIVE, THREE = (60, 60), (60, 30)
SIZES = {"p0.png": FIVE, "p1.png": FIVE, "p2.png": FIVE, "p3.png": FIVE, "p4.png": THREE, "p5.png": THREE}
BROKEN = "p6.png"
"""Fails, and stands behind the others in the last shard."""


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with six pictures and a broken one; not to be changed."""
    folder = tmp_path_factory.mktemp("changed") / "in"
    folder.mkdir()
    for number, (name, size) in enumerate(SIZES.items()):
        Image.fromarray(noise(*size, number)).save(folder / name)
    (folder / BROKEN).write_bytes(b"\x89PNG\r\n\x1a\n no")
    return folder


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two runs, and how many pictures the second has to tile."""

    gone: str = ""
    """The input that is removed."""
    options: tuple[str, ...] = ()
    """Those of both runs."""
    more: tuple[str, ...] = ()
    """Those of the second run alone."""
    tiled: int = 0


CHANGES = {
    "the last is gone": Change("p5.png"),
    "one in the middle of a shard is gone": Change("p4.png"),
    "the first is gone and one moves into its shard": Change("p0.png", tiled=1),
    "one is excluded": Change(more=("--exclude", "p5.png")),
    "one of equal cost is gone": Change("p5.png", ("--pack-by", "tiles")),
    "one that had failed is gone": Change(BROKEN),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("layout", layouts())
def test_inputs_that_are_gone_are_in_no_shard(listed: Path, tmp_path: Path, layout: str, change: Change) -> None:
    """The bytes are a fresh run's, and only a picture that another shard held is tiled again."""
    folder = shutil.copytree(listed, tmp_path / "in")
    arguments: tuple[str | Path, ...] = (folder, "--layout", layout, *CUT, *change.options)
    out = tiled(tmp_path / "out", *arguments)
    if change.gone:
        (folder / change.gone).unlink()
    status = 0 if change.gone == BROKEN else 3
    ran = here("tile", *arguments, *change.more, out, *SMALL, "--json")
    assert (ran.status, ran.json["tiled"]) == (status, change.tiled)
    assert content(out) == content(tiled(tmp_path / "fresh", *arguments, *change.more, status=status))
    assert here("verify", out, "--json").json["findings"] == []


@pytest.mark.parametrize("layout", layouts())
def test_a_mended_file_of_the_same_age_is_tried_again(listed: Path, tmp_path: Path, layout: str) -> None:
    """Two files that were cut short, and are mended one after the other as `cp -p` does it: each is tiled then."""
    folder, out = shutil.copytree(listed, tmp_path / "in"), tmp_path / "out"
    names = ["p4.png", "p5.png"]
    for name in names:
        path = folder / name
        path.write_bytes(path.read_bytes()[:1000])
        os.utime(path, (1_700_000_000, 1_700_000_000))
    assert len(failures(out, folder, layout)) == 3
    for number, name in enumerate(names):
        time.sleep(0.02)  # a file system's clock does not tell what happens in one of its ticks apart
        (folder / name).write_bytes((listed / name).read_bytes())
        os.utime(folder / name, (1_700_000_000, 1_700_000_000))
        assert failures(out, folder, layout) == [*names[number + 1 :], BROKEN]


def failures(out: Path, folder: Path, layout: str) -> list[str]:
    """The keys that failed in a run."""
    tiled(out, folder, "--layout", layout, *CUT)
    return [each["key"] for each in manifest(out)["images"] if each["status"] == "failed"]


@pytest.mark.parametrize("layout", layouts())
@pytest.mark.parametrize("year", [1600, 1960, 2400])
def test_a_source_may_be_of_any_age(tmp_path: Path, year: int, layout: str) -> None:
    """Times before 1970 and beyond what 64 bits of nanoseconds hold: tiled, and found finished by the next run."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    Image.fromarray(noise(60, 30)).save(folder / "a.png")
    age = (year - 1970) * 31_556_952 * 10**9
    os.utime(folder / "a.png", ns=(age, age))
    tiled(out, folder, "--layout", layout, status=0)
    assert here("tile", folder, out, "--layout", layout, *SMALL, "--json").json["skipped"] == 1


@pytest.mark.parametrize("views", ["1", "400"], ids=["a picture a shard", "one shard"])
@pytest.mark.parametrize("layout", layouts())
def test_an_output_of_all_inputs_becomes_that_of_a_part(listed: Path, tmp_path: Path, layout: str, views: str) -> None:
    """Pictures of other parts go, and samples get the part's own keys, so that they meet no other part's in a merge."""
    arguments = (listed, "--layout", layout, "--shard-tiles", views)
    outs = [tmp_path / "again", tmp_path / "fresh"]
    for out in outs:
        out.mkdir()
    for number, status in ((1, 0), (2, 3)):  # the broken one is of the second part
        tiled(outs[0] / str(number), *arguments)
        for out in outs:
            tiled(out / str(number), *arguments, "--shard", f"{number}/2", status=status)
    for out in outs:
        assert here("merge", out / "1", out / "2", "-o", out, "-q").status == 0
    assert content(outs[0]) == content(outs[1])
    assert here("verify", outs[0], "--json").json["findings"] == []


def put_back(out: Path, older: Path, stem: str) -> None:
    """Leave an output as if a shard of an older one had been kept, its manifest compiled from that."""
    for path in older.glob(f"{stem}.*"):
        shutil.copy(path, out)
    found = {json.loads(text)["key"]: text for text in lines(out / f"{stem}.index.json")}
    text = (out / "manifest.json").read_bytes()
    for line in lines(out / "manifest.json"):
        if f'"path": "{stem}.'.encode() in line:
            text = text.replace(line, found[json.loads(line)["key"]])
    (out / "manifest.json").write_bytes(text)


def lines(path: Path) -> list[bytes]:
    """The images of a manifest or an index."""
    return [line.removesuffix(b",") for line in path.read_bytes().splitlines()[1:-1]]


def findings(out: Path) -> list[tuple[str, str]]:
    """What verify says."""
    return [(each["path"], each["problem"]) for each in here("verify", out, "--json").json["findings"]]


@pytest.mark.parametrize("fails", [False, True], ids=["a tiled one", "a failed one"])
@pytest.mark.parametrize("layout", layouts())
def test_verify_finds_a_picture_in_two_shards(listed: Path, tmp_path: Path, layout: str, *, fails: bool) -> None:
    """The manifest puts it into the other one, and a failure into none; the same command mends it."""
    folder = shutil.copytree(listed, tmp_path / "in")
    if fails:
        (folder / "p3.png").write_bytes((folder / "p3.png").read_bytes()[:5000])
    older = tiled(tmp_path / "older", folder, "--layout", layout, *CUT)
    (folder / "p0.png").unlink()
    out = tiled(tmp_path / "out", folder, "--layout", layout, *CUT)
    expected = content(out)
    put_back(out, older, "shard-00001")
    assert findings(out) == [("shard-00001.index.json", "extra")]
    assert content(tiled(out, folder, "--layout", layout, *CUT)) == expected


def merged_with_an_older_shard(folder: Path, *arguments: str | Path) -> Path:
    """Two parts, of which the first kept a shard from when it was an output of all inputs; `.../merged`, made whole."""
    out = folder / "merged"
    out.mkdir()
    older = tiled(folder / "older", *arguments)
    for number, status in ((1, 0), (2, 3)):
        tiled(out / str(number), *arguments, "--shard", f"{number}/2", status=status)
    put_back(out / "1", older, "shard-00000")
    assert here("merge", out / "1", out / "2", "-o", out, "-q").status == 0
    return out


@pytest.mark.parametrize("layout", layouts())
def test_verify_finds_pictures_of_another_part(listed: Path, tmp_path: Path, layout: str) -> None:
    """In a merged output, whose manifest has all keys."""
    out = merged_with_an_older_shard(tmp_path, listed, "--layout", layout, "--shard-tiles", "400")
    assert ("1/shard-00000.index.json", "extra") in findings(out)


def test_verify_finds_samples_that_are_not_named_for_their_part(listed: Path, tmp_path: Path) -> None:
    """The pictures are the right ones, but their names could meet another part's."""
    out = merged_with_an_older_shard(tmp_path, listed, "--layout", "webdataset", "--shard-tiles", "1")
    assert findings(out) == [("1/shard-00000.index.json", "manifest")]
    assert findings(out / "1") == [("shard-00000.index.json", "manifest")]


def test_verify_finds_files_in_a_folder_that_is_called_like_a_picture(listed: Path, tmp_path: Path) -> None:
    """A tree has such folders, shards have none."""
    out = tiled(tmp_path / "out", listed, "--layout", "packed", *CUT)
    (out / "p0.png").mkdir()
    (out / "p0.png" / "tile_r0_c0.png").write_bytes(b"?")
    assert findings(out) == [("p0.png/tile_r0_c0.png", "extra")]
