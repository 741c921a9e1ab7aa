"""S3 that now and then fails, and runs into it that are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import ROOT, tree
from tests.storage.buckets import SMALL, command, local, tile
from tests.storage.stores import MISSING, Fault, Store, has, running

pytestmark = pytest.mark.skipif(not has("s3fs", "moto", "flask"), reason=MISSING)


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


@pytest.mark.slow
@pytest.mark.parametrize("layout", [(), ("--layout", "packed", "--shard-tiles", "4")])
def test_a_store_that_gives_no_answer_is_not_called_damaged(
    store: Store, folder: Path, layout: tuple[str, ...]
) -> None:
    """What cannot be read is not damaged, edited or gone: whoever reads an output ends, and says so."""
    place = "silent" if layout else "silent-tree"
    assert tile(store, folder, f"s3://tiles/{place}", *layout).status == 3
    before = store.tree("tiles", place)

    def silent(method: str, path: str, _time: int) -> Fault | None:
        """Anything but the lock, and the manifest, which tells that there is an output at all."""
        name = path.partition("?")[0].rpartition("/")[2]
        return "503" if method == "GET" and name not in ("manifest.json", "lock", "tiles") else None

    store.fails(silent)
    for words in (["verify"], ["tile", str(folder)]):
        out = f"s3://tiles/{place}"
        ran = command(store, *words, out, *((*SMALL, *layout) if words[0] == "tile" else ()), DYNRES_RETRIES="0")
        assert (ran.status, ran.out.strip()) == (1, ""), ran
        assert f"{out}: cannot be read: given up after 1 tries" in ran.err
    store.works()
    assert store.tree("tiles", place) == before
    assert command(store, "verify", f"s3://tiles/{place}").status == 0
