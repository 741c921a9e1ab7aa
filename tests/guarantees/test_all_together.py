"""All guarantees at once: one run over thousands of good, odd and broken files, with everything that can lie about."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.guarantees import corpus
from tests.guarantees.command import (
    check_whole,
    codes,
    counts,
    dynres,
    images,
    manifest,
    start,
    temporaries,
    workers_of,
)
from tests.guarantees.test_containment import MOST_STDERR, shared_fairly
from tests.guarantees.truth import frames_that_differ

MUTANTS = 4000
SHAPES = ((1, 1), (1, 3000), (3000, 1), (2, 3), (7, 999))
ODD_NAMES = (
    b"line\nbreak.png",
    b"\x1b[31mred.png",
    b"not utf-8 \xff\xfe.png",
    b"-rf.png",
    b"<script>alert(1)</script>.png",
    b"=cmd|' .png",
    b"a'b\"c`d$(e).png",
    b"L" * 250 + b".png",
    "e\u0301.png".encode(),
    "\u00e9.png".encode(),
    b"CASE.png",
    b"case.png",
    b"manifest.json.png",
    b".dynres.png",
)


def odd(folder: Path, data: bytes) -> tuple[int, int]:
    """Odd names and shapes, which are all tiled, and what is passed over; how many of each."""
    for number, name in enumerate(ODD_NAMES):
        place = os.fsencode(folder) + b"/odd/" + name
        os.makedirs(os.path.dirname(place), exist_ok=True)
        Path(os.fsdecode(place)).write_bytes(corpus.encoded(corpus.picture(seed=900 + number), format="PNG"))
    for width, height in SHAPES:
        Image.new("RGB", (width, height)).save(folder / "odd" / f"{width}x{height}.png")
    passed = folder / "passed"
    passed.mkdir()
    (passed / "notes.txt").write_bytes(data)
    (passed / "outside.png").symlink_to("/etc/passwd")
    (passed / "loop").symlink_to("..")
    os.mkfifo(passed / "pipe.png")
    listening = socket.socket(socket.AF_UNIX)
    before = Path.cwd()
    os.chdir(passed)  # a socket's path may have 107 bytes
    listening.bind("socket.png")
    os.chdir(before)
    listening.close()
    return len(ODD_NAMES) - 1 + len(SHAPES), 5  # .dynres.png is hidden


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="measures the run by Linux's /proc")
def test_thousands_of_files_of_every_kind_end_in_exact_accounting(tmp_path: Path) -> None:
    """All guarantees: exit 3, one outcome each, little on stderr, memory as stated, no tile that is not a picture's."""
    folder, out = tmp_path / "in", tmp_path / "out"
    good = corpus.good_files()
    found = corpus.write_all(folder / "mutants", corpus.mutants(MUTANTS, seed=7))
    found += corpus.write_all(folder / "good", good)
    found += len(corpus.photos(folder / "photos", 300))
    tiled, passed = odd(folder, good["plain.png"])
    # `start` gives two workers; the budget is far below what the largest of these files states that it needs.
    run = start(folder, out, "--max-memory", "300M", "--no-fsync")
    peak = 0
    while run.poll() is None:
        peak = max(peak, sum(map(shared_fairly, [run.pid, *workers_of(run.pid)])))
        time.sleep(0.05)
    output, errors = run.communicate()
    assert run.returncode == 3, errors[-2000:]
    assert len(errors) < MOST_STDERR
    assert b"\x1b" not in errors
    assert peak < 200_000_000 + 2 * 192_000_000 + 300 * (1 << 20)
    summary = json.loads(output)
    assert summary["found"] == summary["tiled"] + summary["skipped"] + summary["failed"]
    assert (summary["tiled"] + summary["failed"], summary["skipped"]) == (found + tiled, passed)
    assert len(images(out)) == found + tiled == manifest(out)["run"]["images"]
    outcomes = codes(out)
    assert {outcomes[f"good/{name}"] for name in good} == {"tiled"}
    assert not {"worker_crash", "timeout", "output_error"} & set(outcomes.values())
    assert check_whole(out) > 10_000
    assert not temporaries(out)
    assert frames_that_differ(folder, out) == []
    checked = dynres("verify", out, "--json", "--against", "pillow", "--source", folder, "--sample", "300")
    assert json.loads(checked.stdout)["findings"] == []
    again = dynres("tile", "--json", "-j", "2", "--image-size", "28", "--max-num", "4", folder, out, "--no-fsync")
    assert (again.returncode, counts(again)["tiled"]) == (3, 0)
