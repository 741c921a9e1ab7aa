"""What is known of a picture from its header, what is refused by it, and how its pixels are to be read."""

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
