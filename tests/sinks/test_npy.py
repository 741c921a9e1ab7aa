"""The .npy files are np.save's own, byte for byte."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.normalize import to_bfloat16
from dynres_cli.sinks import npy


def saved(array: npt.NDArray[Any]) -> bytes:
    """What np.save writes."""
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=5), st.sampled_from(["float32", "float16", "uint8"]))
def test_the_header_is_numpys_for_any_shape(shape: list[int], dtype: npy.Dtype) -> None:
    """One to five axes of any length."""
    out = io.BytesIO()
    described = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": tuple(shape)}
    np.lib.format.write_array_header_1_0(out, described)
    assert npy.header(tuple(shape), dtype) == out.getvalue()


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_file_is_np_saves(dtype: npy.Dtype) -> None:
    """Header and values together, for a tensor of three views."""
    tensor = np.random.default_rng(0).standard_normal((3, 3, 14, 14)).astype(np.float32)
    assert npy.encode(tensor, tensor.shape, dtype).tobytes() == saved(tensor.astype(dtype))


def test_bfloat16_is_stored_as_its_bits() -> None:
    """A reader finds uint16 and gets the values back by shifting them up."""
    tensor = np.random.default_rng(0).standard_normal((1, 3, 4, 4)).astype(np.float32)
    loaded = np.load(io.BytesIO(npy.encode(tensor, tensor.shape, "bfloat16").tobytes()), allow_pickle=False)
    assert loaded.dtype == np.uint16
    assert np.array_equal(loaded, to_bfloat16(tensor))


def test_uint8_views_keep_their_levels() -> None:
    """The tensor before normalisation is stored as it is, also from a cut that is not contiguous."""
    tensor = np.arange(2 * 3 * 4 * 10, dtype=np.uint8).reshape(2, 3, 4, 10)[:, :, :, 2:7]
    assert npy.encode(tensor, tensor.shape, "uint8").tobytes() == saved(np.ascontiguousarray(tensor))
