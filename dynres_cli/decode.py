"""From a file to facts and RGB levels, under limits and exactly as the reference reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from dynres_cli import depth, headers, jpeg, png
from dynres_cli.arena import Arena, empty
from dynres_cli.errors import ImageError
from dynres_cli.facts import Facts, FileLimits, Handling, is_deep
from dynres_cli.geometry import RGB
from dynres_cli.opening import Source
from dynres_cli.peaks import peak_bytes
from dynres_cli.picture import corrupt, in_memory, no_memory, opened_picture, unsupported
from dynres_cli.resample import Kernel

Pixels = npt.NDArray[np.uint8]

_PLAIN_MODES = ("1", "L", "P", "LA", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "LAB", "HSV")
CONVERTIBLE = frozenset((*_PLAIN_MODES, "I", "F", "I;16", "I;16B", "I;16L", "I;16N"))
"""The modes that Pillow turns into RGB."""

JPEGS = ("JPEG", "MPO")
"""The first picture of an MPO is a JPEG like any other."""

DEFAULT_LIMITS = FileLimits()


@dataclass(frozen=True, slots=True)
class Means:
    """What a picture may be decoded with: the compiled code, and memory that is used again. Neither changes a level."""

    kernel: Kernel = "pillow"
    arena: Arena | None = None


DEFAULT_MEANS = Means()


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture's levels, (height, width, 3), what is known of it now, and whether some of them are missing."""

    pixels: Pixels
    facts: Facts
    truncated: bool = False


def decode(
    source: Source, facts: Facts, handling: Handling, limits: FileLimits = DEFAULT_LIMITS, means: Means = DEFAULT_MEANS
) -> Decoded:
    """The picture of a file that `facts` are of as RGB levels, turned and put over a colour as `handling` asks.

    The levels may lie in the arena, if one is among the means. ImageError where the file does not give the whole
    picture, unless a part of it was asked for.
    """
    decoded = _whole(source, facts, handling, limits, means)
    if decoded is None:
        with _what_there_is():
            decoded = replace(_pillows(source, facts, handling, limits, means.arena), truncated=True)
    turn = facts.oriented(handling) and not facts.turned_by_itself
    return replace(decoded, pixels=turned(decoded.pixels, facts.orientation)) if turn else decoded


def _whole(source: Source, facts: Facts, handling: Handling, limits: FileLimits, means: Means) -> Decoded | None:
    """The picture, or None where the file is cut short and what there is of it was asked for."""
    try:
        return _levels(source, facts, handling, limits, means)
    except ImageError as error:
        if error.code == "truncated" and handling.on_truncated == "tile":
            return None
        raise


@contextmanager
def _what_there_is() -> Iterator[None]:
    """Let Pillow accept a file that ends too early, for one picture."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _levels(source: Source, facts: Facts, handling: Handling, limits: FileLimits, means: Means) -> Decoded:
    """The whole picture as Pillow gives it; a plain JPEG or PNG takes a shorter way to the same levels."""
    plain = _plain(source, facts, handling, means)
    if plain is not None:
        return Decoded(plain, facts)
    decoded = _pillows(source, facts, handling, limits, means.arena)
    return replace(decoded, truncated=True) if _lacks_its_end(source.data, facts) else decoded


def _plain(source: Source, facts: Facts, handling: Handling, means: Means) -> Pixels | None:
    """What the shorter ways give; None where only Pillow knows what becomes of a file."""
    if facts.frame or facts.mode not in ("L", "P", "RGB", "RGBA"):
        return None
    try:
        return _shortly(source, facts, handling, means)
    except MemoryError:
        return None  # Pillow may do with less, and what it is refused is told in our words


def _shortly(source: Source, facts: Facts, handling: Handling, means: Means) -> Pixels | None:
    if facts.format in JPEGS and facts.mode != "RGBA":
        return jpeg.decode_plain(source.data, facts.size, means.arena)
    if facts.format == "PNG" and means.kernel == "numba":
        return png.decode_plain(source.data, facts.size, drops_alpha=handling.alpha == "drop", arena=means.arena)
    return None


def _lacks_its_end(data: bytes, facts: Facts) -> bool:
    """Whether a picture that Pillow takes for whole has a tail that is none; like Pillow we take it, but say so.

    Pillow hears no warning of libjpeg's, and asks neither for a PNG's end nor for its checksums.
    """
    if facts.format in JPEGS:
        return facts.frame == 0 and jpeg.is_cut_short(data, facts.mode)
    return facts.format == "PNG" and headers.png_pixels_cut(data, facts.frame)


def _pillows(source: Source, facts: Facts, handling: Handling, limits: FileLimits, arena: Arena | None) -> Decoded:
    """Decode with Pillow, on an object of its own: one that has failed before gives blank pictures."""
    try:
        with opened_picture(in_memory(source.data), limits, facts.frame) as picture:
            seen = _now_known(picture, facts)
            picture.load()
            if picture.size != (facts.width, facts.height):
                raise corrupt()
            return Decoded(_rgb(picture, handling, arena), seen)
    except ImageError as error:
        # Most C libraries that are refused memory give up in the words that they have for a damaged file.
        if error.code in ("corrupt", "truncated") and not _can_be_had(peak_bytes(facts)):
            raise no_memory() from error
        raise


def _can_be_had(size: int) -> bool:
    """Whether a limit of the process or of the system leaves so many bytes; none of them is touched."""
    try:
        np.empty(size, np.uint8)
    except MemoryError:
        return False
    return True


def _now_known(picture: ImageFile.ImageFile, facts: Facts) -> Facts:
    """How the pixels of an animation's later picture are stored is known once those before it are decoded."""
    return replace(facts, mode=picture.mode, has_alpha=picture.has_transparency_data) if facts.frame else facts


def _rgb(picture: Image.Image, handling: Handling, arena: Arena | None) -> Pixels:
    """Convert band by band, so that the whole picture never exists in three versions."""
    if picture.mode not in CONVERTIBLE:
        what = f"Pillow's mode {picture.mode}"
        raise unsupported(what)
    opaque, scaled = handling.alpha == "drop", handling.depth16 == "scale" and is_deep(picture.mode)
    # Of more than 8 bits Pillow compares clipped values with one byte of the transparent one. White behind clipped ones
    # is left to it, as the references leave it.
    painted = scaled or (is_deep(picture.mode) and isinstance(handling.alpha, tuple))
    # Pillow warns of a palette with alpha although RGB has no use for it; the levels are the same without.
    transparent = picture.info.pop("transparency", None) if opaque or painted else None
    out = depth.scaled(picture) if scaled else _converted(picture, handling, arena)
    if isinstance(transparent, int) and not opaque:
        depth.paint(out, picture, transparent, _background(handling))
    return out


def _converted(picture: Image.Image, handling: Handling, arena: Arena | None) -> Pixels:
    out: Pixels = empty(arena, (picture.height, picture.width, 3), np.uint8)
    for box in depth.bands(picture):
        out[box[1] : box[3]] = np.asarray(_opaque(picture.crop(box), handling))
    return out


def _background(handling: Handling) -> RGB:
    """What a picture with transparency is put over, if it is."""
    return handling.alpha if isinstance(handling.alpha, tuple) else (255, 255, 255)


def _opaque(band: Image.Image, handling: Handling) -> Image.Image:
    """The band without transparency, as transformers 5 puts every picture that has some over white.

    `alpha_composite` is what it uses; the `paste` of others gives the same for all 65,536 pairs of level and alpha.
    """
    if handling.alpha == "drop" or not band.has_transparency_data:
        return band.convert("RGB")
    background = Image.new("RGBA", band.size, (*_background(handling), 255))
    return Image.alpha_composite(background, band.convert("RGBA")).convert("RGB")


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """The picture turned upright from what its orientation tag (1 to 8) says."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    flip_rows = orientation in (3, 4, 7, 8)
    flip_cols = orientation in (2, 3, 6, 7)
    return np.ascontiguousarray(pixels[:: -1 if flip_rows else 1, :: -1 if flip_cols else 1])
