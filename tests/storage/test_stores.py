"""Stores without a server: fsspec's own memory shows what every other kind of store has to do."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from dynres_cli.errors import ImageError, MissingExtra, RunError, UsageError
from dynres_cli.facts import FileLimits
from dynres_cli.globs import Filter
from dynres_cli.items import Item
from dynres_cli.opening import read_source
from dynres_cli.operations.claiming import refuse_foreign
from dynres_cli.operations.shards.catalogue import Catalogue
from dynres_cli.ordering import in_key_order
from dynres_cli.sinks.owned import by_owner
from dynres_cli.source import Selection, listing
from dynres_cli.storage import NewFile, Writer, check_writable, leases, lock, read_below, sizes_below, stat_below
from dynres_cli.storage.connecting import file_system
from dynres_cli.storage.leases import Lease
from dynres_cli.storage.objects import refusal
from dynres_cli.storage.retrying import persistent
from dynres_cli.storage.stores import Entry, store_of
from dynres_cli.urls import below, is_url, last_name
from tests.operations.outputs import SMALL, tiled
from tests.pictures import noise
from tests.storage.stores import has

needs_fsspec = pytest.mark.skipif(not has("fsspec"), reason="needs fsspec: pip install -e '.[test-s3]'")


def filled(place: str, *names: str) -> str:
    """A prefix in memory with objects of these names."""
    for name in names:
        store, path = store_of(f"memory://{place}/{name}")
        store.put(path, name.encode())
    return f"memory://{place}"


@needs_fsspec
def test_a_listing_comes_in_the_order_of_keys() -> None:
    """Also where the store lists folder by folder, and where a key had to be changed."""
    names = ("a/b.jpg", "a.jpg", "a-b.jpg", "a/Z/y.png", "b/.hidden.jpg", "manifest.json/x.jpg", "n.txt", "ä.jpg")
    found = listing(Selection((filled("order", *names),)))
    items = list(found)
    changed = next(item.key for item in items if item.source == "manifest.json/x.jpg")
    assert [item.key for item in items] == ["a-b.jpg", "a.jpg", "a/Z/y.png", "a/b.jpg", changed, "ä.jpg"]
    assert read_source(items[2].path, FileLimits()).data == b"a/Z/y.png"
    assert found.skipped == {"not_an_image_name": 1}
    chosen = listing(Selection(("memory://order", "memory://order/a.jpg"), filter=Filter(("*.png",))))
    assert [item.key for item in chosen] == ["a.jpg", "order/a/Z/y.png"]


@needs_fsspec
def test_what_comes_before_the_mark_of_an_output_is_known_too() -> None:
    """A store lists `!x.jpg/` before `.dynres/`; who has pictures of such names and no output keeps them."""
    own = ("out/!x.jpg/tile_r0_c0.png", "out/.dynres/lock", "out/z.jpg/thumbnail.png")
    place = filled("early", "mine/(1)/thumbnail.png", "out/ y.jpg/thumbnail.png", "!/a.jpg", *own)
    found = listing(Selection((place,)))
    assert [item.key for item in found] == ["!/a.jpg", "mine/(1)/thumbnail.png"]
    assert found.skipped == {"is_output": 1}


@needs_fsspec
def test_an_object_that_is_named_itself_keeps_its_whole_name() -> None:
    """A question mark is part of a key; only in an address of the web does it end the name."""
    (item,) = listing(Selection((f"{filled('asks', 'why?.jpg')}/why?.jpg",)))
    assert (item.key, item.source) == ("why?.jpg", "why?.jpg")
    assert read_source(item.path, FileLimits()).data == b"why?.jpg"
    assert last_name("s3://photos/x/why?.jpg") == "why?.jpg"
    assert last_name("HTTPS://photos.example/x/a.jpg?size=full") == "a.jpg"
    assert last_name("https://photos.example/x/a.tar?X-Amz-Credential=me/2026/s3") == "a.tar"


@needs_fsspec
def test_an_empty_object_is_not_fetched() -> None:
    """Its size is known, and some stores give an error for a part of nothing."""
    store, path = store_of("memory://hollow/a.jpg")
    store.put(path, b"")
    (item,) = listing(Selection(("memory://hollow",)))
    store.remove(path)
    with pytest.raises(ImageError) as refused:
        read_source(item.path, FileLimits())
    assert refused.value.code == "empty"


@needs_fsspec
def test_names_that_begin_alike_do_not_clash() -> None:
    """Only a name with a slash behind it is the folder of another; a stream in order stays as it is."""
    found = listing(Selection((filled("both", "x/a.jpg", "x/a.jpg-b.jpg", "x/a.jpg.png"),)))
    assert len(list(found)) == 3
    items = [Item(key, key, key) for key in ("a", "a~1", "b")]
    assert list(in_key_order(items)) == items


@needs_fsspec
def test_an_output_in_a_store_keeps_what_a_folder_keeps() -> None:
    """Files are read back as written, with sizes; removing what is not there is no error; one run at a time."""
    root = "memory://out/one"
    check_writable(root)
    with lock(root) as held:
        assert not held.after_crash
        writer = Writer(root)
        files = [NewFile("a.png", (b"12", b"3")), NewFile("grid.json", (b"{}",), mtime_ns=5)]
        assert writer.write("k/x.jpg", files) == 5
        assert read_below(root, "k/x.jpg/a.png", 3) == b"123"
        assert sizes_below(root, "k/x.jpg", ["a.png", "grid.json", "none"]) == {"a.png": 3, "grid.json": 2}
        writer.remove("k/x.jpg", ["none", "a.png"])
        assert stat_below(root, "k/x.jpg/a.png") is None
        with pytest.raises(RunError, match="more than"):
            read_below(root, "k/x.jpg/grid.json", 1)
        with pytest.raises(RunError, match="is writing there"), lock(root):
            pass
    with lock(root) as held:
        assert not held.after_crash


@needs_fsspec
def test_somebody_elses_manifest_in_a_store_is_kept() -> None:
    """As in a folder, --into writes beside what is there, and not over it."""
    with pytest.raises(RunError, match=r"site/manifest\.json"):
        refuse_foreign(filled("site", "manifest.json"), into=True)
    refuse_foreign(filled("photos", "a.jpg"), into=True)


@needs_fsspec
def test_somebody_elses_shards_in_a_store_are_told_from_ours() -> None:
    """By the state, where a run has begun them."""
    root = filled(
        "mixed", "shard-00000.tar", "shard-00003.tar", "shard-00003.npy", "x.tar", ".dynres/times/shard-00003"
    )
    ours, others = by_owner(root, "webdataset")
    assert ([shard.number for shard in ours], [shard.number for shard in others]) == ([3], [0])
    assert by_owner("memory://mixed-nowhere", "packed") == ([], [])


def test_what_fails_for_a_moment_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as was asked for; what can never succeed is not."""
    monkeypatch.setenv("DYNRES_RETRIES", "1")
    tried: list[int] = []

    def failing(error: Exception) -> Callable[[], None]:
        def call() -> None:
            tried.append(1)
            raise error

        return call

    for error, times in ((ConnectionResetError(), 2), (FileNotFoundError(), 1), (PermissionError(), 1)):
        tried.clear()
        with pytest.raises(type(error)):
            persistent(failing(error))
        assert len(tried) == times
    tried.clear()
    with pytest.raises(OSError, match="Invalid endpoint") as refused:
        persistent(failing(ValueError("Invalid endpoint: localhost:9000")))
    assert len(tried) == 1
    told = str(refusal(refused.value, "s3://photos", "cannot be read"))
    assert told == (
        "s3://photos: cannot be read: Invalid endpoint: localhost:9000; correct that and run the same command again"
    )
    assert "given up after 2 tries" in str(refusal(ConnectionResetError(), "s3://photos", "cannot be read"))
    monkeypatch.setenv("DYNRES_RETRIES", "many")
    with pytest.raises(UsageError, match="DYNRES_RETRIES"):
        persistent(lambda: None)


@needs_fsspec
def test_a_clock_that_is_ahead_ends_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guarantee 7: by the store's clock a lock is over or not; nothing is left of asking it."""
    first, second = Lease("memory://photos/early"), Lease("memory://photos/early")
    first.take()
    ahead = SimpleNamespace(time=lambda: time.time() + 600, monotonic=time.monotonic)
    monkeypatch.setattr(leases, "time", ahead)
    with pytest.raises(RunError, match="is writing there"):
        second.take()
    assert [entry.path for entry in second.store.children("/photos/early/.dynres")[0]] == [first.path]
    monkeypatch.setattr(leases, "LEASE", -1.0)
    assert second.take()


@needs_fsspec
def test_only_a_process_of_this_machine_is_known_to_be_dead() -> None:
    """Guarantee 7: two machines may have one name, and a number that is nobody's here is somebody's there."""
    first, second = Lease("memory://photos/twins"), Lease("memory://photos/twins")
    first.me = replace(first.me, pid=4_000_000, token="another machine's")
    first.take()
    with pytest.raises(RunError, match=r"process 4000000 on .* is writing there"):
        second.take()
    first.store.put(first.path, json.dumps(asdict(replace(second.me, pid=4_000_000))).encode())
    assert second.take()


@needs_fsspec
def test_a_holder_that_slept_does_not_take_its_lock_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run took it between a look at the lock and its renewal."""
    first, second = Lease("memory://photos/sleeper"), Lease("memory://photos/sleeper")
    first.take()
    monkeypatch.setattr(leases, "RENEWAL", -1.0)
    head, looks = first.store.head, iter(range(100))

    def overtaken(path: str) -> Entry | None:
        entry = head(path)
        if next(looks) == 0:
            second.store.put(path, json.dumps(asdict(second.me)).encode())
        return entry

    monkeypatch.setattr(first.store, "head", overtaken)
    with pytest.raises(RunError, match="is writing there"):
        first.keep()
    first.give_back()
    second.keep()


def test_urls_are_told_from_paths(tmp_path: Path) -> None:
    """A local name that looks like a URL is one only where it is not written as ./NAME."""
    assert is_url("s3://bucket")
    assert not any(map(is_url, ("s3:/x", "./s3://x", str(tmp_path), "C:\\x", "a b://c")))
    assert below("s3://b/x/y/", "s3://b/x") == "y"
    assert below("s3://b/xy", "s3://b/x") is None


@pytest.mark.skipif(has("adlfs"), reason="adlfs is installed, so nothing is missing")
@needs_fsspec
def test_a_missing_package_is_one_sentence() -> None:
    """It names what to install."""
    with pytest.raises(MissingExtra, match="not installed: Install adlfs"):
        store_of("abfs://x/y")
    with pytest.raises(UsageError, match="no kind of place"):
        store_of("nosuch://x/y")


@needs_fsspec
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # fsspec's half-made object
def test_a_store_that_needs_more_than_an_address_says_what() -> None:
    """Some kinds are told their host by fsspec's own settings, and not by what a URL says."""
    with pytest.raises(UsageError, match="set FSSPEC_FTP_HOST"):
        store_of("ftp://host/x")


@needs_fsspec
def test_packages_of_stores_print_nothing_by_themselves() -> None:
    """Google's has a traceback printed for each call that fails, which is told in one sentence anyway."""
    file_system("memory")
    assert all(logging.getLogger(name).handlers for name in ("fsspec", "s3fs", "gcsfs"))


@needs_fsspec
def test_records_of_shards_are_found_by_many_threads_at_once(tmp_path: Path) -> None:
    """The manifest of shards in a store is compiled from records that are read ahead; each is the one asked for."""
    (tmp_path / "in").mkdir()
    for number in range(40):
        Image.fromarray(noise(30 + number, 20, number)).save(tmp_path / "in" / f"{number}.bmp")
    out = tiled(tmp_path / "in", tmp_path / "out", *SMALL, "--layout", "webdataset", "--tiles", "none")
    store, place = store_of("memory://shards")
    store.put(f"{place}/shard-00000.index.json", (out / "shard-00000.index.json").read_bytes())
    catalogue = Catalogue("memory://shards", "webdataset")
    keys = [f"{number}.bmp" for number in range(40)] * 25
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(catalogue.find, keys))
    assert [json.loads(text)["key"] for _, text in found] == keys
