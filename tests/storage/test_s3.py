"""S3 in and out, against a real server on loopback that now and then fails."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import ROOT, Ran, dynres, tree
from tests.cli.test_tile import picture
from tests.storage.stores import MISSING, Fault, Store, has, running

pytestmark = pytest.mark.skipif(not has("s3fs", "moto", "flask"), reason=MISSING)

SMALL = ("--image-size", "32", "--max-num", "2", "--kernel", "pillow")
"""Small views: it is the way that is tested here, not the pixels."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One server for all tests here."""
    with running(tmp_path_factory.mktemp("store")) as store:
        store.bucket("photos")
        store.bucket("tiles")
        yield store


@pytest.fixture
def store(shared: Store) -> Store:
    """The server without faults, and with nothing counted."""
    shared.works()
    shared.counted()
    return shared


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five pictures in two folders, a broken one, a note and a hidden file."""
    for name in ("b.jpg", "a/z.png", "a/y.jpg", "c.jpg", "a.jpg"):
        picture(tmp_path / "in" / name)
    (tmp_path / "in" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    (tmp_path / "in" / ".hidden.jpg").write_bytes(b"")
    return tmp_path / "in"


def command(store: Store, *arguments: str | Path, cwd: Path = ROOT, **environment: str) -> Ran:
    """`dynres` where it finds the store."""
    return dynres(*arguments, stdin=b"", cwd=cwd, **(store.environment | environment))


def tile(store: Store, *arguments: str | Path, **environment: str) -> Ran:
    """`dynres tile` with small views and two workers."""
    return command(store, "tile", *arguments, *SMALL, "-j", "2", "--json", cwd=ROOT, **environment)


def local(folder: Path, tmp_path: Path, *options: str) -> dict[str, bytes]:
    """What the same pictures give on a disk."""
    assert dynres("tile", folder, tmp_path / "local", *SMALL, *options, "-q").status == 3
    return tree(tmp_path / "local")


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


def killed_at(store: Store, place: str, name: str, options: tuple[str, ...] = (), number: int = 1) -> None:
    """Run into s3://tiles/PLACE, and kill -9 all of it as it writes an object of this name for the so-many-th time."""
    seen = 0

    def kill(method: str, path: str, _time: int) -> Fault | None:
        nonlocal seen
        seen += method == "PUT" and path.startswith(f"/tiles/{place}/") and name in path
        if seen < number:
            return None
        os.killpg(process.pid, signal.SIGKILL)
        return "drop"

    words = ["tile", f"s3://photos/{place}", f"s3://tiles/{place}", *SMALL, *options, "-j", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **store.environment}
    store.fails(kill)
    process = subprocess.Popen(
        [sys.executable, "-m", "dynres_cli", *words], env=environment, start_new_session=True, stderr=subprocess.DEVNULL
    )
    assert process.wait(120) == -signal.SIGKILL
    store.works()


@pytest.mark.slow
def test_only_what_is_missing_is_made_after_a_kill(store: Store, folder: Path, tmp_path: Path) -> None:
    """Killed in its middle and run again, at once: what was committed stays as it is, and the bytes are the same."""
    expected = local(folder, tmp_path)
    store.upload(folder, "photos/kill")
    killed_at(store, "kill", "grid.json", number=3)
    names = store.names("tiles", "kill")
    assert "kill/manifest.json" not in names
    committed = [name for name in names if name.endswith("grid.json")]
    assert len(committed) == 2
    store.counted()
    assert tile(store, "s3://photos/kill", "s3://tiles/kill").status == 3
    rewritten = [path.partition("?")[0] for method, path in store.counted().paths if method == "PUT"]
    assert not {f"/tiles/{name}" for name in committed} & set(rewritten)
    assert store.tree("tiles", "kill") == expected


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["packed", "webdataset"])
@pytest.mark.parametrize("name", ["shard-00001.index.json", "shard-00001.", "manifest.json"])
def test_shards_in_a_bucket_survive_a_kill(store: Store, folder: Path, tmp_path: Path, layout: str, name: str) -> None:
    """Killed as it writes a shard, its index or the manifest: a second run ends with an undisturbed run's bytes."""
    options = ("--layout", layout, "--tiles", "none", "--shard-tiles", "4")
    expected = local(folder, tmp_path, *options)
    place = f"{layout}-{name}".rstrip(".")
    store.upload(folder, f"photos/{place}")
    killed_at(store, place, f"/{name}", options)
    assert f"{place}/manifest.json" not in store.names("tiles", place)
    assert tile(store, f"s3://photos/{place}", f"s3://tiles/{place}", *options).status == 3
    assert store.tree("tiles", place) == expected
    assert command(store, "verify", f"s3://tiles/{place}").status == 0


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
def test_trouble_on_the_way_changes_nothing(store: Store, folder: Path, tmp_path: Path) -> None:
    """Answers of 503, dropped and half connections, a slow answer: tried again, and the same bytes come out."""
    expected = local(folder, tmp_path)
    store.upload(folder, "photos/trouble")
    kinds: dict[str, Fault] = {"a.jpg": "503", "b.jpg": "half", "c.jpg": "drop", "z.png": "slow"}

    def first_time(method: str, path: str, time: int) -> Fault | None:
        name = path.partition("?")[0].rpartition("/")[2]
        if method == "PUT" and name in ("grid.json", "tile_r0_c0.png", "manifest.json") and time == 1:
            return "drop" if name == "grid.json" else "503"
        return kinds.get(name) if method == "GET" and time == 1 else None

    store.fails(first_time)
    ran = tile(store, "s3://photos/trouble", "s3://tiles/trouble", DYNRES_NETWORK_TIMEOUT="2")
    assert ran.status == 3
    store.works()
    assert store.tree("tiles", "trouble") == expected


@pytest.mark.slow
def test_an_object_that_cannot_be_read_is_a_failed_record(store: Store, folder: Path, tmp_path: Path) -> None:
    """Its stage is `read`, its code `unreadable`; the others are tiled, and a later run tries it again."""
    store.upload(folder, "photos/unreadable")
    store.fails(lambda _method, path, _time: "503" if path.startswith("/photos/unreadable/c.jpg") else None)
    ran = tile(store, "s3://photos/unreadable", tmp_path / "out")
    assert ran.status == 3
    assert ran.json["failures"] == {"truncated": 1, "unreadable": 1}
    record = json.loads((tmp_path / "out" / "c.jpg" / "grid.json").read_text())
    assert (record["stage"], record["code"]) == ("read", "unreadable")
    store.works()
    assert tile(store, "s3://photos/unreadable", tmp_path / "out").json["tiled"] == 1
    assert tree(tmp_path / "out") == local(folder, tmp_path)


@pytest.mark.slow
def test_an_output_that_cannot_be_written_ends_the_run(store: Store, folder: Path) -> None:
    """Exit status 1 with one sentence; no manifest, and no record without its files."""
    store.upload(folder, "photos/full")
    store.fails(lambda method, path, _time: "503" if method == "PUT" and "tile_r0" in path else None)
    ran = tile(store, "s3://photos/full", "s3://tiles/full")
    assert ran.status == 1
    assert "s3://tiles/full: cannot be written to" in ran.err
    assert not [name for name in store.names("tiles", "full") if name.endswith(".json") and "broken" not in name]


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
    picture(tmp_path / "x.jpg")
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
        picture(tmp_path / name / "a.bmp", *sides)
        picture(tmp_path / name / "b.bmp", *sides[::-1])
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


@pytest.mark.slow
def test_a_server_that_dies_costs_no_picture(folder: Path, tmp_path: Path) -> None:
    """What could not be read is failed; when the server is back, the same command gives the same bytes."""
    with running(tmp_path) as store:
        store.bucket("photos")
        store.upload(folder, "photos/dies")
        killed = []

        def after_two(method: str, path: str, _time: int) -> Fault | None:
            killed.append(method == "GET" and ".jpg" in path)
            if sum(killed) == 3:
                store.server.kill()
            return None

        store.fails(after_two)
        ran = tile(store, "s3://photos/dies", tmp_path / "out", DYNRES_RETRIES="1")
        assert ran.status == 3
        assert ran.json["failures"]["unreadable"] >= 1
        store.server.start()
        store.works()
        store.bucket("photos")
        store.upload(folder, "photos/dies")
        assert tile(store, "s3://photos/dies", tmp_path / "out").status == 3
        assert tree(tmp_path / "out") == local(folder, tmp_path)
