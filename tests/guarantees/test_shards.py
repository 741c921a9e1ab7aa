"""Guarantees 1 to 5 for outputs in shards: whatever ends a run, the next one finishes it with the same bytes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.guarantees import corpus
from tests.guarantees.command import command, environment, start, temporaries, tile, tree
from tests.shards import marked

CUT = ("--shard-tiles", "25")
posix = pytest.mark.skipif(sys.platform == "win32", reason="kills a process group")


def check_committed(out: Path) -> None:
    """Whatever has an index lies there as its index says."""
    for index in out.glob("shard-*.index.json"):
        head = json.loads(index.read_bytes())["shard"]
        assert (out / head["file"]).stat().st_size == head["bytes"]
        if head["layout"]["name"] == "packed":
            assert len(np.load(out / head["file"], mmap_mode="r")) == head["total"]


ROUNDS = [
    pytest.param("webdataset", 1, id="webdataset-1"),
    *(pytest.param(layout, 30, id=f"{layout}-30", marks=[pytest.mark.slow, *marks]) for layout, marks in marked()),
]


@posix
@pytest.mark.parametrize(("layout", "rounds"), ROUNDS)
def test_kill_9_and_a_second_run_give_the_same_bytes(tmp_path: Path, layout: str, rounds: int) -> None:
    """At random moments, twice in a row; a shard that was finished is not written again."""
    corpus.photos(tmp_path / "in", 24)
    corpus.write_all(tmp_path / "in", {"broken.png": b"\x89PNG\r\n\x1a\n no"})
    arguments = (tmp_path / "in", tmp_path / "out", "--layout", layout, *CUT)
    started = time.monotonic()
    assert tile(*arguments).returncode == 3
    longest = time.monotonic() - started
    expected, chance = tree(tmp_path / "out"), random.Random(layout)
    for _ in range(rounds):
        shutil.rmtree(tmp_path / "out")
        for _again in range(2):
            run = start(*arguments)
            time.sleep(chance.uniform(0.3, 1) * longest)
            os.killpg(run.pid, signal.SIGKILL)
            run.communicate(timeout=60)
            check_committed(tmp_path / "out")
        finished = {path: path.stat().st_ino for path in tmp_path.glob("out/shard-*.index.json")}
        assert tile(*arguments).returncode == 3
        assert tree(tmp_path / "out") == expected
        assert not temporaries(tmp_path / "out")
        assert {path: path.stat().st_ino for path in finished} == finished, "made twice"


def test_damaged_staged_files_never_reach_a_shard(tmp_path: Path) -> None:
    """A staged tensor that lost its values in a power cut ends the run, and the next one tiles the picture anew."""
    corpus.photos(tmp_path / "in", 3)
    arguments = (tmp_path / "in", tmp_path / "out", "--layout", "packed")
    assert tile(*arguments).returncode == 0
    expected = tree(tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    # A tree of the same pictures is what lies in the staging folder of a run that was killed.
    staging = tmp_path / "out" / ".dynres" / "staging"
    staging.parent.mkdir(parents=True)
    assert tile(tmp_path / "in", staging, "--tiles", "none").returncode == 0
    shutil.rmtree(staging / ".dynres")
    (staging / "manifest.json").unlink()
    tensor = next(staging.rglob("pixel_values.npy"))
    tensor.write_bytes(bytes(tensor.stat().st_size))
    done = tile(*arguments)
    assert done.returncode == 1
    assert b"what was staged of it is damaged" in done.stderr
    assert tile(*arguments).returncode == 0
    assert tree(tmp_path / "out") == expected


@posix
def test_a_full_place_for_temporary_files_is_a_sentence(tmp_path: Path, small_disk: Path) -> None:
    """Guarantee 8: the list takes the last room below TMPDIR, so that none is left for the costs: exit 1, one line."""
    corpus.photos(tmp_path / "in", 2)
    page = os.statvfs(small_disk).f_frsize
    (small_disk / "full").write_bytes(bytes((os.statvfs(small_disk).f_bavail - 1) * page))
    words = [os.fsdecode(word) for word in command("tile", "-q", "--layout", "webdataset", tmp_path / "in")]
    done = subprocess.run(
        [*words, tmp_path / "out"], capture_output=True, check=False, env=environment(TMPDIR=str(small_disk))
    )
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1), done
    assert b"No space left on device" in done.stderr
