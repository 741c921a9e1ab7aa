"""Guarantees 12 to 17 and 40: one bad picture never stops the run, and never looks like a good one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from tests.guarantees import corpus
from tests.guarantees.command import (
    ROOT,
    check_whole,
    codes,
    counts,
    environment,
    images,
    made,
    seconds_of,
    start,
    tile,
    workers_of,
)
from tests.guarantees.truth import frames_that_differ
from tests.pictures import noise

MOST_STDERR = 8_000
"""Bytes that a run may say about any number of bad files: ten of them, their number, the summary."""


@pytest.mark.parametrize("number", [pytest.param(150, id="150"), pytest.param(1500, id="1500", marks=pytest.mark.slow)])
def test_no_broken_file_stops_a_run_or_gives_a_tile_that_is_not_its_own(tmp_path: Path, number: int) -> None:
    """Guarantee 12: hundreds of cut, flipped and spliced files of every format: each ends in one outcome, exit 3."""
    good = corpus.good_files()
    found = corpus.write_all(tmp_path / "in", corpus.mutants(number))
    found += corpus.write_all(tmp_path / "in", {f"good_{name}": data for name, data in good.items()})
    done = tile(tmp_path / "in", tmp_path / "out")
    assert done.returncode == 3
    assert counts(done)["found"] == found == len(images(tmp_path / "out"))
    assert len(done.stderr) < MOST_STDERR
    outcomes = codes(tmp_path / "out")
    assert {outcomes[f"good_{name}"] for name in good} == {"tiled"}
    assert list(outcomes.values()).count("tiled") > len(good)
    assert frames_that_differ(tmp_path / "in", tmp_path / "out") == []


linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers by Linux's /proc")


@linux
def test_killed_workers_cost_no_picture_and_none_is_made_twice(tmp_path: Path) -> None:
    """Guarantee 13: all three workers are killed from outside while 240 pictures are tiled; all are there in the end.

    Only the workers of the beginning are killed, twelve pictures apart: whatever lost its worker has been tried again
    by then, and is never hit twice.
    """
    corpus.photos(tmp_path / "in", 240)  # so many that the last one is far when the third worker is killed
    killed: set[int] = set()
    first: list[int] = []
    next_at = 1
    run = start(tmp_path / "in", tmp_path / "out", "-v", "-j", "3")
    while run.poll() is None and len(killed) < 3:
        time.sleep(0.01)
        done = made(tmp_path / "out")
        first = first or (workers_of(run.pid) if done else [])
        if len(first) == 3 and done >= next_at:
            os.kill(first[len(killed)], signal.SIGKILL)
            killed.add(first[len(killed)])
            next_at = made(tmp_path / "out") + 12  # it may be some time since `done` was counted
    output, errors = run.communicate(timeout=120)
    assert (run.returncode, len(killed)) == (0, 3), errors
    # Whoever was killed between its record and its word to the parent is found done by the worker that follows.
    told = re.findall(rb"^(?:tiled|done before)  (\S+):", errors, re.MULTILINE)
    assert len(told) == len(set(told)) == 240
    summary = json.loads(output)
    assert (summary["failed"], summary["tiled"] + summary["skipped"]) == (0, 240)
    assert check_whole(tmp_path / "out") > 240


@linux
@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGKILL, "out_of_memory", id="as the kernel does"),
        pytest.param(signal.SIGSEGV, "worker_crash", id="as a decoder does"),
    ],
)
def test_a_picture_that_always_kills_its_worker_is_blamed_and_the_others_are_done(
    tmp_path: Path, number: signal.Signals, code: str
) -> None:
    """Guarantee 13: whoever works on one file dies each time: that file is blamed by name, the ten others are tiled."""
    corpus.photos(tmp_path / "in", 10)
    (tmp_path / "in" / "zz_killer.jpg").write_bytes(corpus.slow_jpeg())
    run = start(tmp_path / "in", tmp_path / "out", "-j", "1")
    hunter = threading.Thread(target=_kill_the_slow, args=(run.pid, tmp_path / "out", number))
    hunter.start()
    _output, errors = run.communicate(timeout=120)
    hunter.join()
    assert run.returncode == 3, errors
    outcomes = codes(tmp_path / "out")
    assert outcomes.pop("zz_killer.jpg") == code
    assert list(outcomes.values()) == ["tiled"] * 10


def _kill_the_slow(pid: int, out: Path, number: signal.Signals) -> None:
    """Kill every worker that goes on computing once the ten fast pictures are done: it can only be the slow one."""
    seen: dict[int, float] = {}
    while Path(f"/proc/{pid}/stat").exists():
        if made(out) >= 10:
            for worker in workers_of(pid):
                if seconds_of(worker) > seen.setdefault(worker, seconds_of(worker)) + 0.2:
                    with suppress(ProcessLookupError):
                        os.kill(worker, number)
        time.sleep(0.01)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_picture_that_takes_too_long_is_stopped_from_outside(tmp_path: Path, jobs: str) -> None:
    """Guarantee 14: --timeout ends a decoder that hears no signal, with one worker as with two; the others finish."""
    corpus.photos(tmp_path / "in", 4, width=60, height=40)
    (tmp_path / "in" / "0000slow.jpg").write_bytes(corpus.slow_jpeg())
    done = tile(tmp_path / "in", tmp_path / "out", "-j", jobs, "--timeout", "0.4")
    assert done.returncode == 3, done.stderr
    outcomes = codes(tmp_path / "out")
    assert outcomes.pop("0000slow.jpg") == "timeout"
    assert list(outcomes.values()) == ["tiled"] * 4


def test_a_picture_that_can_never_fit_is_refused_by_its_need(tmp_path: Path) -> None:
    """Guarantee 15: with --max-memory 60M a picture of 25 megapixels is out_of_memory unseen, a small one is tiled."""
    corpus.photos(tmp_path / "in", 2)
    (tmp_path / "in" / "heavy.png").write_bytes(corpus.png(5000, 5000, zlib.compress(bytes(3 * 5000 + 1) * 5000, 1)))
    done = tile(tmp_path / "in", tmp_path / "out", "--max-memory", "60M")
    assert done.returncode == 3
    assert codes(tmp_path / "out") == {"0000.jpg": "tiled", "0001.jpg": "tiled", "heavy.png": "out_of_memory"}
    assert b"bytes of memory" in done.stderr


def test_a_line_that_takes_gigabytes_to_resize_is_refused_by_its_need(tmp_path: Path) -> None:
    """Guarantee 15: a million pixels one above the other are a PNG of four kilobytes, and 2.7 GB between two passes."""
    line = corpus.png(1, 1_000_000, zlib.compress(bytes(4 * 1_000_000), 9))
    corpus.write_all(tmp_path / "in", {"line.png": line})
    done = tile(tmp_path / "in", tmp_path / "out", "--max-memory", "500M", "--image-size", "448", "--max-num", "12")
    assert (done.returncode, len(line) < 5000) == (3, True)
    assert codes(tmp_path / "out") == {"line.png": "out_of_memory"}


@linux
def test_a_whole_picture_is_never_called_damaged_for_want_of_memory(tmp_path: Path) -> None:
    """Guarantee 15: decoders that are refused memory, at whatever point, give out_of_memory; else they are done.

    Most of their libraries say then what they say of damaged files, and a damaged file is not tried again.
    """
    image = Image.fromarray(noise(800, 800, 3))
    image.save(tmp_path / "a.jpg", progressive=True)
    image.save(tmp_path / "b.webp", quality=50, method=0)
    image.save(tmp_path / "c.tif", compression="tiff_deflate")
    image.resize((500, 500)).save(tmp_path / "d.jp2")
    image.save(tmp_path / "e.png", compress_level=1)
    words = [sys.executable, "-m", "tests.guarantees.starving", *sorted(map(str, tmp_path.iterdir()))]
    told = subprocess.run(words, capture_output=True, check=True, cwd=ROOT, env=environment(), timeout=120).stdout
    seen = dict(json.loads(line) for line in told.splitlines())
    assert len(seen) == 5
    assert all(set(outcomes) <= {"done", "out_of_memory"} for outcomes in seen.values()), seen
    assert sum("out_of_memory" in outcomes for outcomes in seen.values()) >= 3


def shared_fairly(pid: int) -> int:
    """Bytes of memory that a process takes, what it shares with others counted in parts; 0 where it has just ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


@linux
@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_whole_run_stays_within_what_is_stated(tmp_path: Path, dtype: str) -> None:
    """Guarantee 15: four workers, four pictures of 32 megapixels, 350 MB for them: below the 1,335 MB stated."""
    image = corpus.picture(8000, 4000)
    png = corpus.encoded(image, format="PNG", compress_level=1)
    bmp = corpus.encoded(image, format="BMP")
    corpus.write_all(tmp_path / "in", {"a.png": png, "b.png": png, "c.bmp": bmp, "d.bmp": bmp})
    words = ("-j", "4", "--max-memory", "350M", "--kernel", "numba", "--dtype", dtype)
    run = start(tmp_path / "in", tmp_path / "out", *words)
    peak = 0
    while run.poll() is None:
        peak = max(peak, sum(map(shared_fairly, [run.pid, *workers_of(run.pid)])))
        time.sleep(0.005)
    _output, errors = run.communicate()
    assert run.returncode == 0, errors
    assert 300_000_000 < peak < 200_000_000 + 4 * 192_000_000 + 350 * (1 << 20)


def test_truncated_files_are_errors_and_no_grey_tail_is_tiled(tmp_path: Path) -> None:
    """Guarantee 16: files cut at 1, 10, 50 and 90 % of every format: none is tiled by default."""
    shares = (1, 10, 50, 90)
    good = corpus.good_files()
    cuts = {f"{share:02d}_{name}": data[: len(data) * share // 100] for name, data in good.items() for share in shares}
    # A whole first page or frame is all that is asked for.
    several = ("moving.gif", "moving.png", "pages.tif", "pair.mpo")
    whole_first = {f"{share}_{name}" for name in several for share in (50, 90)}
    corpus.write_all(tmp_path / "in", cuts)
    done = tile(tmp_path / "in", tmp_path / "out")
    assert done.returncode == 3
    outcomes = codes(tmp_path / "out")
    tiled = {key for key, code in outcomes.items() if code == "tiled"}
    assert tiled <= whole_first
    # A TIFF whose tags end before their values do cannot say how its pixels are stored.
    assert set(outcomes.values()) - {"tiled"} <= {"truncated", "corrupt", "unidentified", "unsupported_mode"}
    assert outcomes["50_baseline.jpg"] == outcomes["50_plain.png"] == outcomes["90_raw.ppm"] == "truncated"


def test_a_tail_that_was_lost_and_covered_up_is_told(tmp_path: Path) -> None:
    """Guarantee 16: half a JPEG that ends as a whole one, zeros where the end of a PNG should be: Pillow takes them."""
    photo, drawing = corpus.picture(400, 300), corpus.picture(400, 300, 1).convert("1")
    jpeg, png = corpus.encoded(photo, format="JPEG"), corpus.encoded(drawing, format="PNG")
    kept = len(png) * 8 // 10
    lost = {"half.jpg": jpeg[: len(jpeg) // 2] + b"\xff\xd9", "hollow.png": png[:kept] + bytes(len(png) - kept)}
    corpus.write_all(tmp_path / "in", lost | {"whole.jpg": jpeg, "whole.png": png})
    assert tile(tmp_path / "in", tmp_path / "out").returncode == 0
    flagged = {key for key, record in images(tmp_path / "out").items() if "truncated" in record["flags"]}
    assert flagged == set(lost)


def test_truncated_pictures_that_were_asked_for_are_marked(tmp_path: Path) -> None:
    """Guarantee 16: --on-truncated tile takes half a JPEG and says so in its flags; a whole one has no such flag."""
    data = corpus.encoded(corpus.picture(400, 300), format="JPEG")
    corpus.write_all(tmp_path / "in", {"half.jpg": data[: len(data) // 2], "whole.jpg": data})
    done = tile(tmp_path / "in", tmp_path / "out", "--on-truncated", "tile")
    assert done.returncode == 0, done.stderr
    flags = {key: record["flags"] for key, record in images(tmp_path / "out").items()}
    assert "truncated" in flags["half.jpg"]
    assert "truncated" not in flags["whole.jpg"]


def test_a_broken_stream_is_never_a_black_picture(tmp_path: Path) -> None:
    """Guarantee 17: Pillow's second load() of a broken stream succeeds in black; here it is corrupt, without tiles."""
    rows = b"".join(b"\0" + bytes(row) for row in noise(40, 30).reshape(30, 120))
    stream = zlib.compress(rows)
    broken = stream[:20] + bytes([stream[20] ^ 0xFF]) + stream[21:]
    exif = (b"eXIf", b"II*\0\x08\0\0\0\0\0")
    files = {
        "no_stream.png": corpus.png(40, 30, b"this is no zlib stream"),
        "flipped.png": corpus.png(40, 30, broken),
        "late_exif.png": corpus.png(40, 30, broken, exif),
    }
    corpus.write_all(tmp_path / "in", files)
    done = tile(tmp_path / "in", tmp_path / "out")
    assert done.returncode == 3
    assert set(codes(tmp_path / "out").values()) == {"corrupt"}
    assert not [path for path in (tmp_path / "out").rglob("*.png") if path.is_file()]


def test_a_storm_of_failures_neither_floods_nor_hangs(tmp_path: Path) -> None:
    """Guarantee 40: 400 bad files with eight workers: ten are told, the rest counted, on less than 8 kB of stderr."""
    corpus.write_all(tmp_path / "in", {f"{number:04d}\n\x1b[31m.jpg": b"nonsense" * number for number in range(1, 401)})
    done = tile(tmp_path / "in", tmp_path / "out", "-j", "8")
    assert (done.returncode, counts(done)["failed"]) == (3, 400)
    assert len(re.findall(rb"^failed  ", done.stderr, re.MULTILINE)) == 10
    assert b"... and 390 more failures" in done.stderr
    assert len(done.stderr) < MOST_STDERR
    assert b"\x1b" not in done.stderr


def test_a_run_ends_after_as_many_failures_as_it_was_allowed(tmp_path: Path) -> None:
    """Guarantee 40: --max-failures 5 stops a run of 200 bad files early, with exit 3 and without a manifest."""
    corpus.write_all(tmp_path / "in", {f"{number:04d}.jpg": b"nonsense" for number in range(200)})
    done = tile(tmp_path / "in", tmp_path / "out", "--max-failures", "5")
    assert done.returncode == 3
    assert 5 <= counts(done)["failed"] < 200
    assert not (tmp_path / "out" / "manifest.json").exists()
