"""Pillow behind a gate: only allowed formats are opened, and whatever a decoder raises becomes one of our codes."""

from __future__ import annotations

import io
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import BinaryIO

from PIL import Image, ImageFile, UnidentifiedImageError

from dynres_cli import formats, headers
from dynres_cli.errors import ImageError
from dynres_cli.facts import FileLimits

DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    LookupError,
    TypeError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    EOFError,
    RuntimeError,
    BufferError,
    SystemError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Warning,
)
"""What Pillow's plugins raise on bad files. A KeyboardInterrupt or a MemoryError is no property of a file."""

_CUT_SHORT = re.compile(r"truncat|unexpected end|end of file|\beof\b|not enough|too short|not large", re.IGNORECASE)


@cache
def allowed_formats() -> tuple[str, ...]:
    """The formats that this installation opens, as Pillow wants them named: HEIF where the extra is installed.

    MPO has no opener of its own (asking for it is a KeyError): the JPEG one hands such files on.
    """
    Image.preinit()
    openers = tuple(name for name in formats.FORMATS if name != "MPO")
    try:
        import pillow_heif  # noqa: PLC0415 - an optional extra
    except ImportError:
        return openers
    pillow_heif.register_heif_opener()
    return (*openers, formats.HEIF)


_AT_HAND = frozenset({"JPEG", "PNG", "GIF", "BMP"})
"""The formats that Pillow finds before it looks at one whose plugin it has not imported."""


@cache
def load_plugins() -> None:
    """Register the openers that Pillow has not at hand: asked for one of them, it would import its forty plugins."""
    from PIL import AvifImagePlugin, Jpeg2KImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: F401, PLC0415


_IS_WORKER = threading.Event()


@cache
def prepare_worker() -> None:
    """Settings for a process of our own: Pillow's warnings quote files, and one worker is one thread.

    A library call never makes them, for warnings and threads are its caller's affair.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")
    _IS_WORKER.set()
    allowed_formats()


def _hold_avif() -> None:
    """Keep AVIF's decoder to one thread."""
    from PIL import AvifImagePlugin  # noqa: PLC0415 - most runs never see the format

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


@contextmanager
def opened_picture(file: BinaryIO, limits: FileLimits, frame: int = 0) -> Iterator[ImageFile.ImageFile]:
    """The picture of an open file, identified by its content and not yet decoded; any failure is an ImageError.

    `frame` is the one that is gone to; in an animation that decodes those before it. After a failure the object is of
    no use: a second attempt to load it gives a blank picture without any error.
    """
    start = file.read(32)
    kind = formats.format_by_signature(start)
    if kind not in _AT_HAND:
        load_plugins()
    if _IS_WORKER.is_set() and kind == "AVIF":
        _hold_avif()
    try:
        with _room_for(limits.max_pixels):
            picture = Image.open(file, formats=allowed_formats())
    except UnidentifiedImageError as error:
        raise _unidentified(start, file) from error
    except (*DECODER_ERRORS, MemoryError) as error:
        raise failure(error, file, start) from error
    with picture:
        check_pixels(picture.width, picture.height, limits)
        try:
            if frame:
                go_to(picture, frame, limits)
            yield picture
        except (*DECODER_ERRORS, MemoryError) as error:
            raise failure(error, file, start) from error


def go_to(picture: ImageFile.ImageFile, frame: int, limits: FileLimits) -> None:
    """Turn to a later picture of the file, which may be of another size; within `opened_picture` only."""
    with _room_for(limits.max_pixels):
        picture.seek(frame)
    check_pixels(picture.width, picture.height, limits)


_GUARD_LOCK = threading.Lock()


@contextmanager
def _room_for(max_pixels: int) -> Iterator[None]:
    """Let Pillow's own guard stand no lower than ours while a header is read; it is never lowered nor switched off."""
    if max_pixels <= FileLimits().max_pixels:
        yield
        return
    with _GUARD_LOCK:
        guard = Image.MAX_IMAGE_PIXELS
        if guard is not None:
            Image.MAX_IMAGE_PIXELS = max(guard, max_pixels)
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = guard


def check_pixels(width: int, height: int, limits: FileLimits) -> None:
    """Refuse a picture for the size its header states."""
    if width < 1 or height < 1:
        message = f"the header states {width}×{height} pixels; there is nothing to show"
        raise ImageError(code="corrupt", message=message)
    if width * height > limits.max_pixels:
        limit = f"above the limit of {limits.max_pixels:,} pixels"
        message = f"{width}×{height} is {limit}; raise --max-pixels if this file is to be trusted"
        raise ImageError(code="too_many_pixels", message=message)


def failure(error: BaseException, file: BinaryIO, start: bytes) -> ImageError:
    """The ImageError for whatever a decoder raised.

    The text never quotes Pillow: records must be the same under any version of it, and its words may quote the file.
    """
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        advice = "raise --max-pixels if this file is to be trusted"
        return ImageError("too_many_pixels", f"the header states more pixels than are allowed; {advice}")
    if isinstance(error, MemoryError):
        return no_memory()
    return truncated() if _CUT_SHORT.search(str(error)) else _damaged(file, start)


def _damaged(file: BinaryIO, start: bytes) -> ImageError:
    """Truncated if the file ends before its own structure says so, otherwise corrupt."""
    file.seek(0)
    return truncated() if headers.cut_short(file.read(), formats.format_by_signature(start) or "") else corrupt()


def no_memory() -> ImageError:
    """The outcome of a picture whose decoder was refused the memory that it asked for."""
    return ImageError("out_of_memory", "there is not enough memory for this picture; use fewer workers")


def truncated() -> ImageError:
    """The outcome of a file that was cut short."""
    return ImageError("truncated", "the file ends before the picture does; get a whole copy of it")


def corrupt() -> ImageError:
    """The outcome of a file that no decoder makes sense of."""
    return ImageError("corrupt", "the file is damaged and cannot be decoded; get a whole copy of it")


def unsupported(what: str) -> ImageError:
    """The outcome of a picture whose pixels are stored in a way that has no mapping to RGB."""
    return ImageError("unsupported_mode", f"{what} is not turned into RGB; convert it to an 8-bit RGB picture first")


def _unidentified(start: bytes, file: BinaryIO) -> ImageError:
    """Why no allowed decoder takes this file; `start` is its beginning."""
    known = formats.format_by_signature(start)
    refused = formats.refused_format(start)
    if refused is not None and known not in allowed_formats():
        name, advice = refused
        return ImageError("format_not_allowed", f"this is {name}, which is not opened; {advice}")
    if known == "TIFF" and headers.tiff_frames(file) > 0:
        return unsupported("a TIFF with this layout of pixels")
    if known is not None:
        return _damaged(file, start)
    return ImageError(
        "unidentified", "this is no picture of a known format; see --help for the formats that are opened"
    )


def in_memory(data: bytes) -> BinaryIO:
    """A file object over bytes that are already here."""
    return io.BytesIO(data)
