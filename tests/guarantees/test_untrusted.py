"""Guarantees 20 to 24: pictures, folders and records that somebody made to do harm."""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.guarantees import corpus
from tests.guarantees.command import SMALL, codes, command, counts, environment, images, tile, tree

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and special files of POSIX")


def eps() -> bytes:
    """What would start Ghostscript if Pillow were asked to open it."""
    return corpus.encoded(corpus.picture(), format="EPS")


@posix
def test_only_documented_formats_reach_a_decoder_and_no_program_is_started(tmp_path: Path) -> None:
    """Guarantee 20: EPS, PS, PDF, SVG and WMF under picture names are refused by content; a fake gs is never run."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("gs", "djpeg", "convert", "rsvg-convert"):
        (tools / name).write_text('#!/bin/sh\ntouch "$(dirname "$0")/../started"\n', "ascii")
        (tools / name).chmod(0o755)
    picture = corpus.picture()
    refused = {
        "eps.jpg": eps(),
        "ps.png": b"%!PS-Adobe-3.0\nshowpage\n",
        "pdf.jpg": corpus.encoded(picture, format="PDF"),
        "svg.png": b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>',
        "icon.png": corpus.encoded(picture, format="ICO"),
        "tga.png": corpus.encoded(picture, format="TGA"),
        "pcx.jpg": corpus.encoded(picture, format="PCX"),
        "gzip.png": gzip.compress(corpus.encoded(picture, format="PNG")),
        "wmf.png": b"\xd7\xcd\xc6\x9a" + bytes(100),
    }
    corpus.write_all(tmp_path / "in", refused)
    corpus.write_all(tmp_path / "in", {"really_a_png.jpg": corpus.good_files()["plain.png"]})
    done = tile(tmp_path / "in", tmp_path / "out", env={"PATH": f"{tools}:{os.environ['PATH']}"})
    assert done.returncode == 3
    outcomes = codes(tmp_path / "out")
    assert outcomes.pop("really_a_png.jpg") == "tiled"
    assert set(outcomes.values()) <= {"format_not_allowed", "unidentified"}
    assert outcomes["eps.jpg"] == outcomes["pdf.jpg"] == outcomes["svg.png"] == "format_not_allowed"
    assert "extension_mismatch" in images(tmp_path / "out")["really_a_png.jpg"]["flags"]
    assert not (tmp_path / "started").exists()


@pytest.mark.skipif(importlib.util.find_spec("pillow_heif") is not None, reason="the extra heic is installed")
def test_a_missing_extra_is_a_sentence(tmp_path: Path) -> None:
    """Guarantee 20: HEIC without its reader is format_not_allowed, and the message names the extra to install."""
    corpus.write_all(tmp_path / "in", {"a.heic": b"\0\0\0\x18ftypheic" + bytes(100)})
    assert tile(tmp_path / "in", tmp_path / "out").returncode == 3
    record = images(tmp_path / "out")["a.heic"]
    assert record["code"] == "format_not_allowed"
    assert "pip install 'dynres[heic]'" in record["message"]


@posix
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_run_executes_nothing(tmp_path: Path) -> None:
    """Guarantee 20: strace sees one execve, the interpreter's own, over a run with an EPS and good files."""
    corpus.write_all(tmp_path / "in", {**corpus.good_files(), "eps.jpg": eps()})
    words = [os.fsdecode(word) for word in command("tile", *SMALL, tmp_path / "in", tmp_path / "out")]
    log = tmp_path / "log"
    subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=execve", "-o", log, *words],
        check=False,
        env=environment(),
        capture_output=True,
        timeout=120,
    )
    calls = [line for line in log.read_text("utf-8", "replace").splitlines() if "execve(" in line and " = 0" in line]
    assert len(calls) == 1, calls


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A picture outside every input, by whose name one would know that it was read."""
    place = tmp_path / "secret"
    corpus.write_all(place, {"outside.png": corpus.good_files()["plain.png"]})
    return place


@posix
def test_links_below_an_input_lead_nowhere(tmp_path: Path, secret: Path) -> None:
    """Guarantee 21: links to a file, a folder, `..`, `.` and /etc/passwd: five skipped, no word of where they go."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 1)
    targets: dict[str, str | Path] = {
        "file.png": secret / "outside.png",
        "folder": secret,
        "up": "..",
        "loop": ".",
        "passwd.png": "/etc/passwd",
    }
    for name, target in targets.items():
        (folder / name).symlink_to(target)
    done = tile(folder, out, "-v", "--log", tmp_path / "log")
    assert done.returncode == 0
    summary = counts(done)
    assert (summary["found"], summary["tiled"], summary["skipped"]) == (6, 1, 5)
    told = done.stderr + done.stdout + (tmp_path / "log").read_bytes() + (out / "manifest.json").read_bytes()
    for word in (b"outside", b"secret", b"passwd"):
        assert word not in told
    followed = counts(tile(folder, tmp_path / "followed", "-L"))
    assert "file.png" in images(tmp_path / "followed")
    assert "folder/outside.png" in images(tmp_path / "followed")
    assert followed["skipped"] >= 1, "the loop ends"


@posix
def test_a_link_in_the_place_of_an_output_folder_is_not_written_through(tmp_path: Path, secret: Path) -> None:
    """Guarantee 21: a link swapped in for one picture's folder, and one for its tile: nothing outside changes."""
    folder, out = tmp_path / "in", tmp_path / "out"
    corpus.photos(folder, 2)
    assert tile(folder, out).returncode == 0
    before = tree(secret)
    shutil.rmtree(out / "0000.jpg")
    (out / "0000.jpg").symlink_to(secret)
    tile_of_1 = out / "0001.jpg" / "thumbnail.png"
    tile_of_1.unlink()
    tile_of_1.symlink_to(secret / "outside.png")
    done = tile(folder, out)
    assert done.returncode == 3, done.stderr
    assert codes(out) == {"0000.jpg": "output_error", "0001.jpg": "tiled"}
    assert tree(secret) == before
    assert not tile_of_1.is_symlink()


@posix
def test_special_files_never_block(tmp_path: Path) -> None:
    """Guarantee 22: a FIFO, a socket, a device, a folder and links to /dev/zero, all named like pictures: skipped.

    So is a FIFO that is called like a manifest, by which an earlier output would be known.
    """
    folder = tmp_path / "in"
    corpus.photos(folder, 1)
    os.mkfifo(folder / "fifo.png")
    os.mkfifo(folder / "manifest.json")
    os.mkfifo(tmp_path / "named.png")
    (folder / "folder.jpg").mkdir()
    (folder / "zero.png").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(folder)  # a socket's path may be no longer than 108 bytes
        listening.bind("socket.png")
        done = subprocess.run(
            command("tile", "--json", *SMALL, folder, tmp_path / "named.png", tmp_path / "out", "-L"),
            capture_output=True,
            timeout=30,
            check=False,
            env=environment(),
        )
    assert done.returncode == 0, done.stderr
    summary = counts(done)
    assert (summary["tiled"], summary["skipped"]) == (1, 6)


def test_tensors_load_without_pickle(tmp_path: Path) -> None:
    """Guarantee 24: every .npy of every dtype loads with allow_pickle=False, and begins with NumPy's own magic."""
    corpus.photos(tmp_path / "in", 1)
    for dtype, loaded in (("float32", "<f4"), ("float16", "<f2"), ("bfloat16", "<u2"), ("uint8", "|u1")):
        out = tmp_path / dtype
        assert tile(tmp_path / "in", out, "--dtype", dtype, "--tiles", "none").returncode == 0
        data = (out / "0000.jpg" / "pixel_values.npy").read_bytes()
        array = np.load(io.BytesIO(data), allow_pickle=False)
        assert (array.dtype.str, array.shape) == (loaded, (5, 3, 28, 28))


FORGED = [
    "../../outside.png",
    "/etc/hostname",
    "0000.jpg/../../outside.png",
    "a\0b.png",
    "",
    "./0000.jpg/thumbnail.png",
]


def test_a_forged_record_cannot_reach_outside(tmp_path: Path) -> None:
    """Guarantee 23: five records that list paths outside: resume and --overwrite neither read nor touch them."""
    folder, out = tmp_path / "in", tmp_path / "a" / "out"
    corpus.photos(folder, len(FORGED))
    out.parent.mkdir()
    assert tile(folder, out).returncode == 0
    outside = [tmp_path / "outside.png", tmp_path / "a" / "outside.png"]
    for path in outside:
        path.write_bytes(b"mine")
    for marker, forged in zip(sorted(out.glob("*/grid.json")), FORGED, strict=True):
        mtime = marker.stat().st_mtime_ns
        record = json.loads(marker.read_bytes())
        record["files"][0].update(path=forged, bytes=4)
        marker.write_text(json.dumps(record) + "\n", "utf-8")
        os.utime(marker, ns=(mtime, mtime))
    assert counts(tile(folder, out))["tiled"] == len(FORGED)
    assert tile(folder, out, "--overwrite").returncode == 0
    assert {path.read_bytes() for path in outside} == {b"mine"}
    assert set(codes(out).values()) == {"tiled"}
