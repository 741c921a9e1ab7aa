"""From a file to the facts in its header, without decoding a pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import BinaryIO

from PIL import Image, ImageFile

from dynres_cli import formats, headers, webp
from dynres_cli.errors import ImageError
from dynres_cli.facts import Facts, FileLimits
from dynres_cli.headers import gif_sizes
from dynres_cli.opening import Source, check_bytes, name_of, opened
from dynres_cli.picture import check_pixels, go_to, in_memory, opened_picture

ORIENTATION_TAG = 0x0112
DEFAULT_LIMITS = FileLimits()


PAGED = ("TIFF", "MPO", formats.HEIF)
"""Formats whose pictures stand on their own, each with a size and a mode that its own header states.

In the others every picture is drawn on the one before it, on one canvas.
"""


def probe(path: str, limits: FileLimits = DEFAULT_LIMITS, *, follow: bool = False, frame: int = 0) -> Facts:
    """What a file's header states; reads little more than that. ImageError if it is nothing to tile."""
    with opened(path, follow=follow, limits=limits) as file:
        return _facts(file, name_of(path), limits, frame)


def probe_bytes(source: Source, limits: FileLimits = DEFAULT_LIMITS, frame: int = 0) -> Facts:
    """The same for a picture that is already in memory."""
    return _facts(in_memory(source.data), source.name, limits, frame)


def probe_frames(
    path: str, limits: FileLimits = DEFAULT_LIMITS, *, follow: bool = False
) -> Iterator[Facts | ImageError]:
    """What a file's header states of each of its pictures, or why one of them cannot be tiled.

    ImageError where that is so of the first.
    """
    name = name_of(path)
    with opened(path, follow=follow, limits=limits) as file:
        first = _facts(file, name, limits)
        yield first
        sizes = list(gif_sizes(file)) if first.format == "GIF" else [(first.width, first.height)] * first.frames
        for frame in range(1, first.frames):
            try:
                paged = first.format in PAGED
                yield _facts(file, name, limits, frame) if paged else _moving(first, frame, sizes[frame], limits)
            except ImageError as error:
                yield error


def _facts(file: BinaryIO, name: str, limits: FileLimits, frame: int = 0) -> Facts:
    size = file.seek(0, 2)
    check_bytes(size, limits)
    found = webp.still(file, size) if frame == 0 else None
    if found is not None:
        check_pixels(found.width, found.height, limits)
        return _still(found, size, name)
    file.seek(0)
    with opened_picture(file, limits) as picture:
        first = _stated(picture, file, size, name)
        if frame == 0:
            return first
        if frame >= first.frames:
            message = f"the file has {first.frames:,} pictures and had more when it was listed; run again"
            raise ImageError(code="changed", message=message)
        if first.format in PAGED:
            go_to(picture, frame, limits)
            return replace(_stated(picture, file, size, name), frames=first.frames, frame=frame)
        grown = next(islice(gif_sizes(file), frame, None), None) if first.format == "GIF" else None
        return _moving(first, frame, grown or (first.width, first.height), limits)


def _still(found: webp.Still, size: int, name: str) -> Facts:
    """The facts of a still WebP, in Pillow's words."""
    return Facts(
        bytes=size,
        format=webp.FORMAT,
        mode="RGBA" if found.has_alpha else "RGB",
        width=found.width,
        height=found.height,
        has_alpha=found.has_alpha,
        icc_not_srgb=found.profile != b"" and not headers.is_srgb(found.profile),
        extension_mismatch=formats.mismatched(name, webp.FORMAT),
    )


def _moving(first: Facts, frame: int, size: tuple[int, int], limits: FileLimits) -> Facts:
    """A later picture of an animation; that it takes four channels is the most that it may come to."""
    check_pixels(*size, limits)
    return replace(first, frame=frame, mode="RGBA", width=size[0], height=size[1])


def _stated(picture: ImageFile.ImageFile, file: BinaryIO, size: int, name: str) -> Facts:
    """What the header of the picture at hand says."""
    found = picture.format or ""
    orientation = _orientation(picture, file)
    width, height = _upright_by_xmp(picture, orientation) or picture.size
    profile = picture.info.get("icc_profile") or b""
    return Facts(
        bytes=size,
        format=found,
        mode=picture.mode,
        width=width,
        height=height,
        orientation=orientation,
        frames=_frames(picture, file),
        has_alpha=picture.has_transparency_data,
        icc_not_srgb=profile != b"" and not headers.is_srgb(profile),
        extension_mismatch=formats.mismatched(name, found),
    )


def _orientation(picture: ImageFile.ImageFile, file: BinaryIO) -> int:
    """The tag, 1 to 8; whatever else stands there means upright, as it does for every reader."""
    if picture.format == "PNG" and "exif" not in picture.info:
        picture.info.update(headers.late_png_chunks(file))
    # Image.Image's own method on purpose: a PNG's would decode the picture to look for late chunks.
    value = Image.Image.getexif(picture).get(ORIENTATION_TAG, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _upright_by_xmp(picture: ImageFile.ImageFile, orientation: int) -> tuple[int, int] | None:
    """The size of a TIFF that only its XMP turns: Pillow states it upright only after decoding."""
    if picture.format != "TIFF" or orientation < 5 or ORIENTATION_TAG in getattr(picture, "tag_v2", {}):
        return None
    return picture.height, picture.width


def _frames(picture: ImageFile.ImageFile, file: BinaryIO) -> int:
    counter = headers.FRAME_COUNTERS.get(picture.format or "")
    if counter is not None:
        return max(counter(file), 1)
    return int(getattr(picture, "n_frames", 1))
