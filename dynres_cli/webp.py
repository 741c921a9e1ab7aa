"""The header of a still WebP without further ado, told from its structure.

Pillow reads such a file whole and makes room for its pixels before it says how large they are, which takes longer than
all else that is asked of a header. Whatever is animated, turned, damaged or unusual is left to Pillow.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

FORMAT = "WEBP"
MOST_CHUNKS = 16
LARGEST_PROFILE = 4 << 20
ICC, ALPHA = 0x20, 0x10
"""What may be flagged in an extended header: a profile and transparency; not animation, nor EXIF or XMP."""


@dataclass(frozen=True, slots=True)
class Still:
    """What a still picture's header states."""

    width: int
    height: int
    has_alpha: bool
    profile: bytes = b""


def still(file: BinaryIO, size: int) -> Still | None:
    """The header of a file of so many bytes, None where it is better left to Pillow."""
    file.seek(0)
    start = file.read(12)
    if start[:4] != b"RIFF" or start[8:] != b"WEBP" or int.from_bytes(start[4:8], "little") + 8 != size:
        return None
    chunks = dict(_chunks(file, size))
    names = set(chunks)
    if names == {b"VP8 "}:
        return _lossy(chunks[b"VP8 "])
    if names == {b"VP8L"}:
        return _lossless(chunks[b"VP8L"])
    return _extended(chunks) if b"VP8X" in names else None


@dataclass(frozen=True, slots=True)
class _Chunk:
    """How long a chunk is, and as much of it as a header needs."""

    length: int
    data: bytes


def _chunks(file: BinaryIO, size: int) -> Iterator[tuple[bytes, _Chunk]]:
    """Every chunk by its name; a name that stands for no chunk where something is odd."""
    at, seen = 12, set[bytes]()
    while at < size:
        file.seek(at)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        at += 8 + length + length % 2
        name = head[:4]
        if at > size or name in seen or len(seen) == MOST_CHUNKS:
            yield b"odd", _Chunk(0, b"")
            return
        seen.add(name)
        yield name, _Chunk(length, file.read(min(length, LARGEST_PROFILE if name == b"ICCP" else 10)))


def _lossy(chunk: _Chunk) -> Still | None:
    """A key frame that is shown, of a known profile, as libwebp asks."""
    data = chunk.data
    if len(data) < 10 or data[3:6] != b"\x9d\x01\x2a":
        return None
    tag = int.from_bytes(data[:3], "little")
    is_later, profile, is_shown, first_part = tag & 1, tag >> 1 & 7, tag >> 4 & 1, tag >> 5
    width, height = (value & 0x3FFF for value in struct.unpack_from("<HH", data, 6))
    if is_later or profile > 3 or not is_shown or first_part >= chunk.length or not width or not height:
        return None
    return Still(width, height, has_alpha=False)


def _lossless(chunk: _Chunk) -> Still | None:
    """14 bits for each side less one, a bit for alpha, three for the version, which is 0."""
    data = chunk.data
    if len(data) < 5 or data[0] != 0x2F:
        return None
    bits = int.from_bytes(data[1:5], "little")
    if bits >> 29:
        return None
    return Still((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, has_alpha=bool(bits >> 28 & 1))


def _extended(chunks: dict[bytes, _Chunk]) -> Still | None:
    """One picture as large as the canvas, behind its profile and its alpha, if it has them."""
    *before, name = chunks
    head = chunks[b"VP8X"].data
    if len(head) < 10 or head[0] & ~(ICC | ALPHA) or name not in (b"VP8 ", b"VP8L"):
        return None
    if before not in ([b"VP8X"], [b"VP8X", b"ICCP"], [b"VP8X", b"ALPH"], [b"VP8X", b"ICCP", b"ALPH"]):
        return None
    if bool(head[0] & ICC) != (b"ICCP" in before) or (name == b"VP8L" and b"ALPH" in before):
        return None
    found = _lossy(chunks[name]) if name == b"VP8 " else _lossless(chunks[name])
    width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (4, 7))
    if found is None or (found.width, found.height) != (width, height):
        return None
    return Still(
        width, height, has_alpha=bool(head[0] & ALPHA), profile=chunks[b"ICCP"].data if b"ICCP" in before else b""
    )
