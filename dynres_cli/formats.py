"""Which picture formats are opened, by which names they are looked for, and what is refused whatever its name.

Tables only: nothing here needs Pillow.
"""

from __future__ import annotations

FORMATS = ("JPEG", "MPO", "PNG", "GIF", "BMP", "DIB", "PPM", "WEBP", "TIFF", "AVIF", "JPEG2000")
"""Every format that reaches a decoder, by content. Each is decoded inside the process: none ever starts a program.

The first ones are those that Pillow has at hand; plugins of the others are imported when a file is none of these.
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

_FAMILY = {"MPO": "JPEG", "DIB": "BMP"}
"""Formats that are usually given another one's extension."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, PNG_SIGNATURE, "PNG"),
    (8, b"WEBP", "WEBP"),
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (4, b"ftypavi", "AVIF"),
    (4, b"jP  \r\n\x87\n", "JPEG2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG2000"),
    *((4, b"ftyp" + brand, "HEIF") for brand in _HEIF_BRANDS),
)

_CONVERT = "convert it to PNG or JPEG first"

_REFUSED: tuple[tuple[int, bytes, str, str], ...] = (
    *((4, b"ftyp" + brand, "HEIF", "install what reads it: pip install 'dynres[heic]'") for brand in _HEIF_BRANDS),
    (0, b"%PDF", "PDF", _CONVERT),
    (0, b"%!PS", "PostScript", _CONVERT),
    (0, b"\xc5\xd0\xd3\xc6", "EPS", _CONVERT),
    (0, b"<svg", "SVG", _CONVERT),
    (0, b"<?xml", "XML or SVG", _CONVERT),
    (0, b"\xd7\xcd\xc6\x9a", "WMF", _CONVERT),
    (40, b" EMF", "EMF", _CONVERT),
    (0, b"SIMPLE  =", "FITS", _CONVERT),
    (0, b"8BPS", "a Photoshop file", _CONVERT),
    (0, b"\0\0\1\0", "a Windows icon", _CONVERT),
    (0, b"\0\0\2\0\0\0", "a TGA picture", _CONVERT),
    (0, b"\0\0\n\0\0\0", "a TGA picture", _CONVERT),
    (0, b"\0\0\2\0", "a Windows cursor", _CONVERT),
    (0, b"icns", "a macOS icon", _CONVERT),
    (0, b"DDS ", "a DDS texture", _CONVERT),
    (0, b"qoif", "QOI", _CONVERT),
    (0, b"\x89HDF", "HDF5", _CONVERT),
    (0, b"GRIB", "GRIB", _CONVERT),
    (0, b"BUFR", "BUFR", _CONVERT),
    (0, b"\1\xda", "an SGI picture", _CONVERT),
    (0, b"v/1\1", "OpenEXR", _CONVERT),
    (0, b"\xff\x0a", "JPEG XL", _CONVERT),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL", _CONVERT),
    (0, b"#define", "XBM", _CONVERT),
    (0, b"/* XPM", "XPM", _CONVERT),
)


def format_by_signature(start: bytes) -> str | None:
    """The allowed format that a file begins like."""
    return next((name for at, sign, name in _SIGNATURES if start[at : at + len(sign)] == sign), None)


def refused_format(start: bytes) -> tuple[str, str] | None:
    """What a file is that is known but not opened, and what to do about it."""
    return next((row[2:] for row in _REFUSED if start[row[0] : row[0] + len(row[1])] == row[1]), None)


def mismatched(name: str, picture_format: str) -> bool:
    """Whether a name's extension belongs to another format than the content; an unknown extension says nothing."""
    suffix = "." + name.rpartition(".")[2].lower()
    owners = {owner for owner, suffixes in SUFFIXES.items() if suffix in suffixes}
    return bool(owners) and not any(
        _FAMILY.get(owner, owner) == _FAMILY.get(picture_format, picture_format) for owner in owners
    )
