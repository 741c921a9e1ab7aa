"""Plain JPEG straight into an array, where that gives the very pixels and the very outcome that Pillow gives.

Whatever is not plain, not whole or in any way in doubt is left to Pillow: `decode_plain` then answers None. What Pillow
does not hear of, that blocks are missing at the end, is told by `is_cut_short`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

from dynres_cli.arena import Arena, empty
from dynres_cli.geometry import Size

Pixels = npt.NDArray[np.uint8]

BASELINE, PROGRESSIVE, START_OF_SCAN = 0xC0, 0xC2, 0xDA
TABLES = (0xC4, 0xDB, 0xDD)
"""Huffman tables, quantisation tables, restart interval."""
APPLICATION = range(0xE0, 0xF0)
ADOBE, COMMENT = 0xEE, 0xFE
PLAIN = frozenset((BASELINE, PROGRESSIVE, START_OF_SCAN, *TABLES, *APPLICATION, COMMENT))

FULL, HALF, QUARTER = 0x11, 0x21, 0x22
"""Luma's samples beside one of each chroma: 4:4:4, 4:2:2, 4:2:0. In rarer ones versions of libjpeg-turbo differ."""

_CUT_SHORT = re.compile(r"premature end|found marker 0xd9 instead of RST", re.IGNORECASE)
"""What libjpeg-turbo warns of where data end before the blocks do; it then fills the rest with one level."""


def decode_plain(data: bytes, size: Size, arena: Arena | None = None) -> Pixels | None:
    """The RGB levels of a whole plain JPEG of this size, None for any other file; they lie in the arena, if any."""
    if not _library_is_pillows() or not is_plain(data):
        return None
    import simplejpeg  # noqa: PLC0415 - other formats do not need it

    try:
        # Strict: what libjpeg only warns of is an error too, and then Pillow decides what becomes of the file.
        room = empty(arena, (size.height, size.width, 3), np.uint8)
        pixels: Pixels = simplejpeg.decode_jpeg(data, "RGB", strict=True, buffer=room)
    except ValueError:
        return None
    return pixels if pixels.shape == (size.height, size.width, 3) else None


def is_cut_short(data: bytes, mode: str) -> bool:
    """Whether the blocks of a JPEG that Pillow has taken, in this mode of it, end before the picture does.

    They are all gone through again, at an eighth of the size: for the rare files that are not plain, or damaged.
    """
    import simplejpeg  # noqa: PLC0415 - other formats do not need it

    levels = "CMYK" if mode == "CMYK" else "GRAY"
    try:
        simplejpeg.decode_jpeg(data, levels, min_height=1, min_width=1, strict=True)
    except ValueError as error:
        return _CUT_SHORT.search(str(error)) is not None
    return False


@cache
def _library_is_pillows() -> bool:
    """Whether Pillow decodes with libjpeg-turbo too; another libjpeg rounds otherwise."""
    from PIL import features  # noqa: PLC0415 - asked once

    return features.check_feature("libjpeg_turbo") is True


def is_plain(data: bytes) -> bool:
    """Whether everything before the first scan is what cameras and encoders write: colour or gray of 8 bits."""
    frames = []
    for marker, content in _segments(data):
        if marker not in PLAIN or (marker == ADOBE and not _is_ycc(content)):
            return False
        if marker in (BASELINE, PROGRESSIVE):
            frames.append(content)
        if marker == START_OF_SCAN:
            return len(frames) == 1 and _is_usual(frames[0])
    return False


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The marker and the content of each segment from the second on; it ends where the structure does."""
    at = 2
    while data[:2] == b"\xff\xd8" and at + 4 <= len(data) and data[at] == 0xFF:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if length < 2:
            return
        yield data[at + 1], data[at + 4 : at + 2 + length]
        at += 2 + length


def _is_ycc(content: bytes) -> bool:
    """Whether an APP14 segment is Adobe's and says that the components are luma and chroma."""
    return content[:5] == b"Adobe" and content[11:12] == b"\x01"


def _is_usual(frame: bytes) -> bool:
    """Precision of 8 bits, one component or three, numbered from 1, chroma at most halved each way."""
    count = frame[5] if len(frame) > 5 else 0
    if frame[0:1] != b"\x08" or count not in (1, 3) or len(frame) != 6 + 3 * count:
        return False
    names, samples = frame[6::3], frame[7::3]
    return names == b"\x01\x02\x03"[:count] and samples[0] in (FULL, HALF, QUARTER) and set(samples[1:]) <= {FULL}
