"""Guarantees 1 to 6 and 8: whatever ends a run, what it has written is whole, and the next run finishes the rest."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.guarantees import corpus
from tests.guarantees.command import (
    SMALL,
    check_whole,
    codes,
    command,
    counts,
    environment,
    images,
    manifest,
    start,
    temporaries,
    tile,
    tree,
)
from tests.pictures import noise

PHOTOS = 24
posix = pytest.mark.skipif(sys.platform == "win32", reason="kills a process group")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder of pictures, one of them broken, and what a run that nothing disturbs makes of it."""
    place = tmp_path_factory.mktemp("undisturbed")
    corpus.photos(place / "in", PHOTOS)
    corpus.write_all(place / "in", {"broken.png": b"\x89PNG\r\n\x1a\n no"})
    assert tile(place / "in", place / "out").returncode == 3
    return place / "in", tree(place / "out")


def kill_after(seconds: float, *args: str | Path) -> None:
    """Start a run and kill its whole group after a while."""
    run = start(*args)
    time.sleep(seconds)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=60)


@posix
@pytest.mark.slow  # every day a process dies in each of its calls: test_faults.py
@pytest.mark.parametrize("rounds", [2, 100])
def test_kill_9_leaves_whole_files_and_the_next_run_finishes_the_rest(
    tmp_path: Path, undisturbed: tuple[Path, dict[str, str]], rounds: int
) -> None:
    """Guarantees 1, 2, 4 and 5: after kill -9 at random moments all that has a name is whole; then nothing differs."""
    folder, expected = undisturbed
    chance = random.Random(rounds)
    out = tmp_path / "out"
    started = time.monotonic()
    start(folder, out).communicate()
    longest = 1.2 * (time.monotonic() - started)
    for _ in range(rounds):
        shutil.rmtree(out, ignore_errors=True)
        for _again in range(2):
            kill_after(chance.uniform(0.2, 1) * longest, folder, out)
            check_whole(out)
        finished = {path: path.stat() for path in out.rglob("grid.json")}
        assert tile(folder, out).returncode == 3
        assert tree(out) == expected
        assert not temporaries(out)
        for path, before in finished.items():
            after = path.stat()
            assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns), "made twice"


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """Guarantee 2: rerunning a finished run writes no file again, not even the manifest, and tiles nothing."""
    corpus.photos(tmp_path / "in", 4)
    assert tile(tmp_path / "in", tmp_path / "out").returncode == 0
    before = {path: path.stat().st_ino for path in (tmp_path / "out").rglob("*") if ".dynres" not in path.parts}
    done = tile(tmp_path / "in", tmp_path / "out")
    assert (counts(done)["tiled"], counts(done)["skipped"]) == (0, 4)
    after = {path: path.stat().st_ino for path in (tmp_path / "out").rglob("*") if ".dynres" not in path.parts}
    assert after == before


def test_another_configuration_or_content_is_never_mixed_with_the_old(tmp_path: Path) -> None:
    """Guarantee 3: another --max-num redoes all; a source replaced under its name only itself."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 3)
    assert tile(folder, out).returncode == 0
    assert counts(tile(folder, out, "--max-num", "2"))["tiled"] == 3
    assert {record["params"]["max_num"] for record in images(out).values()} == {2}
    assert counts(tile(folder, out))["tiled"] == 3
    data = bytearray((folder / "0001.jpg").read_bytes())
    data[-30] ^= 0xFF  # the same length
    (folder / "0001.jpg").write_bytes(bytes(data))
    os.utime(folder / "0002.jpg", ns=(1, 1))  # the same content
    before = images(out)
    summary = counts(tile(folder, out))
    assert (summary["tiled"], summary["skipped"]) == (1, 2)
    assert images(out)["0001.jpg"]["sha256"] != before["0001.jpg"]["sha256"]
    check_whole(out)


def test_what_a_record_does_not_list_any_more_is_gone(tmp_path: Path) -> None:
    """Guarantee 4: tiles of a larger grid do not outlive a run with a smaller one; no file is without an entry."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 2)
    assert tile(folder, out).returncode == 0
    assert tile(folder, out, "--max-num", "1", "--tensor", "none").returncode == 0
    listed = {entry["path"] for record in images(out).values() for entry in record["files"]}
    there = {name for name in tree(out) if not name.endswith(("grid.json", "manifest.json"))}
    assert there == listed


def test_a_lost_or_shortened_file_is_made_again(tmp_path: Path) -> None:
    """Guarantee 2: one deleted tile and one cut tensor: their two pictures are redone, the third is not."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 3)
    assert tile(folder, out).returncode == 0
    before = tree(out)
    (out / "0000.jpg" / "tile_r0_c0.png").unlink()
    os.truncate(out / "0001.jpg" / "pixel_values.npy", 100)
    assert counts(tile(folder, out))["tiled"] == 2
    assert tree(out) == before


@posix
def test_only_the_dead_runs_own_leftovers_are_cleaned(tmp_path: Path) -> None:
    """Guarantee 5: after a kill and a rerun no temporary name is left, and a stranger's files are as they were."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, PHOTOS)
    kill_after(0.01, folder, out)
    assert tile(folder, out, "--into").returncode == 0
    strangers = {
        "0003.jpg/notes.txt": b"mine",
        ".dynres-tmp-notes": b"mine",
        "0003.jpg/.dynres-tmp-12-0123456": b"seven digits",
    }
    for name, data in strangers.items():
        (out / name).write_bytes(data)
    leftover = out / "0003.jpg" / ".dynres-tmp-4000000-01234567"
    leftover.write_bytes(b"half a tile")
    (out / ".dynres" / "lock").write_text("4000000 elsewhere\n", "ascii")  # as a run that died leaves it
    assert tile(folder, out).returncode == 0
    assert not leftover.exists()
    assert {name: (out / name).read_bytes() for name in strangers} == strangers


def test_a_run_that_was_killed_as_it_began_stands_in_nobodys_way(tmp_path: Path) -> None:
    """Guarantee 7: it may have left no more than the empty file with which it tried the folder."""
    corpus.photos(tmp_path / "in", 1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".dynres-tmp-4000000-01234567").write_bytes(b"")
    done = tile(tmp_path / "in", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert not temporaries(tmp_path / "out")


def test_failures_can_be_tried_again_without_redoing_the_rest(tmp_path: Path) -> None:
    """Guarantee 6: a mended file is tiled by itself; an unchanged bad one is tried again only when asked for."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 3)
    whole = (folder / "0000.jpg").read_bytes()
    corpus.write_all(folder, {"0000.jpg": whole[:200], "bad.png": b"nonsense"})
    assert tile(folder, out).returncode == 3
    finished = (out / "0001.jpg" / "grid.json").stat().st_ino
    again = tile(folder, out)
    assert (again.returncode, counts(again)["tiled"], counts(again)["failed"]) == (3, 0, 2)
    (folder / "0000.jpg").write_bytes(whole)
    assert counts(tile(folder, out))["tiled"] == 1
    bad = (out / "bad.png" / "grid.json").stat().st_ctime_ns  # an inode's number may be given again at once
    assert counts(tile(folder, out, "--retry-failed"))["failed"] == 1
    assert (out / "bad.png" / "grid.json").stat().st_ctime_ns != bad
    assert (out / "0001.jpg" / "grid.json").stat().st_ino == finished
    assert codes(out) == {"0000.jpg": "tiled", "0001.jpg": "tiled", "0002.jpg": "tiled", "bad.png": "unidentified"}


def test_a_mended_file_of_the_same_age_is_tried_again(tmp_path: Path) -> None:
    """Guarantee 3: size and time tell a source, also one that failed; tools like rsync keep the time."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 1)
    path = folder / "0000.jpg"
    whole = path.read_bytes()
    for data, outcome in ((whole[:900], "truncated"), (whole, "tiled")):
        path.write_bytes(data)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        tile(folder, out)
        assert codes(out) == {"0000.jpg": outcome}


def limited(limit: str, *args: str | Path) -> subprocess.CompletedProcess[bytes]:
    """`dynres tile` below a limit of the shell's."""
    words = [os.fsdecode(word) for word in command("tile", *SMALL, *args)]
    return subprocess.run(
        ["bash", "-c", f'{limit}; exec "$@"', "bash", *words],
        capture_output=True,
        timeout=120,
        check=False,
        env=environment(),
    )


@posix
def test_a_file_that_may_not_grow_ends_the_run_with_one_sentence(tmp_path: Path) -> None:
    """Guarantee 8: no file above 20 kB: exit 1, one line, three finished pictures stay; the next run does the last."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 3, width=40, height=40)
    assert tile(folder, out).returncode == 0
    finished = {path: path.stat().st_ino for path in out.glob("*/*")}
    corpus.photos(folder / "wide", 1, width=400, height=100)
    stopped = limited("ulimit -f 20", folder, out)
    assert (stopped.returncode, stopped.stderr.count(b"\n")) == (1, 1)
    assert b"raise the limit (ulimit -f)" in stopped.stderr
    check_whole(out)
    assert not temporaries(out)
    assert counts(tile(folder, out))["tiled"] == 1
    assert {path: path.stat().st_ino for path in finished} == finished


@posix
def test_a_disk_without_room_is_found_before_the_first_picture(tmp_path: Path, small_disk: Path) -> None:
    """Guarantee 8: 100 pictures of 57 kB in files of their own on 2 MiB: exit 1, both numbers, and nothing written."""
    corpus.photos(tmp_path / "in", 100)
    done = tile(tmp_path / "in", small_disk / "out")
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert re.search(rb"about [678],\d{3},\d{3} bytes would be written and 2,\d{3},\d{3} are free", done.stderr)
    assert b"make room, or write less with --tiles none or --tensor none or --dtype float16" in done.stderr
    assert tree(small_disk / "out") == {}
    packed = tile(tmp_path / "in", small_disk / "out", "--layout", "packed", "--dtype", "uint8")
    assert (packed.returncode, packed.stderr.endswith(b"make room\n")) == (1, True)


@posix
def test_a_run_that_may_fit_is_not_refused(tmp_path: Path, small_disk: Path) -> None:
    """Guarantee 8: JPEG of blank pages are forecast as photographs, at some 10 MB, and take far less than 2 MiB."""
    page = Image.new("RGB", (1600, 1200), "white")
    page.paste("black", (100, 100, 1500, 130))
    pages = {f"{n:02d}.jpg": corpus.encoded(page, format="JPEG", quality=95) for n in range(12)}
    corpus.write_all(tmp_path / "in", pages)
    done = tile(tmp_path / "in", small_disk / "out", "--tensor", "none", "--image-size", "448")
    assert done.returncode == 0, done
    assert len(images(small_disk / "out")) == 12


@posix
def test_a_run_whose_png_will_not_fit_is_refused(tmp_path: Path, small_disk: Path) -> None:
    """Guarantee 8: of photographs, and found before the first picture is written, in one line."""
    corpus.photos(tmp_path / "in", 12, 640, 480)
    done = tile(tmp_path / "in", small_disk / "out", "--tensor", "none", "--image-size", "448")
    assert (done.returncode, done.stderr.count(b"\n"), b"bytes would be written and" in done.stderr) == (1, 1, True)
    assert not list((small_disk / "out").rglob("*.png"))


@posix
def test_a_disk_that_fills_up_ends_the_run_with_whole_files(tmp_path: Path, small_disk: Path) -> None:
    """Guarantee 8: black and white noise takes far more than forecast: exit 1, whole files; with room all is done."""
    folder, out = tmp_path / "in", small_disk / "out"
    one_bit = [Image.fromarray(noise(448, 448, seed)).convert("1") for seed in range(27)]
    corpus.write_all(folder, {f"{n:02d}.png": corpus.encoded(image, format="PNG") for n, image in enumerate(one_bit)})
    done = tile(folder, out, "--tensor", "none", "--image-size", "448")
    assert done.returncode == 1, done
    assert done.stderr.count(b"\n") == 1
    assert b"the disk is full" in done.stderr
    check_whole(out)
    assert not temporaries(out)
    subprocess.run(["mount", "-o", "remount,size=20m", small_disk], check=True)
    assert tile(folder, out, "--tensor", "none", "--image-size", "448").returncode == 0
    assert len(images(out)) == 27


def test_the_manifest_tells_nothing_of_how_the_run_went(
    tmp_path: Path, undisturbed: tuple[Path, dict[str, str]]
) -> None:
    """Guarantee 2: the manifest's head counts what the output holds, not what the last run did."""
    folder, _expected = undisturbed
    out = tmp_path / "out"
    tile(folder, out)
    (out / "0003.jpg" / "grid.json").unlink()
    tile(folder, out)
    run = manifest(out)["run"]
    assert (run["images"], run["tiled"], run["failed"]) == (PHOTOS + 1, PHOTOS, 1)
