"""Guarantees 37 to 39: what a run says of itself, what it leaves behind in the system, and what verify finds."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.guarantees import corpus
from tests.guarantees.command import (
    codes,
    counts,
    images,
    manifest,
    start,
    tile,
    workers_of,
)

linux = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at processes by Linux's /proc")


def odd_folder(folder: Path) -> Counter[str]:
    """A folder of everything, and how often each outcome is due."""
    corpus.photos(folder, 5)
    corpus.photos(folder / "deeper" / "still", 2)
    whole = (folder / "0000.jpg").read_bytes()
    corpus.write_all(
        folder,
        {
            "cut.jpg": whole[: len(whole) // 2],
            "empty.png": b"",
            "text.gif": b"no picture",
            "notes.txt": b"notes",
            "b.svg": b"<svg/>",
        },
    )
    (folder / "link.png").symlink_to("0000.jpg")
    (folder / "folder.png").mkdir()
    return Counter(tiled=7, skipped=4, truncated=1, empty=1, unidentified=1)


def test_every_input_has_one_outcome_and_the_numbers_agree_everywhere(tmp_path: Path) -> None:
    """Guarantee 37: JSON on stdout, the manifest's head, its records and the log say the same; words go to stderr."""
    due = odd_folder(tmp_path / "in")
    done = tile(tmp_path / "in", tmp_path / "out", "--log", tmp_path / "log")
    assert done.returncode == 3
    assert done.stdout.count(b"\n") == 1, "one document and nothing else"
    summary = counts(done)
    assert (summary["tiled"], summary["skipped"], summary["failed"]) == (due["tiled"], due["skipped"], 3)
    assert summary["failures"] == {"empty": 1, "truncated": 1, "unidentified": 1}
    run = manifest(tmp_path / "out")["run"]
    assert (run["images"], run["tiled"], run["failed"]) == (10, 7, 3)
    assert Counter(codes(tmp_path / "out").values()) == {name: n for name, n in due.items() if name != "skipped"}
    events = Counter(json.loads(line)["event"] for line in (tmp_path / "log").read_bytes().splitlines())
    assert events == {"start": 1, "listed": 1, "tiled": 7, "failed": 3, "end": 1}
    for key in images(tmp_path / "out"):
        marker = tmp_path / "out" / key / "grid.json"
        assert marker.read_bytes() in (tmp_path / "out" / "manifest.json").read_bytes().replace(b",\n", b"\n")


def test_no_record_holds_a_time_or_a_machine(tmp_path: Path) -> None:
    """Guarantee 37: seconds, versions and paths of this machine are in the log alone."""
    corpus.photos(tmp_path / "in", 1)
    assert tile(tmp_path / "in", tmp_path / "out").returncode == 0
    text = (tmp_path / "out" / "manifest.json").read_text("utf-8")
    for word in (str(tmp_path), "seconds", "pillow_version", os.uname().nodename):
        assert word not in text


def handles(pid: int) -> int:
    """How many handles a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident(pid: int) -> int:
    """Bytes of memory that a process has to itself."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


@linux
@pytest.mark.parametrize(
    ("number", "growth"),
    [pytest.param(400, 12 << 20, id="400"), pytest.param(10_000, 24 << 20, id="10,000", marks=pytest.mark.slow)],
)
def test_handles_memory_and_temporary_files_stay_level(tmp_path: Path, number: int, growth: int) -> None:
    """Guarantee 38: over many small files no process gains handles or more than a few MB, none leaves a temp file."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    data = corpus.good_files()["plain.png"]
    for index in range(number):
        (folder / f"{index:05d}.png").write_bytes(data)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    run = start(folder, out, "--no-fsync", "--tensor", "none", env={"TMPDIR": str(scratch)})
    samples: list[tuple[int, int]] = []
    while run.poll() is None:
        try:
            processes = [run.pid, *workers_of(run.pid)]
            if len(processes) == 3:
                samples.append((max(map(handles, processes)), max(map(resident, processes))))
        except OSError:
            pass  # one of them has just ended
        time.sleep(0.005)
    output, errors = run.communicate()
    assert run.returncode == 0, errors
    assert json.loads(output)["tiled"] == number
    assert len(samples) > 5
    # The files of one picture are open together for a moment: what is left between pictures tells of a leak.
    third = len(samples) // 3
    settled, last = samples[third : 2 * third], samples[-third:]
    assert min(each[0] for each in last) <= min(each[0] for each in settled) + 1
    assert min(each[1] for each in last) <= min(each[1] for each in settled) + growth
    assert list(scratch.iterdir()) == []
