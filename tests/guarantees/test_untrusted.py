"""Guarantees 18 to 26: pictures, names and folders that somebody made to do harm."""

from __future__ import annotations

import base64
import gzip
import importlib.util
import io
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.guarantees import corpus
from tests.guarantees.command import (
    SMALL,
    codes,
    command,
    counts,
    dynres,
    environment,
    images,
    tile,
    tree,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and special files of POSIX")


def gif_of(width: int, height: int) -> bytes:
    """A GIF of a few bytes that states any size."""
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", width, height, 0x80, 0, 0)
        + bytes(6)
        + (b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00;")
    )


def bmp_of(width: int, height: int) -> bytes:
    """A BMP header without pixels."""
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 1 << 20, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


BOMBS = {
    "60000.png": corpus.png(60_000, 60_000, zlib.compress(b"")),
    "65535.gif": gif_of(65_535, 65_535),
    "huge.bmp": bmp_of(2**31 - 1, 2**31 - 1),
    "huge.png": corpus.png(2**31 - 1, 2**31 - 1, zlib.compress(b"")),
    "20000.jpg": corpus.encoded(Image.new("L", (20_000, 20_000)), format="JPEG"),
}


@posix
def test_bombs_are_refused_by_their_headers_in_little_memory(tmp_path: Path) -> None:
    """Guarantee 18: five headers of 400 million to 2^62 pixels: too_many_pixels, with 400 MB of address space left."""
    corpus.write_all(tmp_path / "in", BOMBS)
    words = [os.fsdecode(word) for word in command("tile", "--json", *SMALL, tmp_path / "in", tmp_path / "out")]
    # One decoded 20,000×20,000 picture is 400 MB; the interpreter with its libraries takes less than that.
    done = subprocess.run(
        ["bash", "-c", 'ulimit -d 450000; exec "$@"', "bash", *words],
        capture_output=True,
        check=False,
        env=environment(),
        timeout=60,
    )
    assert done.returncode == 3, done.stderr
    outcomes = codes(tmp_path / "out")
    assert outcomes.pop("huge.bmp") in ("too_many_pixels", "corrupt")
    assert set(outcomes.values()) == {"too_many_pixels"}


def test_the_ceiling_of_pixels_is_told_and_can_be_set(tmp_path: Path) -> None:
    """Guarantee 18: --max-pixels 2399 refuses a picture of 60×40, 2400 takes it; --help shows the option."""
    corpus.write_all(tmp_path / "in", {"a.png": corpus.good_files()["plain.png"]})
    assert tile(tmp_path / "in", tmp_path / "out", "--max-pixels", "2399").returncode == 3
    assert tile(tmp_path / "in", tmp_path / "out", "--max-pixels", "2400").returncode == 0
    assert b"--max-pixels" in dynres("tile", "--help").stdout


def test_tiles_frames_and_side_chunks_are_bounded(tmp_path: Path) -> None:
    """Guarantee 19: a strip of 64,000×32, 5,000 frames, 100 MB of text and of profile: each ends in seconds."""
    bloated = zlib.compress(bytes(100 << 20), 9)
    pixels = zlib.compress((b"\0" + bytes(120)) * 40)
    corpus.write_all(
        tmp_path / "in",
        {
            "frames.gif": corpus.many_frames(5000),
            "strip.gif": gif_of(64_000, 32),
            "text.png": corpus.png(40, 40, pixels, (b"zTXt", b"Comment\0\0" + bloated)),
            "profile.png": corpus.png(40, 40, pixels, (b"iCCP", b"name\0\0" + bloated)),
        },
    )
    started = time.monotonic()
    done = tile(tmp_path / "in", tmp_path / "out", "--timeout", "20")
    assert time.monotonic() - started < 40
    assert "timeout" not in codes(tmp_path / "out").values(), done.stderr
    counts(done)
    assert "animated:5000" in images(tmp_path / "out")["frames.gif"]["flags"]
    strip = tile(tmp_path / "in" / "strip.gif", tmp_path / "more", "--max-num", "40", "--max-tiles", "20")
    assert codes(tmp_path / "more")["strip.gif"] in ("not_tileable", "truncated", "corrupt")
    assert strip.returncode == 3


def test_more_tiles_than_allowed_are_refused_before_decoding(tmp_path: Path) -> None:
    """Guarantee 19: a plan of 5 views under --max-tiles 4 is not_tileable, under 5 it is tiled."""
    corpus.photos(tmp_path / "in", 1)
    assert tile(tmp_path / "in", tmp_path / "out", "--max-tiles", "4").returncode == 3
    assert codes(tmp_path / "out") == {"0000.jpg": "not_tileable"}
    assert tile(tmp_path / "in", tmp_path / "out", "--max-tiles", "5").returncode == 0


def eps() -> bytes:
    """What would start Ghostscript if Pillow were asked to open it."""
    return corpus.encoded(corpus.picture(), format="EPS")


@posix
def test_only_documented_formats_reach_a_decoder_and_no_program_is_started(tmp_path: Path) -> None:
    """Guarantee 20: EPS, PS, PDF, SVG and WMF under picture names are refused by content; a fake gs is never run."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("gs", "djpeg", "convert", "rsvg-convert"):
        (tools / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n", "ascii")
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
    """Guarantee 22: a FIFO, a socket, a device, a folder and links to /dev/zero, all named like pictures: skipped."""
    folder = tmp_path / "in"
    corpus.photos(folder, 1)
    os.mkfifo(folder / "fifo.png")
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
    assert (summary["tiled"], summary["skipped"]) == (1, 5)


MARKER = b"Zq7PlantedMarker"


def test_metadata_reaches_no_output(tmp_path: Path) -> None:
    """Guarantee 26: a marker in EXIF, GPS, comment, XMP and text chunks is in no tile, record, report or log."""
    exif = Image.Exif()
    exif[0x010E] = MARKER.decode()  # the description
    exif.get_ifd(0x8825)[0x001B] = MARKER  # the GPS processing method
    picture = corpus.picture()
    corpus.write_all(
        tmp_path / "in",
        {
            "a.jpg": corpus.encoded(picture, format="JPEG", exif=exif, comment=MARKER, xmp=MARKER),
            "b.png": corpus.png(40, 40, zlib.compress((b"\0" + bytes(120)) * 40), (b"tEXt", b"Comment\0" + MARKER)),
            "c.webp": corpus.encoded(picture, format="WEBP", exif=exif, xmp=MARKER),
        },
    )
    assert MARKER in (tmp_path / "in" / "a.jpg").read_bytes()
    done = tile(tmp_path / "in", tmp_path / "out", "-v", "--log", tmp_path / "log")
    assert done.returncode == 0, done.stderr
    everything = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not any(MARKER in data for data in [*everything, done.stdout, done.stderr, (tmp_path / "log").read_bytes()])


HOSTILE = {
    "terminal": b"\x1b]0;owned\x07\x1b[31m.png",
    "lines": b"a\nfailed  b\r\n.png",
    "html": b"<script>alert(1)<!--.png",
    "formula": b"=cmd|' C'!A0.png",
    "dash": b"-rf.png",
    "right to left": "\u202egnp.exe.png".encode(),
    "not UTF-8": b"caf\xe9\xff.png",
    "separators": "\u2028\u2029\x85.png".encode(),
    "quotes": b"'\"`$(id)`;&&|*?[x]{a,b}~.png",
}


@posix
def test_names_are_data(tmp_path: Path) -> None:
    """Guarantee 25: terminal codes, lines, script, formulas and bad UTF-8 in names: no ESC, valid JSON, exact bytes."""
    folder = os.fsencode(tmp_path / "in")
    os.mkdir(folder)
    for number, name in enumerate(HOSTILE.values()):
        data = corpus.good_files()["plain.png"] if number % 2 else b"nonsense"
        Path(os.fsdecode(os.path.join(folder, name))).write_bytes(data)
    done = tile(folder, tmp_path / "out", "-v", "--log", tmp_path / "log")
    assert done.returncode == 3, done.stderr
    log = (tmp_path / "log").read_bytes()
    manifest_bytes = (tmp_path / "out" / "manifest.json").read_bytes()
    for text in (done.stdout, done.stderr, log, manifest_bytes):
        decoded = text.decode("utf-8")
        steering = [char for char in decoded if char != "\n" and not char.isprintable()]
        assert not steering, f"{steering!r} in {decoded[:300]!r}"
    assert all(json.loads(line)["event"] for line in log.splitlines())
    listed = json.loads(manifest_bytes)["images"]
    names = {base64.b64decode(r["raw"]) if "raw" in r else r["key"].encode() for r in listed}
    assert names == set(HOSTILE.values())
    assert len(done.stderr.decode().splitlines()) < 50
    listing = dynres("tile", "--dry-run", folder, tmp_path / "out2").stdout
    assert listing.count(b"\n") == len(HOSTILE)
    assert b"\x1b" not in listing


def test_what_libraries_say_of_a_picture_is_not_told_by_those_who_look_at_it(tmp_path: Path) -> None:
    """Guarantee 25: Pillow and libtiff have words for a TIFF with a tag outside; verify and inspect have none."""
    data = corpus.encoded(corpus.picture(), format="TIFF", compression="tiff_lzw", tiffinfo={305: "x" * 100})
    entry = data.index(struct.pack("<HHI", 305, 2, 101))
    outside = data[: entry + 8] + struct.pack("<I", 1 << 30) + data[entry + 12 :]
    corpus.write_all(tmp_path / "in", {"a.tif": outside})
    assert tile(tmp_path / "in", tmp_path / "out").returncode == 0
    verified = dynres("verify", tmp_path / "out", "--against", "pillow", "--source", tmp_path / "in")
    inspected = dynres("inspect", tmp_path / "in" / "a.tif", "--out", tmp_path / "grid.png")
    assert (verified.returncode, verified.stderr.count(b"\n")) == (0, 1), verified.stderr
    assert (inspected.returncode, inspected.stderr) == (0, b"")


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
