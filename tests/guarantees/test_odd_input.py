"""Guarantees 27 to 29, 32, 33 and 35: names, frames, shapes and files that nobody expects."""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
import threading
import time
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from dynres_cli.presets import PRESETS
from tests.guarantees import corpus
from tests.guarantees.command import codes, counts, dynres, images, start, tile, tree

posix = pytest.mark.skipif(sys.platform == "win32", reason="names that only POSIX allows")

TWINS = (
    *(
        "a.jpg",
        "a.png",
        "A.jpg",
        "a.png.png",
        "x/y.png",
        "x_y.png",
        "manifest.json.png",
        "grid.json.png",
        "tile_r0_c0.png",
    ),
    *(unicodedata.normalize(form, "é.png") for form in ("NFC", "NFD")),
    *("thumbnail.png/b.png", "report.html.png"),
)


@posix
def test_no_two_inputs_share_a_place(tmp_path: Path) -> None:
    """Guarantee 27: 13 names that case, form or our own files could mix up: 13 places, kept without a.jpg."""
    folder, out = tmp_path / "in", tmp_path / "out"
    for number, name in enumerate(TWINS):
        corpus.write_all(
            (folder / name).parent, {Path(name).name: corpus.encoded(corpus.picture(seed=number), format="PNG")}
        )
    for name in ("manifest.json", ".dynres"):  # our own names as folders
        corpus.photos(folder / name, 1)
    assert tile(folder, out, "--hidden").returncode == 0
    sources = {record["source"] for record in images(out).values()}
    assert sources == {*TWINS, "manifest.json/0000.jpg", ".dynres/0000.jpg"}
    places = {os.path.realpath(marker) for marker in out.rglob("grid.json") if ".dynres" not in marker.parts}
    assert len(places) == len(sources)
    assert len({record["sha256"] for record in images(out).values()}) >= len(TWINS)
    before = {record["source"]: record["key"] for record in images(out).values()}
    (folder / "a.jpg").unlink()
    assert tile(folder, tmp_path / "again", "--hidden", "-j", "1").returncode == 0
    after = {record["source"]: record["key"] for record in images(tmp_path / "again").values()}
    del before["a.jpg"]
    assert after == before


LEGAL = (
    *("-dash.png", "new\nline.png", "quote'\".png", "*?[x].png", "$(id) `;&|.png", " .png", "~.png", "%s{}.png"),
    *("ü" * 123 + ".png", "x" * 246 + ".png", "CON.png", "a:b.png", "back\\slash.png", "D:\\drive.png"),
)


@posix
def test_any_legal_name_works(tmp_path: Path) -> None:
    """Guarantee 28: newline, dash, glob and shell signs, 250 bytes, drives: tiled, and readers take them all."""
    folder, out = tmp_path / "in", tmp_path / "out"
    data = corpus.good_files()["plain.png"]
    corpus.write_all(folder, dict.fromkeys(LEGAL, data))
    corpus.write_all(folder / "C:", {"drive.png": data})
    here = os.open(folder, os.O_RDONLY)
    for _ in range(12):
        os.mkdir("d" * 200, dir_fd=here)
        deeper = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    file = os.open("deep.png", os.O_WRONLY | os.O_CREAT, dir_fd=here)
    os.write(file, data)
    os.close(file)
    os.close(here)
    done = tile(folder, out)
    summary = counts(done)
    assert summary["found"] == len(LEGAL) + 2
    outcomes = {record["source"]: record["status"] for record in images(out).values()}
    assert {outcomes[name] for name in (*LEGAL, "C:/drive.png")} == {"tiled"}
    assert set(summary["failures"]) <= {"output_error"}, done.stderr
    verified = dynres("verify", "--json", out)
    assert (verified.returncode, json.loads(verified.stdout)["findings"]) == (0, [])


@pytest.mark.slow  # every day: tests/cli/test_tile.py, with fewer ways to run
@posix
def test_any_run_gives_the_same_bytes(tmp_path: Path) -> None:
    """Guarantee 29: other jobs, engine, kernel, locale, zone, umask and hash seed: not a byte differs."""
    folder = tmp_path / "in"
    corpus.photos(folder, 6)
    corpus.write_all(folder, {**corpus.good_files(), "bad.png": b"nonsense", "é.png": corpus.good_files()["plain.png"]})
    runs = {
        "one": (("-j", "1"), {"LC_ALL": "C", "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"}),
        "many": (("-j", "7", "--kernel", "numba"), {"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2", "TZ": "UTC"}),
        "serial": (("--engine", "serial", "--kernel", "pillow", "--no-fsync"), {"PYTHONUTF8": "0", "LC_ALL": "POSIX"}),
    }
    before = os.umask(0o077)
    try:
        for name, (words, env) in runs.items():
            assert tile(folder, tmp_path / name, *words, env=env).returncode == 3
            os.umask(0o022)
    finally:
        os.umask(before)
    first, *others = (tree(tmp_path / name) for name in runs)
    assert len(first) > 100
    assert all(other == first for other in others)


def test_the_first_frame_is_tiled_and_a_broken_second_one_costs_nothing(tmp_path: Path) -> None:
    """Guarantee 32: three frames are counted in a flag; the first gives the same tiles when the second is damaged."""
    good = corpus.good_files()
    gif = good["moving.gif"]
    middle = len(gif) * 6 // 10  # three frames of about one size
    damaged = gif[:middle] + bytes(20) + gif[middle + 20 :]
    names = ("moving.gif", "moving.png", "pages.tif", "still.gif")
    corpus.write_all(tmp_path / "in", {name: good[name] for name in names})
    corpus.write_all(tmp_path / "in", {"damaged.gif": damaged})
    assert tile(tmp_path / "in", tmp_path / "out").returncode == 0
    records = images(tmp_path / "out")
    for name in ("moving.gif", "moving.png", "pages.tif"):
        assert "animated:3" in records[name]["flags"]
    assert not any(flag.startswith("animated") for flag in records["still.gif"]["flags"])
    first, same = ([entry["sha256"] for entry in records[name]["files"]] for name in ("moving.gif", "damaged.gif"))
    assert first == same


SHAPES = [(1, 1), (1, 5000), (5000, 1), (2, 3), (1, 2), (7, 4999)]


@pytest.mark.parametrize(
    "presets",
    [
        pytest.param(["internvl2", "llava-v1.6", "qwen2-vl"], id="three presets"),
        pytest.param(sorted(PRESETS), id="all presets", marks=pytest.mark.slow),
    ],
)
def test_extreme_shapes_give_tiles_or_a_reason(tmp_path: Path, presets: list[str]) -> None:
    """Guarantee 33: 1×1, 1×5000, 5000×1, 2×3 ...: tiled with at least one view, or not_tileable with a sentence."""
    for width, height in SHAPES:
        data = corpus.encoded(Image.new("RGB", (width, height)), format="PNG")
        corpus.write_all(tmp_path / "in", {f"{width}x{height}.png": data})
    for preset in presets:
        out = tmp_path / preset
        done = dynres("tile", "--json", "--preset", preset, "--tensor", "none", tmp_path / "in", out)
        assert done.returncode == (3 if counts(done)["failed"] else 0), done.stderr
        for record in images(out).values():
            if record["status"] == "tiled":
                assert record["total"] == len(record["files"]) >= 1, preset
            else:
                assert record["code"] == "not_tileable", (preset, record)
                assert len(record["message"]) > 20
                assert "Error" not in record["message"], "a division by zero is no reason"


@posix
def test_files_that_change_or_vanish_spoil_only_themselves(tmp_path: Path) -> None:
    """Guarantee 35: 80 files, half of them rewritten and unlinked meanwhile: each hash is of what was tiled."""
    folder, out = tmp_path / "in", tmp_path / "out"
    names = corpus.photos(folder, 80)
    versions = [corpus.encoded(corpus.picture(width, 80, 7), format="JPEG") for width in (120, 200, 320)]
    over = threading.Event()

    def disturb() -> None:
        chance = random.Random(35)
        while not over.is_set():
            path = folder / names[chance.randrange(40, 80)]
            if chance.random() < 0.2:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(chance.choice(versions))
            time.sleep(0.001)

    run = start(folder, out)
    restless = threading.Thread(target=disturb)
    restless.start()
    output, errors = run.communicate(timeout=120)
    over.set()
    restless.join()
    assert run.returncode == (3 if json.loads(output)["failed"] else 0), errors
    assert b"Traceback" not in errors
    outcomes = codes(out)
    assert len(outcomes) >= 40
    assert {outcomes[name] for name in names[:40]} == {"tiled"}
    # A file that is being written is seen empty or cut too.
    assert set(outcomes.values()) <= {"tiled", "changed", "vanished", "truncated", "empty", "corrupt"}
    whole = {hashlib.sha256(data).hexdigest(): len(data) for data in versions}
    for name in names[40:]:
        record = images(out).get(name)
        if record is not None and record["status"] == "tiled" and record["sha256"] in whole:
            assert record["bytes"] == whole[record["sha256"]]
