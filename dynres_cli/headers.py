"""Small facts that files state in their first bytes or in their structure, read without decoding anything."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

MOST_FRAMES = 100_000
"""Where counting ends: a file may chain its frames in a circle."""

PNG_TAIL = 1 << 14
"""How far from its end a PNG is searched for what was written behind its pixels."""


def gif_frames(file: BinaryIO) -> int:
    """How many pictures a GIF holds, as far as its structure goes on."""
    return max(sum(1 for _ in gif_sizes(file)), 1)


def gif_sizes(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Width and height of a GIF's canvas once each of its pictures is drawn on it; sub-blocks are skipped unread.

    A picture that reaches beyond the canvas enlarges it, as it does in Pillow.
    """
    file.seek(0)
    head = file.read(13)
    if len(head) < 13:
        return
    width, height = struct.unpack_from("<HH", head, 6)
    _skip_colours(file, head[10])
    frames = 0
    while frames < MOST_FRAMES:
        kind = file.read(1)
        if kind == b",":
            frames += 1
            left, top, across, down, flags = struct.unpack("<HHHHB", file.read(9).ljust(9, b"\0"))
            width, height = max(width, left + across), max(height, top + down)
            yield width, height
            _skip_colours(file, flags)
            file.seek(1, os.SEEK_CUR)
        elif kind == b"!":
            file.seek(1, os.SEEK_CUR)
        else:
            break
        _skip_blocks(file)


def _skip_colours(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        file.seek(3 << ((flags & 7) + 1), os.SEEK_CUR)


def _skip_blocks(file: BinaryIO) -> None:
    while length := file.read(1):
        if length == b"\0":
            return
        file.seek(length[0], os.SEEK_CUR)


def tiff_frames(file: BinaryIO) -> int:
    """How many directories a TIFF chains, 0 if not even one; a damaged or circular chain counts as far as it goes."""
    file.seek(0)
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    big = head[2:3] == b"+" or head[3:4] == b"+"
    count_form, offset_form, entry = (order + "Q", order + "Q", 20) if big else (order + "H", order + "L", 12)
    seen: set[int] = set()
    try:
        (offset,) = struct.unpack_from(offset_form, head, 8 if big else 4)
        while offset and offset not in seen and len(seen) < MOST_FRAMES:
            file.seek(offset)
            (entries,) = struct.unpack(count_form, file.read(struct.calcsize(count_form)))
            file.seek(entries * entry, os.SEEK_CUR)
            (after,) = struct.unpack(offset_form, file.read(struct.calcsize(offset_form)))
            seen.add(offset)
            offset = after
    except (struct.error, OSError, OverflowError):
        pass
    return len(seen)


FRAME_COUNTERS: dict[str, Callable[[BinaryIO], int]] = {"GIF": gif_frames, "TIFF": tiff_frames}
"""Formats whose frames Pillow counts only by reading them, with side effects on the picture that is read."""


def late_png_chunks(file: BinaryIO) -> dict[str, bytes]:
    """The eXIf and XMP chunks that stand behind a PNG's pixels, where a header's reader does not see them.

    Only the file's end is searched, for walking through every chunk of pixels would cost more than all the rest; the
    checksum tells a chunk from pixels that look like one.
    """
    file.seek(max(file.seek(0, os.SEEK_END) - PNG_TAIL, 0))
    tail = file.read()
    exif, text = _chunk(tail, b"eXIf"), _chunk(tail, b"iTXt")
    found = {"exif": exif} if exif else {}
    return {**found, "xmp": text} if text and text.startswith(b"XML:com.adobe.xmp\0") else found


def _chunk(tail: bytes, kind: bytes) -> bytes | None:
    at = tail.rfind(kind)
    if at < 4:
        return None
    (length,) = struct.unpack_from(">L", tail, at - 4)
    body = tail[at + 4 : at + 4 + length]
    checksum = tail[at + 4 + length : at + 8 + length]
    return body if zlib.crc32(body, zlib.crc32(kind)).to_bytes(4, "big") == checksum else None


def is_srgb(profile: bytes) -> bool:
    """Whether an ICC profile calls itself sRGB; any other one is ignored by the references, so colours shift."""
    name = _description(profile)
    # The small sRGB profile that web pictures carry is called c2: a text tag has 12 bytes before its letters.
    return b"sRGB" in name.replace(b"\0", b"") or name[12:14] == b"c2"


def _description(profile: bytes) -> bytes:
    """The profile's own name, in whatever encoding it has."""
    try:
        (tags,) = struct.unpack_from(">L", profile, 128)
        for number in range(min(tags, 100)):
            name, offset, length = struct.unpack_from(">4sLL", profile, 132 + 12 * number)
            if name == b"desc":
                return profile[offset : offset + min(length, 1000)]
    except struct.error:
        pass
    return b""


PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
"""The whole last chunk of a PNG."""


def png_pixels_cut(data: bytes, frame: int = 0) -> bool:
    """Whether a PNG never ends, and pixels of this frame are the first of its chunks that is not whole.

    So it is where room was made for a file that never came. Only of such a file are checksums computed.
    """
    if data.endswith(PNG_END) or any(kind == b"IEND" for kind, *_ in png_chunks(data)):
        return False
    reached, has_pixels = 0, False
    for kind, body, checksum in png_chunks(data):
        # The first frame may do without the chunk that begins all others.
        has_pixels = has_pixels or kind == b"IDAT"
        reached += has_pixels and kind == b"fcTL"
        if kind in (b"IDAT", b"fdAT") and zlib.crc32(body, zlib.crc32(kind)).to_bytes(4, "big") != checksum:
            return reached == frame
    return False


def png_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview, bytes]]:
    """Name, body and checksum of each chunk, as far as one leads to the next; the last may lack its end."""
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">L4s", data, at)
        if not kind.isalpha():
            return
        yield kind, memoryview(data)[at + 8 : at + 8 + length], data[at + 8 + length : at + 12 + length]
        at += 12 + length


def cut_short(data: bytes, picture_format: str) -> bool:
    """Whether a file ends before its own structure says so: the difference between truncated and corrupt."""
    test = _ENDINGS.get(picture_format)
    return test is not None and test(data)


def _boxes_cut(data: bytes) -> bool:
    """Whether the last of the boxes of an AVIF, HEIF or JP2 file reaches beyond its end."""
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">L4s", data, at)
        if length == 1 and at + 16 <= len(data):
            (length,) = struct.unpack_from(">Q", data, at + 8)
        if length == 0:
            return kind == b"jp2c" and not data.endswith(b"\xff\xd9")
        if length < 8:
            return False
        at += length
    return at != len(data)


def _jpeg2000_cut(data: bytes) -> bool:
    return not data.endswith(b"\xff\xd9") if data.startswith(b"\xff\x4f") else _boxes_cut(data)


_ENDINGS: dict[str, Callable[[bytes], bool]] = {
    "JPEG": lambda data: b"\xff\xd9" not in data[-4096:],
    "MPO": lambda data: b"\xff\xd9" not in data[-4096:],
    "PNG": lambda data: b"IEND" not in data[-4096:],
    "GIF": lambda data: not data.rstrip(b"\0").endswith(b";"),
    "WEBP": lambda data: len(data) >= 8 and struct.unpack_from("<L", data, 4)[0] + 8 > len(data),
    "BMP": lambda data: len(data) >= 6 and struct.unpack_from("<L", data, 2)[0] > len(data),
    "AVIF": _boxes_cut,
    "HEIF": _boxes_cut,
    "JPEG2000": _jpeg2000_cut,
}
