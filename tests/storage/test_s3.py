"""S3 in and out, against a real server on loopback."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.files import picture_at
from tests.storage.buckets import command, local, tile
from tests.storage.stores import MISSING, Store, has

pytestmark = pytest.mark.skipif(not has("s3fs", "moto", "flask"), reason=MISSING)


def test_what_comes_out_is_what_comes_out_on_a_disk(store: Store, folder: Path, tmp_path: Path) -> None:
    """From a store into a store: every tile, tensor, record and the manifest are the same bytes, in the same places."""
    expected = local(folder, tmp_path)
    store.upload(folder, "photos/same")
    ran = tile(store, "s3://photos/same", "s3://tiles/same")
    assert ran.status == 3
    assert (ran.json["found"], ran.json["tiled"], ran.json["skipped"], ran.json["failed"]) == (7, 5, 1, 1)
    assert ran.json["manifest"] == "s3://tiles/same/manifest.json"
    assert store.tree("tiles", "same") == expected
    traffic = store.counted()
    writes = [path for method, path in traffic.paths if method == "PUT" and "/.dynres/" not in path]
    assert writes[-1].startswith("/tiles/same/manifest.json")


@pytest.mark.slow
def test_a_second_run_makes_nothing_again(store: Store, folder: Path) -> None:
    """Finished pictures are known by their records, sizes and the source's time: no source is read, nothing written."""
    store.upload(folder, "photos/again")
    assert tile(store, "s3://photos/again", "s3://tiles/again").status == 3
    store.counted()
    ran = tile(store, "s3://photos/again", "s3://tiles/again")
    assert (ran.json["tiled"], ran.json["skipped"], ran.json["failed"]) == (0, 6, 1)
    paths = store.counted().paths
    assert ("GET", "/photos/again/b.jpg") not in {(method, path.partition("?")[0]) for method, path in paths}
    assert not [path for method, path in paths if method == "PUT" and "/.dynres/" not in path]


@pytest.mark.slow
def test_a_picture_that_is_gone_is_in_no_shard_of_a_bucket(store: Store, folder: Path, tmp_path: Path) -> None:
    """Its shard is made anew, and uploaded whole; of an index as numbers that is lost, only that."""
    options = ("--layout", "packed", "--shard-tiles", "40")
    assert tile(store, folder, "s3://tiles/gone", *options).status == 3
    (folder / "c.jpg").unlink()
    assert tile(store, folder, "s3://tiles/gone", *options).status == 3
    expected = local(folder, tmp_path, *options)
    assert store.tree("tiles", "gone") == expected
    store.request("DELETE", "/tiles/gone/shard-00000.index.npy")
    assert tile(store, folder, "s3://tiles/gone", *options).json["tiled"] == 0
    assert store.tree("tiles", "gone") == expected


@pytest.mark.slow
def test_two_runs_never_write_to_one_output(store: Store, folder: Path) -> None:
    """The second one stops with the first one's name, unless that one is dead."""
    store.upload(folder, "photos/lock")
    alive = json.dumps({"host": "elsewhere", "pid": 7, "token": "0"}).encode()
    store.put("tiles/lock/.dynres/lock", alive)
    ran = tile(store, "s3://photos/lock", "s3://tiles/lock")
    assert ran.status == 1
    assert "process 7 on elsewhere is writing there" in ran.err
    assert store.names("tiles", "lock") == ["lock/.dynres/lock"]


@pytest.mark.slow
def test_only_what_a_folder_would_give_is_taken(store: Store, folder: Path, tmp_path: Path) -> None:
    """Globs, hidden names, an output within the input and the run's own output: as for a folder."""
    store.upload(folder, "photos/rules")
    store.put("photos/rules/empty/", b"")
    store.put("photos/rules/older/.dynres/lock", b"")
    store.put("photos/rules/older/x.jpg/tile_r0_c0.png", b"")
    store.put("photos/rules/own/.dynres/lock", b"")
    store.put("photos/rules/own/b.jpg/tile_r0_c0.png", b"")
    store.put("photos/rules/up/../x.jpg", b"")
    listed = command(store, "tile", "s3://photos/rules", "s3://photos/rules/own", "--dry-run")
    assert listed.out.split() == ["a.jpg", "a/y.jpg", "a/z.png", "b.jpg", "broken.jpg", "c.jpg"]
    chosen = command(
        store, *("tile", "s3://photos/rules", tmp_path / "out", "--dry-run", "--include", "*.jpg", "--exclude", "a")
    )
    assert chosen.out.split() == ["a.jpg", "b.jpg", "broken.jpg", "c.jpg"]
    hidden = command(store, "tile", "s3://photos/rules/*.jpg", tmp_path / "out", "--dry-run")
    assert hidden.out.split() == ["a.jpg", "b.jpg", "broken.jpg", "c.jpg"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        pytest.param(("s3://photos/nothing", "OUT"), 2, "does not exist", id="no such prefix"),
        pytest.param(("s3://nobody/x", "OUT"), 2, "does not exist", id="no such bucket"),
        pytest.param((".", "s3://nobody/x"), 1, "no such bucket", id="no bucket to write to"),
        pytest.param(("s3://photos/same", "s3://photos/same/"), 2, "is the input itself", id="output is input"),
        pytest.param(("s3://photos/clash", "OUT"), 2, "would need a folder", id="object and folder of one name"),
        pytest.param((".", "s3://photos/foreign"), 1, "was not made by dynres", id="somebody else's output"),
        pytest.param((".", "s3://photos/site"), 1, "was not made by dynres", id="somebody else's manifest"),
    ],
)
def test_what_cannot_be_done_is_said(
    store: Store, arguments: tuple[str, str], status: int, said: str, tmp_path: Path
) -> None:
    """One sentence and the documented exit status, before anything is written."""
    picture_at(tmp_path / "x.jpg")
    store.put("photos/same/x.jpg", b"")
    for name in ("foreign/x.txt", "clash/a.jpg", "clash/a.jpg-b.png", "clash/a.jpg/b.jpg"):
        store.put(f"photos/{name}", b"")
    store.put("photos/site/manifest.json", b'{"name": "a web page"}')
    place, out = arguments
    ran = command(store, "tile", place, out.replace("OUT", str(tmp_path / "out")), cwd=tmp_path)
    assert (ran.status, said in ran.err) == (status, True), ran.err


@pytest.mark.slow
def test_a_finished_output_is_read_where_it_lies(store: Store, folder: Path) -> None:
    """Verify, stats, report, plan and inspect take URLs too."""
    store.upload(folder, "photos/read")
    assert tile(store, "s3://photos/read", "s3://tiles/read").status == 3
    assert command(store, "verify", "s3://tiles/read").status == 0
    assert command(store, "stats", "s3://tiles/read", "--json").json["images"] == 6
    assert command(store, "plan", "s3://photos/read", "--json", "-j", "1").json["images"] == 6
    assert command(store, "inspect", "s3://photos/read/b.jpg", "--json").json["width"] == 60
    assert command(store, "report", "s3://tiles/read", "--source", "s3://photos/read").status == 0
    assert "read/report.html" in store.names("tiles", "read")


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "kept"), [("tar", None), ("zip", None), ("tar", 100), ("tar", 0)])
def test_guarantee_35_no_picture_is_read_from_an_archive_that_was_replaced(
    store: Store, tmp_path: Path, kind: str, kept: int | None
) -> None:
    """Uploaded anew after it was listed: each picture is `changed`, and none is the one that now lies in its place."""
    for name, sides in (("x", (60, 40)), ("other", (40, 60))):
        picture_at(tmp_path / name / "a.bmp", *sides)
        picture_at(tmp_path / name / "b.bmp", *sides[::-1])
        shutil.make_archive(str(tmp_path / name), kind, tmp_path / name)
    store.put(f"photos/replaced/x.{kind}", (tmp_path / f"x.{kind}").read_bytes())
    asked = 0

    def replace_once_listed(method: str, path: str, _time: int) -> None:
        nonlocal asked
        asked += method == "GET" and f"x.{kind}" in path
        if asked == 2:
            store.put(f"photos/replaced/x.{kind}", (tmp_path / f"other.{kind}").read_bytes()[:kept])

    store.fails(replace_once_listed)
    ran = tile(store, f"s3://photos/replaced/x.{kind}", tmp_path / "out")
    assert ran.status == 3
    assert ran.json["failures"] == {"changed": 2}
