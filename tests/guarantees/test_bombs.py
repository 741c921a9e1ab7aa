"""Guarantees 18 and 19: small files that announce, or are, far more than they should be."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tests.guarantees import corpus
from tests.guarantees.command import SMALL, codes, command, counts, dynres, environment, images, tile

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
