"""The float resizer follows torch's F.interpolate; the numbers here were computed by torch 2.13 on a CPU."""

from __future__ import annotations

import numpy as np
import pytest

from dynres_cli.geometry import Size
from dynres_cli.interpolate import Floats, TorchFilter, interpolate
from dynres_cli.resample import is_torch

RAMP = (np.arange(35, dtype=np.float32) ** 2 % 17).reshape(5, 7, 1)


def as_they_are(rows: Floats) -> Floats:
    """Rows that are floats already."""
    return rows


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        pytest.param(
            "torch-bicubic",
            [
                4.989151,
                8.101454,
                11.94509,
                7.084302,
                7.395996,
                0.6699219,
                0.6699219,
                7.395996,
                7.084301,
                11.94508,
                8.101456,
                4.989151,
            ],
            id="bicubic",
        ),
        pytest.param(
            "torch-bilinear",
            [5, 7.5, 11.29167, 7.166667, 7.125, 0.875, 0.875, 7.125, 7.166668, 11.29167, 7.500002, 5.000002],
            id="bilinear",
        ),
        pytest.param(
            "torch-bilinear-antialias",
            [
                6.374149,
                8.554287,
                10.04,
                8.095238,
                9.365079,
                5.266667,
                5.266666,
                9.365079,
                8.095238,
                10.04,
                8.554286,
                6.37415,
            ],
            id="bilinear antialias",
        ),
    ],
)
def test_equals_torch_on_a_small_picture(kind: TorchFilter, expected: list[float]) -> None:
    """A 7×5 picture of squares modulo 17, to 4×3: within 1e-5 of torch's values."""
    ours = interpolate(RAMP, Size(4, 3), kind, as_they_are)
    assert ours.shape == (3, 4, 1)
    assert np.allclose(ours.ravel(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", ["torch-bicubic", "torch-bilinear", "torch-bilinear-antialias"])
def test_a_plain_surface_stays_plain(kind: TorchFilter) -> None:
    """Weights sum to one at every place, enlarging and reducing, on a single pixel too."""
    for source, target in [((1, 1), Size(3, 2)), ((4, 9), Size(20, 30)), ((90, 40), Size(7, 3))]:
        plain = np.full((*source, 3), 0.25, np.float32)
        assert np.allclose(interpolate(plain, target, kind, as_they_are), 0.25, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", ["torch-bicubic", "torch-bilinear", "torch-bilinear-antialias"])
def test_the_same_size_changes_nothing(kind: TorchFilter) -> None:
    """Every bit stays where neither side changes."""
    assert np.array_equal(interpolate(RAMP / 3, Size(7, 5), kind, as_they_are), RAMP / 3)


def test_only_torch_filters_are_floats() -> None:
    """Pillow's own names stay with Pillow's resizer."""
    assert is_torch("torch-bicubic")
    assert not is_torch("bicubic")
