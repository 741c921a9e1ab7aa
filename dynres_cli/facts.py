"""What is known of a picture from its header, how its pixels are to be read, and what that loses (the flags)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dynres_cli.errors import NotTileable
from dynres_cli.geometry import RGB, Size


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What is refused before anything is decoded; the pixels are Pillow's own warning level."""

    max_pixels: int = 89_478_485
    max_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Handling:
    """How a file becomes RGB levels.

    `alpha` is `drop` (the hidden colours show), or what every picture with transparency is put over: `white` or another
    colour. `depth16` is what happens above 8 bits: `clip` at 255, as Pillow does, or `scale` the range.
    """

    exif: Literal["ignore", "apply"] = "ignore"
    alpha: Literal["drop", "white"] | RGB = "drop"
    depth16: Literal["clip", "scale"] = "clip"
    on_truncated: Literal["error", "tile"] = "error"


@dataclass(frozen=True, slots=True)
class Facts:
    """A picture as its header states it; width and height are those of the pixels as Pillow gives them."""

    bytes: int
    format: str
    mode: str
    width: int
    height: int
    orientation: int = 1
    frames: int = 1
    frame: int = 0
    """Which of them is meant, counted from 0."""
    has_alpha: bool = False
    icc_not_srgb: bool = False
    extension_mismatch: bool = False

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)

    @property
    def turned_by_itself(self) -> bool:
        """A TIFF is upright whenever Pillow has decoded it; its size is already that of the upright picture."""
        return self.format == "TIFF"

    @property
    def deep(self) -> bool:
        """More than 8 bits a channel reach us, so that clipping loses something."""
        return is_deep(self.mode)

    def oriented(self, handling: Handling) -> bool:
        """Whether the pixels that are tiled were turned as the orientation tag asks."""
        return self.orientation > 1 and (self.turned_by_itself or handling.exif == "apply")

    def tiled_size(self, handling: Handling) -> Size:
        """The size of the picture that is tiled."""
        turn = handling.exif == "apply" and not self.turned_by_itself and self.orientation >= 5
        return self.size.transposed if turn else self.size

    def upright_size(self) -> Size:
        """The size of the picture turned as its tag asks, whether or not that is done."""
        return self.tiled_size(Handling(exif="apply"))


def is_deep(mode: str) -> bool:
    """Whether Pillow's mode has more than 8 bits a channel."""
    return mode in ("I", "F") or mode.startswith("I;16")


_NARROW_MODES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
_CHANNELS = {"1": 1, "L": 1, "P": 1, "I;16": 1, "LA": 2, "PA": 2, "RGB": 3}
LEVELS = 3
"""Bytes of one RGB pixel as it is tiled; Pillow itself uses 4 for most modes."""

DECODING_ROOM = 16 * 1024 * 1024
"""What a decoder takes whatever the picture's size: bands under conversion, code loaded on first use."""


def peak_bytes(facts: Facts) -> int:
    """The most memory that reading, decoding and turning this picture takes: file + pixels × bytes a pixel + 16 MiB.

    The bytes a pixel are an upper bound for every file of the format and mode, measured on 12-megapixel pictures.
    """
    return facts.bytes + facts.width * facts.height * _bytes_per_pixel(facts) + DECODING_ROOM


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


def flags(facts: Facts, handling: Handling, *, truncated: bool = False, grid_flipped: bool = False) -> tuple[str, ...]:
    """What a person should know of how this picture was read; `fit_flags` come between these and the mismatch.

    `grid_flipped` says that the picture turned by its tag would have another grid.
    """
    turned = facts.orientation == 1 or facts.oriented(handling)
    stated = {
        "exif_rotated": not turned,
        "grid_flipped_by_exif": not turned and grid_flipped,
        "alpha_dropped": facts.has_alpha and handling.alpha == "drop",
        "clipped_16bit": facts.deep and handling.depth16 == "clip",
        "cmyk": facts.mode == "CMYK",
        "icc_not_srgb": facts.icc_not_srgb,
        "truncated": truncated,
        f"animated:{facts.frames}": facts.frames > 1,
    }
    return tuple(flag for flag, holds in stated.items() if holds)


def fit_flags(scale_x: float, scale_y: float) -> tuple[str, ...]:
    """Whether the picture was enlarged or distorted, from the scale of each axis (2.0 is twice as large)."""
    larger, smaller = max(scale_x, scale_y), min(scale_x, scale_y)
    enlarged = (f"upscaled:{larger:.1f}x",) if larger > 1.05 else ()
    distorted = (f"distorted:{larger / smaller:.1f}x",) if larger / smaller > 1.05 else ()
    return enlarged + distorted


def last_flags(facts: Facts) -> tuple[str, ...]:
    """The flags that stand after those of the fit."""
    return ("extension_mismatch",) if facts.extension_mismatch else ()


def check_views(views: int, most: int) -> None:
    """Refuse a picture that would be cut into too many views."""
    if views > most:
        message = f"would be cut into {views:,} views and {most:,} are allowed; raise --max-tiles"
        raise NotTileable(message)


def check_frames(facts: Facts, most: int) -> None:
    """Refuse a file that holds too many pictures."""
    if facts.frames > most:
        message = f"the file holds {facts.frames:,} pictures and {most:,} are allowed; raise --max-frames"
        raise NotTileable(message)
