"""How much memory a picture takes to decode, known from its header."""

from __future__ import annotations

from dynres_cli.facts import Facts

_NARROW_MODES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
_CHANNELS = {"1": 1, "L": 1, "P": 1, "I;16": 1, "LA": 2, "PA": 2, "RGB": 3}
LEVELS = 3
"""Bytes of one RGB pixel as it is tiled; Pillow itself uses 4 for most modes."""

DECODING_ROOM = 16 * 1024 * 1024
"""What a decoder takes whatever the picture's size: bands under conversion, code loaded on first use."""

EDGE = 16
"""Bytes for each pixel of a side: Pillow keeps the address of every row, and no band under conversion is less than one.

That is nothing but of pictures with millions of columns or rows.
"""


def peak_bytes(facts: Facts) -> int:
    """The most memory that reading, decoding and turning this picture takes.

    That is the file, its pixels × bytes a pixel, 16 × its sides, and 16 MiB.
    The bytes a pixel are an upper bound for every file of the format and mode, measured on 12-megapixel pictures.
    """
    levels, edges = facts.width * facts.height * _bytes_per_pixel(facts), EDGE * (facts.width + facts.height)
    return facts.bytes + levels + edges + DECODING_ROOM


def _bytes_per_pixel(facts: Facts) -> int:
    held = _NARROW_MODES.get(facts.mode, 4)
    channels = _CHANNELS.get(facts.mode, 4)
    decoder = {
        "JPEG": 2 * channels,  # all coefficients, where the file is progressive or in several scans
        "MPO": 2 * channels,
        "WEBP": 12,  # the animation's canvas, the one before it and the frame
        "AVIF": 12,  # planes of up to 16 bits and the frame
        "HEIF": 12,
        "JPEG2000": 6 * channels,  # 32 bits a sample, and the wavelets' own work
        "TIFF": held + LEVELS,  # turning itself upright, or a picture in one strip
    }
    # An animation's later frames are drawn on the ones before: the canvas, what is put back afterwards, and the frame.
    moving = 12 if facts.frame else 0
    return held + max(LEVELS, decoder.get(facts.format, 0), 2 * LEVELS - held, moving)
