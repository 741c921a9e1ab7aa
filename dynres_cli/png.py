"""Plain PNG straight into an array, where that gives the very pixels and the very outcome that Pillow gives.

Whatever is not plain, not whole or in any way in doubt is left to Pillow: `decode_plain` then answers None. The code
that undoes PNG's filters is compiled; it takes a third of Pillow's time, and half of what is left is inflating.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from isal import igzip_lib, isal_zlib

from dynres_cli.arena import Arena, empty
from dynres_cli.geometry import Size
from dynres_cli.headers import png_chunks

Pixels = npt.NDArray[np.uint8]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 6: 4}
"""How many a pixel of each type has: gray, RGB, RGB with alpha. Palettes are left to Pillow."""
MEANINGFUL = frozenset((b"tRNS", b"acTL", b"fcTL", b"fdAT"))
"""Chunks that may be missing, and that change what Pillow gives where they are not."""
LATE = frozenset((b"tEXt", b"tIME", b"eXIf"))
"""What may stand behind the pixels; Pillow reads other chunks there too, and may give up on them."""
MOST_BESIDE = 1 << 20
"""Bytes of a file that are no pixels'. Pillow gives up where there is much text, and many chunks take long to walk."""
OPAQUE = 255
BAND = 1 << 18
"""Bytes that are inflated and restored at once, so that they stay in the cache."""


def decode_plain(data: bytes, size: Size, *, drops_alpha: bool, arena: Arena | None = None) -> Pixels | None:
    """The RGB levels of a whole plain PNG of this size, None for any other file; they lie in the arena, if any.

    Plain is 8 bits a channel, not interlaced, without a colour that stands for transparency. Of a picture with alpha
    it must be wanted that this is dropped, unless there is nothing to be seen through.
    """
    channels = _channels(data, size)
    stream = _pixels_of(data) if channels else None
    if channels is None or stream is None:
        return None
    try:
        pixels, least = _restored(stream, size, channels, arena)
    except (igzip_lib.IsalError, _OtherwiseError):  # type: ignore[misc]  # isal's stubs call it an instance
        return None
    return pixels if drops_alpha or least == OPAQUE else None


class _OtherwiseError(Exception):
    """The stream is not what a plain PNG of this size has."""


def _channels(data: bytes, size: Size) -> int | None:
    """How many channels a plain picture has; None for any that is not."""
    if len(data) < 33 or data[:8] != SIGNATURE or data[8:16] != b"\0\0\0\rIHDR":
        return None
    width, height, depth, colour, *methods = struct.unpack_from(">2L5B", data, 16)
    if (width, height) != (size.width, size.height) or depth != 8 or any(methods):
        return None
    return CHANNELS.get(colour)


def _pixels_of(data: bytes) -> bytes | None:
    """The stream of the pixels, where the file is whole and nothing in it asks for more than a look at that."""
    pieces, names, beside = list[memoryview](), list[bytes](), len(SIGNATURE)
    for kind, body, checksum in png_chunks(data):
        beside += 12 if kind == b"IDAT" else 12 + len(body)
        if beside > MOST_BESIDE or _checksum(kind, body) != checksum:
            return None
        if kind == b"IDAT":
            pieces.append(body)
        if names[-1:] != [b"IDAT"] or kind != b"IDAT":
            names.append(kind)
    is_whole = beside + sum(map(len, pieces)) == len(data)
    return b"".join(pieces) if is_whole and _is_usual(names) else None


def _checksum(kind: bytes, body: memoryview) -> bytes:
    return isal_zlib.crc32(body, isal_zlib.crc32(kind)).to_bytes(4, "big")


def _is_usual(names: list[bytes]) -> bool:
    """Whether these chunks in this order, all the pixels' as one, are those of a plain picture."""
    if names.count(b"IDAT") != 1 or (names[0], names[-1]) != (b"IHDR", b"IEND"):
        return False
    at = names.index(b"IDAT")
    before, late = names[1:at], names[at + 1 : -1]
    return all(kind[:1].islower() and kind not in MEANINGFUL for kind in before) and LATE.issuperset(late)


def _restored(stream: bytes, size: Size, channels: int, arena: Arena | None) -> tuple[Pixels, int]:
    """The levels of a stream, and the least alpha in it; an error where the stream is not as it should be."""
    from dynres_cli.kernels.driver import as_rgb, restored_rows  # noqa: PLC0415 - LLVM is loaded only where it is used

    pixels: Pixels = empty(arena, (size.height, size.width, 3), np.uint8)
    width, least = size.width * channels, OPAQUE
    above = np.zeros(width, np.uint8)
    for top, lines in _inflated(stream, size.height, 1 + width):
        wanted = pixels[top : top + len(lines)].reshape(len(lines), -1)
        rows = wanted if channels == 3 else np.empty((len(lines), width), np.uint8)
        if restored_rows(lines, channels, above, rows) < len(lines):
            raise _OtherwiseError
        above = rows[-1]
        if rows is not wanted:
            least = min(least, as_rgb(rows, channels, wanted))
    return pixels, least


def _inflated(stream: bytes, height: int, pitch: int) -> Iterator[tuple[int, Pixels]]:
    """The stream's lines of `pitch` bytes, band by band, each with the number of its first; it must end with the last.

    That its checksum is right is seen at the end too.
    """
    inflater = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_ZLIB)
    step = max(1, BAND // pitch)
    for top in range(0, height, step):
        count = min(step, height - top)
        band = inflater.decompress(b"" if top else stream, count * pitch)
        if len(band) != count * pitch:
            raise _OtherwiseError
        yield top, np.frombuffer(band, np.uint8).reshape(count, pitch)
    if not inflater.eof and (inflater.decompress(b"", 1) or not inflater.eof):
        raise _OtherwiseError
    if inflater.unused_data:
        raise _OtherwiseError
