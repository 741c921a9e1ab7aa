"""Plain PNG straight into an array, where that gives the very pixels and the very outcome that Pillow gives.

Whatever is not plain, not whole or in any way in doubt is left to Pillow: `decode_plain` then answers None. The code
that undoes PNG's filters is compiled; it takes a third of Pillow's time, and half of what is left is inflating.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from isal import igzip_lib, isal_zlib

from dynres_cli.arena import Arena, empty
from dynres_cli.formats import PNG_SIGNATURE
from dynres_cli.geometry import Size
from dynres_cli.headers import png_chunks

Pixels = npt.NDArray[np.uint8]

CHANNELS = {0: 1, 2: 3, 3: 1, 6: 4}
"""How many a pixel of each type has: gray, RGB, a place in a palette, RGB with alpha."""
PALETTE, PALETTES = 3, range(3, 3 * 256 + 1, 3)
"""The type that has one, and how many bytes it may take."""
MEANINGFUL = frozenset((b"tRNS", b"acTL", b"fcTL", b"fdAT"))
"""Chunks that may be missing, and that change what Pillow gives where they are not."""
LATE = frozenset((b"tEXt", b"tIME", b"eXIf"))
"""What may stand behind the pixels; Pillow reads other chunks there too, and may give up on them."""
MEANT_FOR_PILLOW = frozenset((b"interlace", b"bbox", b"transparency"))
"""What Pillow notes of a picture beside its comments, under the same names: such a comment changes how it reads on."""
MOST_BESIDE = 1 << 20
"""Bytes of a file that are no pixels'. Pillow gives up where there is much text, and many chunks take long to walk."""
PACKED, MOST_PACKED = (b"zTXt", b"iTXt"), 32
"""Comments that may be packed, and how many: Pillow takes 64 MiB of text, each of these may unpack to one of them."""
LONGEST_ROW = 1 << 20
"""Bytes of a row. Pillow refuses rows near 2**31 bits, and some of them are held at once beside the picture."""
LARGEST_WINDOW = 0x78
"""How a stream begins that looks back 32 KiB. ISA-L takes one that says more, zlib and so Pillow do not."""
OPAQUE = 255
BAND = 1 << 18
"""Bytes that are inflated and restored at once, so that they stay in the cache."""
PORTION = 1 << 18
"""Bytes of the file that are given to the inflater at once: it keeps a copy of what it has not come to."""


def decode_plain(data: bytes, size: Size, *, drops_alpha: bool, arena: Arena | None = None) -> Pixels | None:
    """The RGB levels of a whole plain PNG of this size, None for any other file; they lie in the arena, if any.

    Plain is 8 bits a channel, or 8 for a colour of a palette; not interlaced, without a colour that stands for
    transparency. Of a picture with alpha it must be wanted that this is dropped, unless there is nothing to be seen
    through.
    """
    plain = _plain(data) if _is_plain(data, size) else None
    if plain is None:
        return None
    pixels: Pixels = empty(arena, (size.height, size.width, 3), np.uint8)
    bands = _inflated(_portions(plain.pieces), size.height, 1 + size.width * plain.channels)
    try:
        _restore(bands, plain, pixels, 0 if drops_alpha else OPAQUE)
    except (igzip_lib.IsalError, _OtherwiseError, MemoryError):  # type: ignore[misc]  # isal's stubs call it an instance
        if arena is not None:
            arena.give_back(pixels)  # Pillow's levels can lie there
        return None
    return pixels


class _OtherwiseError(Exception):
    """The stream is not what a plain PNG of this size has."""


@dataclass(frozen=True, slots=True)
class _Plain:
    """What is in a plain file: the pieces of the pixels' stream, and the palette, if these are places in one."""

    channels: int
    pieces: list[memoryview]
    palette: bytes

    @property
    def table(self) -> Pixels:
        """256 colours of four bytes, for a place may be any; what is none of the palette's is black."""
        table = np.zeros((256, 4), np.uint8)
        table[: len(self.palette) // 3, :3] = np.frombuffer(self.palette, np.uint8).reshape(-1, 3)
        return table


def _is_plain(data: bytes, size: Size) -> bool:
    """Whether the header is one of a plain picture."""
    if len(data) < 33 or data[:8] != PNG_SIGNATURE or data[8:16] != b"\0\0\0\rIHDR":
        return False
    width, height, depth, colour, *methods = struct.unpack_from(">2L5B", data, 16)
    if (width, height) != (size.width, size.height) or depth != 8 or any(methods):
        return False
    return colour in CHANNELS and width * CHANNELS[colour] <= LONGEST_ROW


def _plain(data: bytes) -> _Plain | None:
    """What is in a file, where that is whole and nothing in it asks for more than a look at the pixels."""
    pieces, names, beside, palette = list[memoryview](), list[bytes](), len(PNG_SIGNATURE), b""
    for kind, body, checksum in png_chunks(data):
        beside += 12 if kind == b"IDAT" else 12 + len(body)
        if beside > MOST_BESIDE or _checksum(kind, body) != checksum or _word(body) in MEANT_FOR_PILLOW:
            return None
        if kind == b"IDAT":
            pieces.append(body)
        if kind == b"PLTE":
            palette = bytes(body)
        if names[-1:] != [b"IDAT"] or kind != b"IDAT":
            names.append(kind)
    is_whole = beside + sum(map(len, pieces)) == len(data)
    colour = data[25]
    lacks_colours = colour == PALETTE and len(palette) not in PALETTES
    if not is_whole or lacks_colours or _first(pieces) > LARGEST_WINDOW:
        return None
    is_usual = _is_usual(names, [b"PLTE"] if colour == PALETTE else [])
    return _Plain(CHANNELS[colour], pieces, palette) if is_usual else None


def _checksum(kind: bytes, body: memoryview) -> bytes:
    return isal_zlib.crc32(body, isal_zlib.crc32(kind)).to_bytes(4, "big")


def _word(body: memoryview) -> bytes:
    """What a comment is called; of any other chunk it may be anything."""
    return bytes(body[:13]).partition(b"\0")[0]


def _first(pieces: Sequence[memoryview]) -> int:
    """The first byte of the stream."""
    return next((piece[0] for piece in pieces if piece), 0)


def _is_usual(names: list[bytes], critical: list[bytes]) -> bool:
    """Whether these chunks in this order, all the pixels' as one, are those of a plain picture.

    `critical` are those before the pixels that no reader may pass over.
    """
    if names.count(b"IDAT") != 1 or (names[0], names[-1]) != (b"IHDR", b"IEND"):
        return False
    at = names.index(b"IDAT")
    before, late = names[1:at], names[at + 1 : -1]
    if sum(map(before.count, PACKED)) > MOST_PACKED or not LATE.issuperset(late):
        return False
    return [kind for kind in before if kind[:1].isupper()] == critical and MEANINGFUL.isdisjoint(before)


def _restore(bands: Iterator[tuple[int, Pixels]], plain: _Plain, pixels: Pixels, least: int) -> None:
    """The levels of a picture's lines; an error where one is not as it should be, or alpha is less than `least`."""
    from dynres_cli.kernels.driver import as_rgb, painted, restored_rows  # noqa: PLC0415 - LLVM is slow to load

    channels, colours, table = plain.channels, len(plain.palette) // 3, plain.table
    width = pixels.shape[1] * channels
    above = np.zeros(width, np.uint8)
    for top, lines in bands:
        wanted = pixels[top : top + len(lines)].reshape(len(lines), -1)
        rows = wanted if channels == 3 else np.empty((len(lines), width), np.uint8)
        if restored_rows(lines, channels, above, rows) < len(lines):
            raise _OtherwiseError
        above = rows[-1]
        if plain.palette:
            is_whole = painted(rows, table, wanted) < colours
        else:
            is_whole = rows is wanted or as_rgb(rows, channels, wanted) >= least
        if not is_whole:
            raise _OtherwiseError


def _portions(pieces: Sequence[memoryview]) -> Iterator[bytes]:
    """A stream in portions, cut from long pieces and put together from short ones."""
    held, size = list[memoryview](), 0
    for piece in pieces:
        for at in range(0, len(piece), PORTION):
            held.append(piece[at : at + PORTION])
            size += len(held[-1])
            if size >= PORTION:
                yield b"".join(held)
                held, size = [], 0
    yield b"".join(held)


def _inflated(portions: Iterator[bytes], height: int, pitch: int) -> Iterator[tuple[int, Pixels]]:
    """The stream's lines of `pitch` bytes, band by band, each with the number of its first; it must end with the last.

    That its checksum is right is seen at the end too.
    """
    inflater = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_ZLIB)
    step = max(1, BAND // pitch)
    for top in range(0, height, step):
        count = min(step, height - top)
        band = _read(inflater, portions, count * pitch)
        if len(band) != count * pitch:
            raise _OtherwiseError
        yield top, np.frombuffer(band, np.uint8).reshape(count, pitch)
    if _read(inflater, portions, 1) or not inflater.eof or inflater.unused_data or any(portions):
        raise _OtherwiseError


def _read(inflater: igzip_lib.IgzipDecompressor, portions: Iterator[bytes], size: int) -> bytes:
    """The next bytes of a stream: so many, or fewer where it ends."""
    parts, is_stuck = list[bytes](), False
    while size and not inflater.eof:
        # Where it has just written what it was asked for it says that it needs nothing, even if all is used up.
        portion = next(portions, b"") if is_stuck or inflater.needs_input else b""
        part = inflater.decompress(portion, size)
        if is_stuck and not part and not portion:
            break
        is_stuck = not part
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
