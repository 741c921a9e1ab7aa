"""Picture files of every format and mode, written by Pillow, and damaged on purpose."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from tests.pictures import gradient, noise

SIZE = (48, 40)


def picture(mode: str = "RGB") -> Image.Image:
    """A small picture without two equal rows, so that a lost part shows."""
    base = Image.fromarray((gradient(*SIZE) * 3 + noise(*SIZE) // 8).astype(np.uint8))
    if mode == "I;16":
        return Image.fromarray((np.arange(SIZE[0] * SIZE[1]).reshape(SIZE[1], SIZE[0]) * 34).astype(np.uint16))
    if mode in ("LA", "RGBA", "PA"):
        with_alpha = base.convert("RGBA")
        with_alpha.putalpha(base.getchannel("G"))
        return with_alpha if mode == "RGBA" else with_alpha.convert(mode)
    return base.convert(mode)


def picture_at(path: Path, width: int = 60, height: int = 40) -> Path:
    """A small picture of a given size, at a path whose name says the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, cols = np.mgrid[0:height, 0:width]
    Image.fromarray(np.stack([rows * 5, cols * 3, rows + cols], 2).astype(np.uint8)).save(path)
    return path


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def with_tail(png: bytes, kind: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk behind its pixels."""
    out = io.BytesIO()
    PngImagePlugin.putchunk(out, kind, body)
    return png[:-12] + out.getvalue() + png[-12:]


def exif(orientation: object) -> Image.Exif:
    """Metadata with nothing but an orientation."""
    made = Image.Exif()
    made[0x0112] = orientation
    return made


def every_file() -> dict[str, bytes]:
    """One good file of every format and notable mode, by name."""
    rgb = picture()
    frames = [picture("P"), Image.fromarray(noise(*SIZE)).convert("P")]
    return {
        "baseline.jpg": saved(rgb, "JPEG"),
        "progressive.jpg": saved(rgb, "JPEG", progressive=True),
        "gray.jpg": saved(picture("L"), "JPEG"),
        "cmyk.jpg": saved(picture("CMYK"), "JPEG"),
        "pair.mpo": saved(rgb, "MPO", save_all=True, append_images=[rgb]),
        "rgb.png": saved(rgb, "PNG"),
        "rgba.png": saved(picture("RGBA"), "PNG"),
        "la.png": saved(picture("LA"), "PNG"),
        "one.png": saved(picture("1"), "PNG"),
        "deep.png": saved(picture("I;16"), "PNG"),
        "palette.png": saved(picture("P"), "PNG"),
        "transparent.png": saved(picture("P"), "PNG", transparency=bytes(range(256))),
        "key.png": saved(rgb, "PNG", transparency=(1, 2, 3)),
        "moving.png": saved(rgb, "PNG", save_all=True, append_images=[Image.fromarray(noise(*SIZE))]),
        "still.gif": saved(picture("P"), "GIF"),
        "moving.gif": saved(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "lossy.webp": saved(rgb, "WEBP"),
        "lossless.webp": saved(picture("RGBA"), "WEBP", lossless=True),
        "moving.webp": saved(rgb, "WEBP", save_all=True, append_images=[Image.fromarray(noise(*SIZE))]),
        "rgb.bmp": saved(rgb, "BMP"),
        "palette.bmp": saved(picture("P"), "BMP"),
        "raw.tif": saved(rgb, "TIFF"),
        "lzw.tif": saved(rgb, "TIFF", compression="tiff_lzw"),
        "deflate.tif": saved(rgb, "TIFF", compression="tiff_adobe_deflate"),
        "cmyk.tif": saved(picture("CMYK"), "TIFF"),
        "lab.tif": saved(picture("LAB"), "TIFF"),
        "float.tif": saved(picture("F"), "TIFF"),
        "integer.tif": saved(picture("I"), "TIFF"),
        "pages.tif": saved(rgb, "TIFF", save_all=True, append_images=[rgb]),
        "rgb.avif": saved(rgb, "AVIF", quality=90),
        "rgb.jp2": saved(rgb, "JPEG2000"),
        "gray.j2k": saved(picture("L"), "JPEG2000", no_jp2=True),
        "rgb.ppm": saved(rgb, "PPM"),
        "bits.pbm": saved(picture("1"), "PPM"),
    }


def damaged(data: bytes, seed: str, count: int) -> Iterator[bytes]:
    """The file with bytes flipped, pieces cut out and pieces doubled; the same ones for the same seed."""
    rng = random.Random(seed)
    for number in range(count):
        at, length = rng.randrange(len(data)), rng.randrange(1, 1 + len(data) // 8)
        if number % 3 == 0:
            flipped = bytearray(data)
            for _ in range(rng.randrange(1, 9)):
                flipped[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            yield bytes(flipped)
        elif number % 3 == 1:
            yield data[:at] + data[at + length :]
        else:
            yield data[:at] + data[at : at + length] + data[at:]


def battered(whole: bytes, chance: random.Random, longest: int, kept: int = 1) -> bytes:
    """The file with one to three pieces flipped, overwritten, removed, repeated or cut off behind the first `kept`."""
    data = bytearray(whole)
    for _ in range(chance.choice((1, 1, 3))):
        at, length = chance.randrange(len(data)), chance.choice((1, 2, 9, longest))
        kind = chance.choice(("flip", "noise", "cut", "repeat", "end"))
        if kind == "flip":
            data[at] ^= 1 << chance.randrange(8)
        elif kind == "noise":
            data[at : at + length] = chance.randbytes(length)
        elif kind == "cut":
            del data[at : at + length]
        elif kind == "repeat":
            data[at:at] = data[at : at + length]
        else:
            del data[max(at, kept) :]
        if not data:
            return b"\0"
    return bytes(data)
