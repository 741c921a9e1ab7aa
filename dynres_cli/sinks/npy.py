"""Writes arrays as .npy files: the bytes of np.save, without its copies."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dynres_cli.arena import Arena, pages
from dynres_cli.manifest import FileEntry
from dynres_cli.normalize import to_bfloat16

Dtype = Literal["float32", "float16", "bfloat16", "uint8"]

# bfloat16 has no letter in the format: its bits are stored as whole numbers.
LETTERS: dict[Dtype, str] = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2", "uint8": "|u1"}
VALUE_BYTES: dict[Dtype, int] = {"float32": 4, "float16": 2, "bfloat16": 2, "uint8": 1}
MAGIC = b"\x93NUMPY\x01\x00"


def header(shape: tuple[int, ...], dtype: Dtype) -> bytes:
    """What stands before the values of a tensor."""
    return header_of_letters(shape, LETTERS[dtype])


def header_of_letters(shape: tuple[int, ...], letters: str) -> bytes:
    """The same for any type by its letters; np.save leaves room for the first axis to grow to 21 digits."""
    room = " " * (21 - len(str(shape[0])))
    text = f"{{'descr': '{letters}', 'fortran_order': False, 'shape': {shape}, }}{room}"
    unpadded = len(MAGIC) + 2 + len(text) + 1
    text += " " * (-unpadded % 64) + "\n"
    return MAGIC + struct.pack("<H", len(text)) + text.encode("ascii")


def header_of(entry: FileEntry) -> bytes:
    """What a tensor's file begins with in a tree; ValueError where its entry does not say what it holds."""
    if not entry.shape or entry.dtype not in LETTERS:
        msg = f"{entry.path}: no array has the shape {entry.shape} and the type {entry.dtype}"
        raise ValueError(msg)
    return header(entry.shape, entry.dtype)


def blank(
    shape: tuple[int, ...], dtype: Dtype, arena: Arena | None = None
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]:
    """The whole file in one piece of memory, and the array in it that is still to be filled.

    The file begins with a page, so that it can go to the disk as it lies there.
    """
    start = np.frombuffer(header(shape, dtype), np.uint8)
    kind = np.dtype(LETTERS[dtype])
    file = pages(arena, len(start) + kind.itemsize * math.prod(shape))
    file[: len(start)] = start
    return file, file[len(start) :].view(kind).reshape(shape)


def encode(
    views: Iterable[npt.NDArray[Any]], shape: tuple[int, ...], dtype: Dtype, arena: Arena | None = None
) -> npt.NDArray[np.uint8]:
    """A whole file of the stored type from arrays (3, height, width), each of which is done with before the next."""
    file, values = blank(shape, dtype, arena)
    for place, view in zip(values.reshape(-1, *shape[-3:]), views, strict=True):
        place[...] = to_bfloat16(view) if dtype == "bfloat16" else view
    return file
