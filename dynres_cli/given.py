"""What a caller gives for a picture, a path, an open file or an array, as RGB levels."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from dynres_cli.decode import Means, decode
from dynres_cli.errors import ImageError, UsageError
from dynres_cli.facts import FileLimits, Handling
from dynres_cli.formats import format_by_signature
from dynres_cli.opening import Source, check_bytes, read_source
from dynres_cli.presets import PixelPolicy
from dynres_cli.probe import probe_bytes
from dynres_cli.resample import Kernel, Pixels
from dynres_cli.urls import discreet, is_url

LONGEST_SHOWN = 200
"""Characters of a path in a message: what was meant as a picture's content may be given for one."""

_OPTION = re.compile(r"; (?:raise|see) --")
"""Where the advice to a user of the command begins."""

Given = str | bytes | os.PathLike[str] | IO[bytes] | npt.NDArray[np.uint8]


def pixels_of(given: Given, policy: PixelPolicy, kernel: Kernel) -> Pixels:
    """The picture as uint8 (height, width, 3), opened as the preset's reference does if it is no array."""
    if isinstance(given, np.ndarray):
        return _checked(given)
    limits = FileLimits()
    is_file = hasattr(given, "read") and not isinstance(given, os.PathLike)
    name = _name(given) if is_file else _path(given)
    try:
        source = _content(given, name, limits) if is_file else read_source(name, limits, follow=True)
        handling = Handling(exif=policy.exif, alpha=policy.alpha)
        return decode(source, probe_bytes(source, limits), handling, limits, Means(kernel)).pixels
    except ImageError as error:
        # The limits of a run are its options, and no parameters here.
        reason, *option = _OPTION.split(str(error))
        advice = "; read it in your own way and give its array" if option else ""
        raise ImageError(error.code, f"{name}: {reason}{advice}") from error


def _name(file: object) -> str:
    """What a message calls an open file."""
    name = getattr(file, "name", None)
    return name if isinstance(name, str) and name else f"the {type(file).__name__}"


def _content(file: Any, name: str, limits: FileLimits) -> Source:  # noqa: ANN401 - whatever can be read
    """All of an open file, from its beginning as Pillow reads it; what cannot be wound back, from where it is."""
    parts: list[bytes] = []
    with suppress(AttributeError, OSError, ValueError):  # as a member of a tar that is read as a stream raises
        file.seek(0)
    try:
        # What comes from a network may come in parts.
        while part := file.read(limits.max_bytes + 1 - sum(map(len, parts))):
            parts.append(_bytes(part, name))
    except (AttributeError, TypeError, OSError, ValueError) as error:
        raise ImageError(code="unreadable", message=f"this file object cannot be read: {error}") from error
    data = b"".join(parts)
    check_bytes(len(data), limits)
    return Source(data, name)


def _bytes(part: object, name: str) -> bytes:
    if isinstance(part, bytes | bytearray | memoryview):
        return bytes(part)
    msg = f"{name} gives {type(part).__name__} and no bytes; open it with mode 'rb'"
    raise UsageError(msg)


def _path(given: object) -> str:
    try:
        path = os.fsdecode(cast("str | bytes | os.PathLike[str]", given))
    except TypeError:
        msg = (
            f"an object of type {type(given).__name__} is no picture; give the path of one, a file object such as "
            "io.BytesIO(content), or uint8 (height, width, 3), which is numpy.asarray(image.convert('RGB')) of "
            "an opaque and upright picture of Pillow's"
        )
        raise UsageError(msg) from None
    if not os.path.exists(path):
        if is_url(path):
            msg = f"{discreet(path):.{LONGEST_SHOWN}} is no path; give a file object, as fsspec.open(url) opens one"
            raise UsageError(msg)
        kind = format_by_signature(given[:32]) if isinstance(given, bytes) else None
        if kind is not None:
            msg = (
                f"these {len(path):,} bytes are the content of a picture ({kind}) and no path; give io.BytesIO(content)"
            )
            raise UsageError(msg)
        # Not as a run would tell it, which has listed its files before.
        message = f"{path:.{LONGEST_SHOWN}}: there is no such file here; give the path of a picture, or an array"
        raise ImageError(code="vanished", message=message)
    return path


def _checked(array: npt.NDArray[Any]) -> Pixels:
    """An array that is RGB levels, or a refusal that says what it is."""
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        msg = f"an array of {array.dtype} with shape {array.shape} is no picture; give uint8 (height, width, 3)"
        raise UsageError(msg)
    return cast("Pixels", array)
