"""One file of an output laid beside its entry in the manifest: is it there, whole, and what it is said to be."""

from __future__ import annotations

import errno
import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from dynres_cli.errors import Unsound
from dynres_cli.manifest import FileEntry
from dynres_cli.picture import DECODER_ERRORS
from dynres_cli.sinks.contents import Readable, length, open_entry
from dynres_cli.sinks.npy import LETTERS

Problem = Literal["missing", "extra", "size", "sha256", "shape", "dtype", "unsafe_path", "manifest", "pixels"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as the manifest says, by its path below the output."""

    path: str
    problem: Problem


LARGEST_HEADER = 10_000
"""Bytes of an .npy header's text at the most; ours have some hundred."""


def problem_of(root: str, path: str, entry: FileEntry) -> Problem | None:
    """What is wrong with a file, the most telling thing first; None where it is as stated.

    It lies at `path` below `root`, or in the shard there.
    """
    try:
        with open_entry(root, path, entry) as file:
            return _problem(file, entry)
    except (FileNotFoundError, IsADirectoryError):
        return "missing"
    except Unsound:
        return "unsafe_path"
    except ValueError:
        return "sha256"  # the table that should hold it cannot be read
    except OSError as error:
        return "missing" if error.errno == errno.ENAMETOOLONG else "sha256"  # it cannot be read


def _problem(file: Readable, entry: FileEntry) -> Problem | None:
    if entry.kind == "tensor":
        header = _header_problem(file, entry)
        if header is not None:
            return header
    if length(file) != entry.bytes:
        return "size"
    if hashlib.file_digest(file, "sha256").hexdigest() != entry.sha256:
        return "sha256"
    return None if entry.kind == "tensor" or proved_levels(file, entry) is not None else "pixels"


def _header_problem(file: Readable, entry: FileEntry) -> Problem | None:
    """Whether an .npy states another type or shape; a file that is no .npy at all is left to its digest."""
    header = npy_header(file)
    if header is None:
        return None
    shape, dtype = header
    if dtype.hasobject or dtype.str != LETTERS.get(entry.dtype or ""):  # type: ignore[call-overload]
        return "dtype"
    return None if shape == entry.shape else "shape"


def npy_header(file: Readable) -> tuple[tuple[int, ...], np.dtype[np.generic]] | None:
    """Shape and type from an .npy header, after which the file stands at the values; None where it is no plain one.

    Nothing in the file is executed: the header is read as a literal, and object arrays are never loaded.
    """
    try:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            return None
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=LARGEST_HEADER)
    except (ValueError, TypeError, EOFError, SyntaxError, RecursionError, MemoryError):
        return None
    return None if fortran else (shape, dtype)


def proved_levels(file: Readable, entry: FileEntry) -> npt.NDArray[np.uint8] | None:
    """The levels of a view's PNG; None where they are others than its record says."""
    levels = png_levels(file, entry)
    return levels if levels is not None and hashlib.sha256(levels.data).hexdigest() == entry.pixels_sha256 else None


def png_levels(file: Readable, entry: FileEntry) -> npt.NDArray[np.uint8] | None:
    """The levels of a view's PNG; None where it does not hold a picture of the size of its box."""
    left, top, right, bottom = entry.box or (0, 0, 0, 0)
    file.seek(0)
    try:
        with Image.open(file, formats=("PNG",)) as picture:
            if picture.mode != "RGB" or picture.size != (right - left, bottom - top):
                return None
            return np.ascontiguousarray(np.asarray(picture))
    except (*DECODER_ERRORS, MemoryError):
        return None
