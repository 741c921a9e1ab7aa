"""Writes arrays as .npy files: the bytes of np.save, without its copies."""

from __future__ import annotations

import struct
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dynres_cli.normalize import to_bfloat16

Dtype = Literal["float32", "float16", "bfloat16", "uint8"]

# bfloat16 has no letter in the format: its bits are stored as whole numbers.
LETTERS: dict[Dtype, str] = {"float32": "<f4", "float16": "<f2", "bfloat16": "<u2", "uint8": "|u1"}
MAGIC = b"\x93NUMPY\x01\x00"


def header(shape: tuple[int, ...], dtype: Dtype) -> bytes:
    """What stands before the values; np.save leaves room for the first axis to grow to 21 digits."""
    letters, room = LETTERS[dtype], " " * (21 - len(str(shape[0])))
    text = f"{{'descr': '{letters}', 'fortran_order': False, 'shape': {shape}, }}{room}"
    unpadded = len(MAGIC) + 2 + len(text) + 1
    text += " " * (-unpadded % 64) + "\n"
    return MAGIC + struct.pack("<H", len(text)) + text.encode("ascii")


def stored(array: npt.NDArray[Any], dtype: Dtype) -> npt.NDArray[Any]:
    """The array as it lies in the file: contiguous, little-endian, of the stored type."""
    values = to_bfloat16(array) if dtype == "bfloat16" else array
    return np.ascontiguousarray(values, LETTERS[dtype])


def parts(array: npt.NDArray[Any], dtype: Dtype) -> tuple[bytes, memoryview]:
    """The whole file in two pieces to write one after the other; the second is the array's own memory."""
    values = stored(array, dtype)
    return header(values.shape, dtype), values.data.cast("B")
