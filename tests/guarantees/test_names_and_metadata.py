"""Guarantees 25 and 26: what a picture is called, and what it says of itself, is data."""

from __future__ import annotations

import base64
import json
import os
import struct
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tests.guarantees import corpus
from tests.guarantees.command import dynres, tile

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and special files of POSIX")
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
