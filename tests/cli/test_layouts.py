"""`dynres tile --layout`: shards hold the tree's own bytes, whatever fails, stops or is tried again."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dynres_cli
from tests.cli.command import dynres, manifest
from tests.pictures import noise
from tests.shards import CUT, SMALL, content, here, layouts, tiled, views_of


@pytest.mark.parametrize("layout", layouts())
def test_a_shard_holds_the_very_bytes_of_the_tree(finished: Path, layout: str) -> None:
    """Views and tensors of every picture, of several inputs, with two that failed."""
    expected = views_of(finished / "tree", "tree")
    found = views_of(finished / layout, layout)
    if layout == "packed":
        expected = {key: {"npy": files["npy"]} for key, files in expected.items()}
    assert found == expected
    assert len(found) == 9


@pytest.mark.parametrize("layout", layouts())
def test_the_manifest_says_the_same_as_the_trees(finished: Path, layout: str) -> None:
    """Sizes and digests are those of the tree's files; only where they lie differs, and failures are word for word."""
    place = ("path", "member", "offset", "at", "first")
    tree, shards = manifest(finished / "tree"), manifest(finished / layout)
    assert shards["run"]["layout"] == {"name": layout, "shard_tiles": 9}
    for one, other in zip(tree["images"], shards["images"], strict=True):
        wanted = [entry for entry in one.pop("files", ()) if layout != "packed" or entry["kind"] == "tensor"]
        files = other.pop("files", [])
        cut = [
            [{name: entry[name] for name in entry if name not in place} for entry in each] for each in (wanted, files)
        ]
        assert cut[0] == cut[1]
        assert all(entry["path"].startswith("shard-") for entry in files)
        other.pop("options", None)
        one.pop("options", None)
        assert one == other


@pytest.mark.parametrize("layout", layouts())
def test_the_same_bytes_with_two_workers_and_a_second_run_writes_nothing(
    finished: Path, tmp_path: Path, layout: str
) -> None:
    """Whatever the order of the outcomes; a finished shard is not touched again."""
    arguments = ("tile", finished / "in", finished / "more", tmp_path, "--layout", layout, *CUT, *SMALL[:4])
    assert dynres(*arguments, "-j", "2", "-q").status == 3
    assert content(tmp_path) == content(finished / layout)
    before = {path: path.stat().st_ino for path in tmp_path.glob("*.*")}
    again = here(*arguments, "-j", "1", "--engine", "serial", "--json")
    assert (again.status, again.json["tiled"], again.json["skipped"], again.json["failed"]) == (3, 0, 9, 2)
    assert {path: path.stat().st_ino for path in tmp_path.glob("*.*")} == before
    assert not (tmp_path / ".dynres" / "staging").exists()


@pytest.mark.parametrize("layout", layouts())
def test_every_command_reads_shards(finished: Path, tmp_path: Path, layout: str) -> None:
    """Verify, also against Pillow; diff, stats, report, join and map."""
    out = shutil.copytree(finished / layout, tmp_path / "out")
    source = ("--source", finished / "in", "--source", finished / "more")
    assert here("verify", out, "--json", "--against", "pillow", *source).json["findings"] == []
    counted = [here("stats", each, "--json").json for each in (finished / "tree", out)]
    assert counted[0]["tokens"] == counted[1]["tokens"]
    differing = here("diff", finished / "tree", out, "--json")
    assert not any(differing.json[name] for name in ("added", "removed", "changed"))
    without_pictures = layout == "packed"  # which is another `--tiles` than the tree's, and nothing else
    assert (differing.status, len(differing.json["parameters"])) == ((3, 1) if without_pictures else (0, 0))
    assert here("report", out, "-q").status == 0
    assert here("verify", out, "--json").json["findings"] == []
    joined = here("join", out, tmp_path / "joined", "-q", "--no-fsync")
    if layout == "webdataset":
        assert here("join", finished / "tree", tmp_path / "expected", "-q", "--no-fsync").status == 0
        assert content(tmp_path / "joined") == content(tmp_path / "expected")
    else:
        assert joined.status == 1
        assert "tree and webdataset" in joined.err
    box = '{"id": 1, "key": "in/a/00.v1.jpg", "box": [1, 2, 20, 20]}'
    (tmp_path / "boxes.jsonl").write_text(box)
    mapped = [here("map", each, tmp_path / "boxes.jsonl").out for each in (finished / "tree", out)]
    assert mapped[0] == mapped[1] != ""


@pytest.mark.parametrize("layout", layouts())
def test_open_run_has_the_arrays_of_every_layout(finished: Path, layout: str) -> None:
    """The same values as from the tree, by key; pictures too where they were written."""
    with dynres_cli.open_run(finished / layout) as shards, dynres_cli.open_run(finished / "tree") as tree:
        for key in ("in/a/02.v1.jpg", "more/one.png"):
            np.testing.assert_array_equal(shards[key].pixel_values, tree[key].pixel_values)
            if layout != "packed":
                assert all(map(np.array_equal, shards[key].views, tree[key].views))


def test_open_packed_gives_the_views_by_key(finished: Path) -> None:
    """Mapped from the shards, not read."""
    arrays = dynres_cli.open_packed(finished / "packed")
    expected = views_of(finished / "tree", "tree")
    assert {key: {"npy": array.tobytes()} for key, array in arrays.items()} == {
        key: {"npy": files["npy"]} for key, files in expected.items()
    }
    assert all(isinstance(array, np.memmap) for array in arrays.values())


@pytest.mark.parametrize("place", ["tree", "nowhere"])
def test_open_packed_refuses_what_is_not_packed(finished: Path, place: str) -> None:
    """An empty answer would be taken for an empty run."""
    with pytest.raises(dynres_cli.DynresError):
        dynres_cli.open_packed(finished / place)


@pytest.mark.parametrize("layout", layouts())
def test_a_run_that_stops_in_the_middle_is_finished_by_the_next(finished: Path, tmp_path: Path, layout: str) -> None:
    """What it has staged is used, what it has finished is left alone, and the bytes are those of an undisturbed run."""
    arguments = ("tile", finished / "in", finished / "more", tmp_path, "--layout", layout, *CUT, *SMALL)
    assert here(*arguments, "--fail-fast").status == 3
    assert not (tmp_path / "manifest.json").exists()
    assert list((tmp_path / ".dynres" / "staging").rglob("grid.json"))
    ran = here(*arguments, "--json")
    assert (ran.json["tiled"], ran.json["skipped"], ran.json["failed"]) == (5, 4, 2)
    assert content(tmp_path) == content(finished / layout)


@pytest.mark.parametrize("layout", layouts())
def test_a_failed_picture_leaves_its_shard_shorter_and_a_retry_rewrites_that_shard_alone(
    finished: Path, tmp_path: Path, layout: str
) -> None:
    """The header of a cut file states its size, so that no other picture moves; the rest is not tiled again."""
    folder = shutil.copytree(finished / "in", tmp_path / "in")
    whole = (folder / "b" / "01.v1.jpg").read_bytes()
    arguments = (folder, "--layout", layout, *CUT)
    out = tiled(tmp_path / "out", *arguments)
    before = {path.name: path.stat().st_ino for path in out.glob("shard-*")}
    (folder / "b" / "cut.jpg").write_bytes(whole)
    ran = here("tile", *arguments, out, *SMALL, "--json")
    assert (ran.json["tiled"], ran.json["failed"]) == (1, 1)
    changed = {path.name for path in out.glob("shard-*") if before.get(path.name) != path.stat().st_ino}
    assert len({name[:11] for name in changed}) == 1
    assert content(out) == content(tiled(tmp_path / "fresh", *arguments))


@pytest.mark.parametrize("layout", layouts())
def test_a_shard_whose_pictures_all_failed_is_written(tmp_path: Path, layout: str) -> None:
    """Empty, so that numbers have no gap; verify and open_packed take it."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a", "b"):
        Image.fromarray(noise(60, 60, 1)).save(folder / f"{name}.jpg")
    data = (folder / "a.jpg").read_bytes()
    (folder / "a.jpg").write_bytes(data[: len(data) // 2])
    out = tiled(tmp_path / "out", folder, "--layout", layout, "--shard-tiles", "1")
    assert len(list(out.glob("shard-*.index.json"))) == 2
    assert list(views_of(out, layout)) == ["b.jpg"]
    assert here("verify", out, "--json").json["findings"] == []


def test_pack_by_puts_equal_costs_together_and_tells_of_small_buckets(finished: Path, tmp_path: Path) -> None:
    """Each shard has pictures of one number of views; those without a legible header come last."""
    arguments = ("tile", finished / "in", tmp_path, "--layout", "packed", "--pack-by", "tiles", "--batch", "3")
    ran = here(*arguments, *(each for each in SMALL if each != "-q"))
    assert "buckets have fewer images than a batch of 3" in ran.err
    assert "reading 10 headers first" in ran.err
    totals = []
    for index in sorted(tmp_path.glob("shard-*.index.json")):
        images = json.loads(index.read_bytes())["images"]
        totals.append({image["total"] for image in images if image["status"] == "tiled"})
    assert all(len(each) <= 1 for each in totals)
    numbers = [next(iter(each)) for each in totals if each]
    assert numbers == sorted(numbers)
    keys = [record["key"] for record in manifest(tmp_path)["images"]]
    assert keys == [record["key"][3:] for record in manifest(finished / "tree")["images"] if record["key"][:3] == "in/"]
    assert here("verify", tmp_path, "--json").json["findings"] == []


@pytest.mark.parametrize("layout", layouts())
def test_fewer_pictures_leave_no_shard_behind(finished: Path, tmp_path: Path, layout: str) -> None:
    """Whoever reads all shards of a folder must not meet those of a run before."""
    out = shutil.copytree(finished / layout, tmp_path / "out")
    tiled(out, finished / "more", "--layout", layout, *CUT, status=0)
    assert content(out) == content(tiled(tmp_path / "fresh", finished / "more", "--layout", layout, *CUT, status=0))


@pytest.mark.parametrize("layout", layouts())
def test_shards_of_shards_merge(finished: Path, tmp_path: Path, layout: str) -> None:
    """Two machines' outputs joined: every picture once, and verify finds nothing; sample keys never meet."""
    arguments = (finished / "in", "--layout", layout, *CUT)
    for number in (1, 2):
        tiled(tmp_path / f"part{number}", *arguments, "--shard", f"{number}/2")
    assert here("merge", tmp_path / "part1", tmp_path / "part2", "-o", tmp_path, "-q").status == 0
    assert here("verify", tmp_path, "--json").json["findings"] == []
    found = views_of(tmp_path / "part1", layout) | views_of(tmp_path / "part2", layout)
    whole = views_of(finished / layout, layout)
    assert found == {key[3:]: files for key, files in whole.items() if key.startswith("in/")}
    with dynres_cli.open_run(tmp_path) as run:
        assert sum(record.status == "tiled" for record in run) == len(found)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param(("--shard-size", "1G"), "a tree has no shards", id="a tree"),
        pytest.param(("--layout", "packed", "--shard-size", "x"), "256M or 1G", id="no size"),
        pytest.param(("--layout", "packed", "--shard-size", "1G", "--shard-tiles", "9"), "give one", id="two limits"),
        pytest.param(("--layout", "packed", "--shard-tiles", "0"), "1 or more", id="no views"),
        pytest.param(("--layout", "packed", "--batch", "8"), "--pack-by", id="batch alone"),
        pytest.param(("--layout", "packed", "--tiles", "png"), "tensors alone", id="pictures in an array"),
        pytest.param(("--layout", "packed", "--tensor", "none"), "alone; leave out --tensor none, or", id="no tensor"),
        pytest.param(
            ("--layout", "packed", "--tiles", "png", "--tensor", "none"),
            "leave out --tiles png and --tensor none, or",
            id="pictures and no tensor",
        ),
        pytest.param(("--layout", "packed", "--preset", "qwen2-vl"), "differ in size", id="unequal views"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    """Exit 2 before any work, and the sentence says what to do."""
    ran = here("tile", "samples/coffee.jpg", tmp_path / "out", *options)
    assert ran.status == 2
    assert words in ran.err
    assert not (tmp_path / "out").exists()


def test_an_output_of_another_layout_is_refused(finished: Path, tmp_path: Path) -> None:
    """Else the old files would stay beside the new ones."""
    out = shutil.copytree(finished / "webdataset", tmp_path / "out")
    (out / "manifest.json").unlink()
    ran = here("tile", finished / "in", out, *SMALL)
    assert ran.status == 1
    assert "holds an output of the layout webdataset" in ran.err


def test_staging_is_never_reached_through_a_link(finished: Path, tmp_path: Path) -> None:
    """A link that stands where pictures would be staged ends the run; nothing is written where it leads."""
    (tmp_path / "out" / ".dynres").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / ".dynres" / "staging").symlink_to(tmp_path / "elsewhere")
    ran = here("tile", finished / "in", tmp_path / "out", "--layout", "packed", *SMALL)
    assert ran.status == 1
    assert not list((tmp_path / "elsewhere").iterdir())


def test_tar_knows_the_shards(finished: Path) -> None:
    """The system's own tar lists them without a word of complaint."""
    if shutil.which("tar") is None:
        pytest.skip("there is no tar on PATH")
    shard = finished / "webdataset" / "shard-00000.tar"
    done = subprocess.run(["tar", "tf", shard], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.splitlines()[0] == "00000-000000.json"
