"""Files that a run may meet: good ones of every format, and what cutting, flipping and splicing makes of them."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.pictures import noise

ENCODINGS: dict[str, dict[str, object]] = {
    "baseline.jpg": {"format": "JPEG", "quality": 85},
    "progressive.jpg": {"format": "JPEG", "progressive": True, "quality": 85},
    "plain.png": {"format": "PNG"},
    "lossy.webp": {"format": "WEBP", "quality": 80},
    "lossless.webp": {"format": "WEBP", "lossless": True},
    "still.gif": {"format": "GIF"},
    "plain.bmp": {"format": "BMP"},
    "strips.tif": {"format": "TIFF"},
    "lzw.tif": {"format": "TIFF", "compression": "tiff_lzw"},
    "jpeg.tif": {"format": "TIFF", "compression": "jpeg"},
    "small.avif": {"format": "AVIF", "quality": 70},
    "small.jp2": {"format": "JPEG2000"},
    "raw.ppm": {"format": "PPM"},
}


def picture(width: int = 60, height: int = 40, seed: int = 0) -> Image.Image:
    """Blocks of noise: compressible, and no two alike."""
    blocks = noise(width // 4, height // 4, seed)
    return Image.fromarray(np.kron(blocks, np.ones((4, 4, 1), np.uint8)))


def encoded(image: Image.Image, **how: object) -> bytes:
    """A picture as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, **how)  # type: ignore[arg-type]
    return file.getvalue()


def good_files() -> dict[str, bytes]:
    """One file of every format that is opened, and of most ways to compress it."""
    files = {name: encoded(picture(seed=number), **how) for number, (name, how) in enumerate(ENCODINGS.items())}
    frames = [picture(seed=seed) for seed in (50, 51, 52)]
    files["moving.gif"] = encoded(frames[0], format="GIF", save_all=True, append_images=frames[1:])
    files["moving.png"] = encoded(frames[0], format="PNG", save_all=True, append_images=frames[1:])
    files["palette.png"] = encoded(picture(seed=60).quantize(32), format="PNG")
    files["deep.png"] = encoded(Image.fromarray(np.arange(2400, dtype=np.uint16).reshape(40, 60) * 27), format="PNG")
    files["pages.tif"] = encoded(frames[0], format="TIFF", save_all=True, append_images=frames[1:])
    files["pair.mpo"] = encoded(frames[0], format="MPO", save_all=True, append_images=frames[1:2])
    return files


def many_frames(count: int) -> bytes:
    """A GIF that shows one small picture so many times, as no encoder would write it."""
    still = encoded(picture(8, 8).quantize(4), format="GIF")
    at = still.index(b"\x2c\0\0\0\0")
    return still[:at] + still[at:-1] * count + b";"


def png(width: int, height: int, stream: bytes, *more: tuple[bytes, bytes]) -> bytes:
    """An RGB PNG whose pixels are this stream, right or wrong, with right checksums; `more` chunks follow it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", stream), *more, (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def slow_jpeg(scans: int = 4000) -> bytes:
    """A gray JPEG that decodes for some 2 ms a scan, most of half a minute: each says again that all is as it was.

    Slow by what any decoder has to do and not by what one of them does badly, so that it stays so.
    """
    size = struct.pack(">BHHBBBB", 8, 2048, 2048, 1, 1, 0x11, 0)
    level = _huffman(0, 0) + _scan(0, 0, 0, bytes(65536 // 8))  # 65,536 blocks of one gray, a bit each
    nothing = bytes(7) + b"\x0f"  # four runs of 16,384 blocks without a coefficient, 15 bits each
    details = _huffman(0x10, 0xE0) + _scan(1, 63, 1, nothing) + _scan(1, 63, 0x10, nothing) * scans
    head = b"\xff\xd8" + _segment(0xDB, b"\0" + b"\1" * 64) + _segment(0xC2, size)
    return head + level + details + b"\xff\xd9"


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _huffman(slot: int, symbol: int) -> bytes:
    """A table whose only word, one zero bit, stands for this symbol."""
    return _segment(0xC4, bytes([slot, 1, *[0] * 15, symbol]))


def _scan(first: int, last: int, bits: int, data: bytes) -> bytes:
    return _segment(0xDA, bytes([1, 1, 0, first, last, bits])) + data


def mutants(number: int, seed: int = 20) -> Iterator[tuple[str, bytes]]:
    """`number` damaged files, the same for one seed: every format gets its turn, every way of damage too."""
    chance = random.Random(seed)
    good = list(good_files().items())
    ways = (cut, flip, flip, splice)
    for index in range(number):
        name, data = good[index % len(good)]
        other = good[chance.randrange(len(good))][1]
        way = ways[(index // len(good)) % len(ways)]
        yield f"{index:05d}_{way.__name__}_{name}", way(data, other, chance)


def cut(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """The file's beginning."""
    return data[: chance.randrange(1, max(2, len(data)))]


def flip(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """A few other bytes, half of them in the header."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 2, 8))):
        reach = chance.choice((min(len(data), 200), len(data)))
        changed[chance.randrange(reach)] = chance.randrange(256)
    return bytes(changed)


def splice(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Its beginning and the end of another file."""
    return data[: chance.randrange(1, max(2, len(data)))] + other[chance.randrange(len(other) or 1) :]


def write_all(folder: Path, files: Iterator[tuple[str, bytes]] | dict[str, bytes]) -> int:
    """Write files into a folder; how many."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = list(files.items() if isinstance(files, dict) else files)
    for name, data in pairs:
        (folder / name).write_bytes(data)
    return len(pairs)


def photos(folder: Path, number: int, width: int = 120, height: int = 80) -> list[str]:
    """So many good JPEG files, each another picture; their names."""
    names = [f"{index:04d}.jpg" for index in range(number)]
    write_all(folder, {name: encoded(picture(width, height, seed), format="JPEG") for seed, name in enumerate(names)})
    return names
