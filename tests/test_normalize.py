"""Every level becomes the very float32 that the reference's arithmetic gives."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from dynres_cli import normalize
from dynres_cli.presets import CLIP, HALF, IMAGENET, Channels, PixelPolicy
from dynres_cli.resample import Kernel
from tests.pictures import noise

LEVELS = np.arange(256, dtype=np.uint8)
STATISTICS = [
    pytest.param(*IMAGENET, id="ImageNet"),
    pytest.param(*CLIP, id="CLIP"),
    pytest.param(*HALF, id="0.5"),
]


@pytest.mark.parametrize(("mean", "std"), STATISTICS)
def test_classic_is_three_steps_in_float32(mean: Channels, std: Channels) -> None:
    """All 256 levels: x/255, minus mean, over std, each rounded to float32; the same as from a float64 factor."""
    rows = normalize.table(PixelPolicy(mean, std))
    rescaled = (LEVELS.astype(np.float64) * (1 / 255)).astype(np.float32)
    for row, m, s in zip(rows, mean, std, strict=True):
        assert np.array_equal(row, (LEVELS.astype(np.float32) / np.float32(255) - np.float32(m)) / np.float32(s))
        assert np.array_equal(row, (rescaled - np.float32(m)) / np.float32(s))


@pytest.mark.parametrize(("mean", "std"), STATISTICS)
def test_fused_differs_from_classic_in_the_last_bits_only(mean: Channels, std: Channels) -> None:
    """The torch backend's folded statistics move values by at most 2.4e-7 of their size, but do move some."""
    classic = normalize.table(PixelPolicy(mean, std))
    fused = normalize.table(PixelPolicy(mean, std, arithmetic="fused"))
    assert not np.array_equal(classic, fused)
    assert np.allclose(classic, fused, rtol=0, atol=5e-7)


def test_fused_gives_torch_values() -> None:
    """A few levels under ImageNet statistics, computed by transformers' torch backend."""
    fused = normalize.table(PixelPolicy(*IMAGENET, arithmetic="fused"))
    known = ["-0x1.0f177a0000000p+1", "-0x1.0ce6560000000p+1", "0x1.d273520000000p-5", "0x1.1fdc3a0000000p+1"]
    assert [float(value).hex() for value in fused[0, [0, 1, 127, 255]]] == known


def test_bfloat16_values_have_short_mantissas() -> None:
    """Every value has a zero lower half, and a few are known from torch."""
    rows = normalize.table(PixelPolicy(*HALF, arithmetic="bfloat16"))
    assert not (rows.view(np.uint32) & 0xFFFF).any()
    assert rows[0, [0, 1, 127, 255]].tolist() == [-1.0, -0.9921875, -0.00390625, 1.0]


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        pytest.param(1.0, 0x3F80, id="one"),
        pytest.param(1.00390625, 0x3F80, id="a tie goes to the even neighbour below"),
        pytest.param(1.01171875, 0x3F82, id="a tie goes to the even neighbour above"),
        pytest.param(-2.117904, 0xC008, id="ImageNet's black"),
    ],
)
def test_bfloat16_rounds_to_nearest_even(value: float, bits: int) -> None:
    """The upper half of the float32, rounded."""
    assert normalize.to_bfloat16(np.array([value], np.float32)).tolist() == [bits]


def test_views_are_stacked_channels_first() -> None:
    """Two views in their order: one (2, 3, height, width) array, each value by its channel's table."""
    policy, views = PixelPolicy(*CLIP), [noise(5, 4, seed) for seed in (1, 2)]
    tensor = normalize.normalise(views, policy)
    assert tensor.shape == (2, 3, 4, 5)
    assert tensor.dtype == np.float32
    assert tensor[1, 2, 3, 4] == normalize.table(policy)[2, views[1][3, 4, 2]]
    assert np.array_equal(tensor[0], normalize.normalise_one(views[0], policy))


def test_a_float_view_is_taken_as_it_is() -> None:
    """Views that were resampled as normalised floats are only put channels first."""
    view = np.random.default_rng(0).random((4, 5, 3), np.float32)
    assert np.array_equal(normalize.normalise_one(view, PixelPolicy(*CLIP)), view.transpose(2, 0, 1))


def test_a_preview_undoes_the_normalisation() -> None:
    """All levels come back from floats; what lay outside is clipped."""
    policy, view = PixelPolicy(*IMAGENET), noise(16, 16)
    floats = normalize.normalise_one(view, policy).transpose(1, 2, 0)
    assert np.array_equal(normalize.preview(floats, policy), view)
    assert np.array_equal(normalize.preview(floats * 0 + 100, policy), np.full_like(view, 255))


@pytest.mark.parametrize("kernel", get_args(Kernel))
def test_views_of_several_sizes_are_never_one_array(kernel: Kernel) -> None:
    """Compiled code would write beyond its memory."""
    with pytest.raises(ValueError, match="has no place"):
        normalize.normalise([np.zeros((4, side, 3), np.uint8) for side in (4, 6)], PixelPolicy(*IMAGENET), kernel)
