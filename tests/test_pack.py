"""The arrays of `pack`: orders of numbers on small arrays, and what is refused."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from dynres_cli import api
from dynres_cli.errors import UsageError
from dynres_cli.geometry import Box, Grid, Plan, Size, Surface, overview, tile_views
from dynres_cli.packed import build, rearrange
from dynres_cli.strategies.packing import MaskArray, NumberArray, PixelArray

PLAN = Plan(
    Grid(2, 1),
    (Surface(Size(4, 2)), Surface(Size(2, 2))),
    (overview(1, Size(2, 2)), *tile_views(0, Grid(2, 1), Size(2, 2))),
)
VIEWS = [np.full((3, 2, 2), value, np.float32) for value in (1, 2, 3)]


@pytest.mark.parametrize(
    ("pattern", "lengths", "shape", "start"),
    [
        pytest.param("c h w -> h w c", {}, (4, 6, 3), [0, 24, 48], id="axes change places"),
        pytest.param(
            "c (h p) (w q) -> (h w) (p q c)", {"p": 2, "q": 2}, (6, 12), [0, 24, 48, 1], id="patches row by row"
        ),
        pytest.param(
            "c (h p) (w q) -> c p (h w q)", {"p": 2, "q": 2}, (3, 2, 12), [0, 1, 2, 3], id="patches side by side"
        ),
        pytest.param("c h w -> (c t) (h w)", {"t": 2}, (6, 24), [0, 1, 2, 3], id="every channel twice"),
    ],
)
def test_a_pattern_orders_the_numbers(
    pattern: str, lengths: dict[str, int], shape: tuple[int, ...], start: list[int]
) -> None:
    """72 numbers counted up in a (3, 4, 6) array lie where the pattern puts them."""
    made = rearrange(np.arange(72, dtype=np.float32).reshape(3, 4, 6), pattern, lengths)
    assert made.shape == shape
    assert made.ravel()[: len(start)].tolist() == start


@pytest.mark.parametrize(
    ("array", "shape"),
    [
        pytest.param(PixelArray(), (3, 3, 2, 2), id="all views stacked"),
        pytest.param(PixelArray(lead=2), (1, 1, 3, 3, 2, 2), id="two axes before"),
        pytest.param(PixelArray(role="tile"), (2, 3, 2, 2), id="the tiles alone"),
        pytest.param(PixelArray(pad_to=(4,)), (4, 3, 2, 2), id="zeros up to four views"),
        pytest.param(PixelArray(pad_to=(0, 0, 5, 6)), (3, 3, 5, 6), id="zeros below and to the right"),
        pytest.param(PixelArray(join="last"), (3, 2, 6), id="views side by side"),
        pytest.param(NumberArray(((1, 2),)), (1, 2), id="numbers as they stand"),
        pytest.param(NumberArray(1, "int64", (1, 3, 2)), (1, 3, 2), id="one number everywhere"),
        pytest.param(MaskArray(Size(3, 2), (Box(0, 0, 1, 2),), lead=1), (1, 1, 2, 3), id="a mask"),
    ],
)
def test_shapes(array: PixelArray | NumberArray | MaskArray, shape: tuple[int, ...]) -> None:
    """Each kind of array has the shape that its family states."""
    assert build({"it": array}, VIEWS, PLAN)["it"].shape == shape


def test_padding_is_zero_after_the_views() -> None:
    """Zeros stand after the views, and nowhere else."""
    assert build({"it": PixelArray(pad_to=(4,))}, VIEWS, PLAN)["it"][:, 0, 0, 0].tolist() == [1, 2, 3, 0]


def test_a_mask_is_one_inside_its_box() -> None:
    """The box is half open: its right and bottom edges are outside."""
    made = build({"it": MaskArray(Size(3, 2), (Box(0, 0, 2, 1),))}, VIEWS, PLAN)["it"]
    assert made.tolist() == [[[1, 1, 0], [0, 0, 0]]]


def test_pack_takes_what_load_image_returned() -> None:
    """The views of a 640×480 picture remember its size, which transformers' LLaVA-NeXT returns beside the pixels."""
    views = api.load_image(np.zeros((480, 640, 3), np.uint8), preset="llava-v1.6-hf")
    packed = api.pack(views, "llava-v1.6-hf")
    assert {name: array.shape for name, array in packed.items()} == {
        "pixel_values": (1, 5, 3, 336, 336),
        "image_sizes": (1, 2),
    }
    assert packed["image_sizes"].tolist() == [[480, 640]]


def test_views_from_elsewhere_need_their_size() -> None:
    """A bare array does not know its picture; with the size, pack works, and refuses views that do not belong to it."""
    bare = np.zeros((5, 3, 336, 336), np.float32)
    assert api.pack(bare, "llava-v1.6-hf", size=(640, 480))["pixel_values"].shape == (1, 5, 3, 336, 336)
    with pytest.raises(UsageError, match="size of the picture"):
        api.pack(bare, "llava-v1.6-hf")
    with pytest.raises(UsageError, match="5 views are not what"):
        api.pack(bare, "llava-v1.6-hf", size=(200, 900))


def test_a_number_is_the_parameter_and_a_pair_the_picture() -> None:
    """DeepSeek-OCR-2 has a parameter of the same name, which its views are packed with as they were loaded."""
    picture = np.zeros((60, 90, 3), np.uint8)
    views = api.load_image(picture, "deepseek-ocr-2", size=512)
    packed = api.pack(views, "deepseek-ocr-2", size=512)
    assert packed["pixel_values"].shape[-1] == 512
    with pytest.raises(UsageError, match="is no size"):
        api.pack(api.load_image(picture), size=512)


def test_views_know_their_picture_after_a_journey() -> None:
    """Pickled, as they come from the workers of a data loader, and copied."""
    views = np.asanyarray(api.load_image(np.zeros((60, 90, 3), np.uint8), image_size=28))
    for again in (pickle.loads(pickle.dumps(views)), copy.deepcopy(views), views[:]):
        assert isinstance(again, api.Views)
        assert again.source_size == Size(90, 60)
        assert api.pack(again, image_size=28)["pixel_values"].tobytes() == views.tobytes()


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        pytest.param((1,), r"size=\(1,\) is no size; give \(width, height\)", id="one number"),
        pytest.param((1, 2, 3), r"give \(width, height\)", id="three numbers"),
        pytest.param(512, r"give \(width, height\)", id="a number"),
        pytest.param((0, 0), "whole numbers of pixels", id="no pixels"),
        pytest.param((), r"give \(width, height\)", id="nothing"),
        pytest.param("ab", "whole numbers of pixels", id="text"),
        pytest.param((512.0, 512.0), "whole numbers of pixels", id="floats"),
    ],
)
def test_pack_refuses_what_is_no_size(size: Any, reason: str) -> None:  # noqa: ANN401 - that is the test
    """Neither is dropped in silence, nor ends it in Python's own words."""
    with pytest.raises(UsageError, match=reason):
        api.pack(np.zeros((1, 3, 448, 448), np.float32), max_num=1, size=size)


@pytest.mark.parametrize("size", [(90, 60), [90, 60], np.array([90, 60]), Size(90, 60)])
def test_pack_takes_a_size_in_every_form(size: Any) -> None:  # noqa: ANN401 - that is the test
    """A pair, an array of two, and what the views of load_image remember."""
    packed = api.pack(np.zeros((1, 3, 448, 448), np.float32), max_num=1, size=size)
    assert packed["pixel_values"].shape == (1, 3, 448, 448)


@pytest.mark.parametrize(
    ("views", "reason"),
    [
        pytest.param(None, "type NoneType is no list of views; pass what load_image returned", id="nothing"),
        pytest.param(np.float32(1), "type float32 is no list of views", id="a number"),
        pytest.param(
            np.zeros((1, 448, 448, 3), np.uint8), r"uint8 .*\(448, 448, 3\), not \(3, 448, 448\)", id="levels"
        ),
        pytest.param(np.zeros((1, 3, 224, 224), np.float32), r"not \(3, 448, 448\)", id="of another size"),
        pytest.param([np.zeros((3, 448), np.float32)], r"not \(3, 448, 448\)", id="a row"),
        pytest.param([[[1.0], [1.0, 2.0]]], "is no list of views", id="a ragged list"),
        pytest.param(["view"], r"not \(3, 448, 448\)", id="text"),
    ],
)
def test_pack_refuses_what_are_no_views(views: Any, reason: str) -> None:  # noqa: ANN401 - that is the test
    """With the shape they have, and the one that they are to have."""
    with pytest.raises(UsageError, match=reason):
        api.pack(views, max_num=1, size=(90, 60))
