"""Phi-4-multimodal; every number is what transformers' own processor gives."""

from __future__ import annotations

import numpy as np
import pytest

from dynres_cli import api
from dynres_cli.errors import NotTileable, UsageError
from dynres_cli.geometry import Grid, Size
from dynres_cli.strategies import phi4mm
from dynres_cli.strategies.phi4mm import Phi4Params
from tests.strategies.told import Sides, inputs, planned, prompt, told

PRESET = "phi-4-multimodal"
VIEW = (448, 448)


@pytest.mark.parametrize(
    ("size", "grid", "total", "tokens"),
    [
        pytest.param((1, 1), (1, 1), 2, 545, id="one pixel"),
        pytest.param((300, 200), (1, 1), 2, 460, id="one tile with a bar below"),
        pytest.param((449, 449), (2, 2), 5, 1329, id="a pixel more needs four tiles"),
        pytest.param((640, 480), (2, 2), 5, 1065, id="a bar below"),
        pytest.param((480, 640), (2, 2), 5, 1073, id="a bar at the right: more rows, more newlines"),
        pytest.param((1280, 720), (3, 2), 7, 1596, id="a screen"),
        pytest.param((3000, 4000), (3, 4), 13, 3409, id="63 tiles are too many: the nearest aspect ratio"),
        pytest.param((4000, 300), (9, 1), 10, 1868, id="a panorama"),
        pytest.param((9, 900), (1, 3), 4, 369, id="a strip of 13 pixels"),
    ],
)
def test_pictures_are_covered_at_their_own_scale(size: Sides, grid: Sides, total: int, tokens: int) -> None:
    """As many tiles as the picture covers, up to 36; the overview is always there."""
    assert told(PRESET, size) == (grid, VIEW, VIEW, total, tokens)


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (5, 400)], ids=["standing", "lying", "5 pixels wide"])
def test_a_scaled_side_under_ten_pixels_is_refused(size: Sides) -> None:
    """The family's own limit, with its reason."""
    with pytest.raises(NotTileable, match="side under 10 pixels"):
        planned(PRESET, size)


def test_bars_are_white_to_the_right_and_below() -> None:
    """The picture lies in the top left corner of a white canvas."""
    surface = planned(PRESET, (640, 480))[1].surfaces[0]
    assert (surface.offset.x, surface.offset.y, surface.fill) == (0, 0, (255, 255, 255))
    assert surface.scaled == Size(896, 672)


def test_masks_end_where_whole_patches_of_white_begin() -> None:
    """A bar of 224 rows takes 16 rows of patches from the lower tiles; the overview's mask is whole."""
    assert inputs(PRESET, (640, 480)) == {
        "image_sizes": (896, 896),
        "num_img_tokens": 1065,
        "image_attention_mask": ((32, 32), (32, 32), (32, 32), (16, 32), (16, 32)),
    }


def test_pack_writes_the_masks_out() -> None:
    """One plane of 32×32 a view, ones from its corner."""
    packed = api.pack(api.load_image(np.zeros((200, 300, 3), np.uint8), preset=PRESET), PRESET)
    mask = packed["image_attention_mask"]
    assert (mask.shape, mask.dtype) == ((1, 2, 32, 32), np.float32)
    assert mask[0, 1].sum() == 22 * 32


def test_prompt_and_parameters() -> None:
    """One placeholder a token; tiles are whole pairs of patches."""
    assert prompt(PRESET, (300, 200)) == "<|endoftext10|>" * 460
    with pytest.raises(UsageError, match="multiple of two patches"):
        Phi4Params(image_size=450)


def test_candidates_begin_with_the_chosen_grid() -> None:
    """The covering grid alone, or all grids by aspect ratio where it has too many tiles."""
    assert [str(each.grid) for each in phi4mm.candidates(Size(640, 480), Phi4Params())] == ["2×2"]
    assert phi4mm.candidates(Size(3000, 4000), Phi4Params())[0].grid == Grid(3, 4)
