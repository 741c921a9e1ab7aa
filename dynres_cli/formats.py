"""Which picture formats are opened, by which names they are looked for, and what is refused whatever its name.

Tables only: nothing here needs Pillow.
"""

from __future__ import annotations

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "JPEG2000", "PPM")
"""Every format that reaches a decoder, by content. Each is decoded inside the process: none ever starts a program.

JPEG stands beside MPO because Pillow tells the two apart only while opening.
"""

HEIF = "HEIF"
"""Opened where the extra `heic` is installed."""

SUFFIXES: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".mpo",),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "DIB": (".dib",),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif", ".avifs"),
    "JPEG2000": (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
    "HEIF": (".heic", ".heif", ".hif"),
}

EXTENSIONS = tuple(sorted(suffix for suffixes in SUFFIXES.values() for suffix in suffixes))
"""A file found in a folder is a candidate if its name ends like this, in any case."""
