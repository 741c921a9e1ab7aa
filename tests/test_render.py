"""One renderer makes every plan's pictures: cropped, resized, placed, cut."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from dynres_cli.geometry import WHITE, Box, Grid, Plan, Point, Size, Space, Surface, View, overview, tile_views
from dynres_cli.presets import CLIP, PRESETS
from dynres_cli.recipe import resolve
from dynres_cli.render import Look, Picture, render
from dynres_cli.resample import Kernel
from tests.pictures import Pixels, columns_first, gradient, internvl_views, llava_views, noise, rows_first

LOOKS = [pytest.param(Look(kernel=kernel), id=kernel) for kernel in get_args(Kernel)]
SHAPES = [(1203, 731), (448, 448), (300, 900), (2000, 500), (640, 480), (97, 280), (1, 1), (1, 300)]
SIZES = [pytest.param(*shape, id=f"{shape[0]}x{shape[1]}") for shape in SHAPES]


def same(ours: list[Picture], reference: list[Pixels]) -> bool:
    """Whether two lists of views are equal in number, size and every value."""
    return len(ours) == len(reference) and all(map(np.array_equal, ours, reference))


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_internvl_views_equal_the_readme(width: int, height: int, look: Look) -> None:
    """Tiles row by row and the thumbnail last, bit for bit the plain Pillow way."""
    pixels = noise(width, height)
    assert same(render(pixels, resolve("internvl2").plan(Size(width, height)), look), internvl_views(pixels))


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(("width", "height"), SIZES[:-1])
def test_llava_views_equal_the_original(width: int, height: int, look: Look) -> None:
    """The squashed picture first, then the tiles of the black-padded canvas."""
    pixels, recipe = noise(width, height), resolve("llava-v1.6")
    pinpoints = ((336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008))
    assert same(render(pixels, recipe.plan(Size(width, height)), look), llava_views(pixels, pinpoints))


@pytest.mark.parametrize("look", LOOKS)
def test_a_region_is_cropped_before_it_is_resized(look: Look) -> None:
    """A gradient's crop without scaling starts with the numbers of its own corner."""
    surface = Surface(Size(20, 10), region=Box(30, 40, 50, 50))
    (view,) = render(gradient(100, 80), Plan(Grid(1, 1), (surface,), tile_views(0, Grid(1, 1), Size(20, 10))), look)
    assert view[0, 0].tolist() == [30, 40, 70]
    assert view[-1, -1].tolist() == [49, 49, 98]


@pytest.mark.parametrize("look", LOOKS)
def test_a_surface_may_be_made_of_an_earlier_one(look: Look) -> None:
    """Two resizes in a row, as Idefics3 asks for, equal two plain ones."""
    surfaces = (Surface(Size(64, 48)), Surface(Size(30, 30), of=0, region=Box(4, 8, 60, 40)))
    pixels = noise(200, 150)
    (view,) = render(pixels, Plan(Grid(1, 1), surfaces, (overview(1, Size(30, 30)),)), look)
    once = np.ascontiguousarray(columns_first(pixels, 64, 48)[8:40, 4:60])
    assert np.array_equal(view, columns_first(once, 30, 30))


@pytest.mark.parametrize("look", LOOKS)
def test_padding_has_the_fill_colour_and_views_may_overlap(look: Look) -> None:
    """A 4×2 picture at (3, 1) on white; two views share its middle columns."""
    surface = Surface(Size(4, 2), canvas=Size(10, 4), offset=Point(3, 1), fill=WHITE)
    views = (View(0, Box(0, 0, 6, 4)), View(0, Box(4, 0, 10, 4), col=1))
    left, right = render(np.zeros((2, 4, 3), np.uint8), Plan(Grid(2, 1), (surface,), views), look)
    assert left[:, :, 0].tolist() == [[255] * 6, [255, 255, 255, 0, 0, 0], [255, 255, 255, 0, 0, 0], [255] * 6]
    assert np.array_equal(left, right[:, ::-1])


@pytest.mark.parametrize("kernel", get_args(Kernel))
def test_the_order_of_passes_is_a_choice(kernel: Kernel) -> None:
    """`pillow13` begins a tall picture's thumbnail with its rows, `vertical` surfaces do so under `pillow12`."""
    pixels = noise(300, 900)
    views = (overview(0, Size(448, 448)),)
    plan = Plan(Grid(1, 1), (Surface(Size(448, 448)),), views)
    mirrored = Plan(Grid(1, 1), (Surface(Size(448, 448), first_axis="vertical"),), views)
    assert np.array_equal(render(pixels, plan, Look(kernel, order="pillow13"))[0], rows_first(pixels, 448, 448))
    assert np.array_equal(render(pixels, mirrored, Look(kernel))[0], rows_first(pixels, 448, 448))


def test_float_surfaces_come_out_normalised() -> None:
    """Grey padding of a normalised surface is 0.0; of a unit surface it is black, and then normalised."""
    look = Look(mean=CLIP[0], std=CLIP[1])
    pixels = noise(8, 8)
    fills: dict[Space, float] = {"normalised": 0.0, "unit": -CLIP[0][0] / CLIP[1][0]}
    for space, fill in fills.items():
        surface = Surface(Size(4, 4), canvas=Size(6, 6), offset=Point(1, 1), filter="torch-bilinear", space=space)
        (view,) = render(pixels, Plan(Grid(1, 1), (surface,), (overview(0, Size(6, 6)),)), look)
        assert view.dtype == np.float32
        assert view[0, 0, 0] == pytest.approx(fill, abs=1e-6)
        expected = pixels[:2, :2, 0].mean() / 255
        assert view[1, 1, 0] == pytest.approx((expected - CLIP[0][0]) / CLIP[1][0], abs=1e-5)


def test_a_torch_filter_on_levels_is_rounded() -> None:
    """Molmo2 resizes floats and rounds them back to levels."""
    surface = Surface(Size(1, 1), filter="torch-bilinear")
    pixels = np.array([[[0, 0, 0], [1, 2, 255]]], np.uint8)
    (view,) = render(pixels, Plan(Grid(1, 1), (surface,), (overview(0, Size(1, 1)),)), Look())
    assert view.dtype == np.uint8
    assert view[0, 0].tolist() == [0, 1, 128]


@pytest.mark.parametrize("preset", PRESETS)
def test_views_have_the_sizes_of_their_boxes(preset: str) -> None:
    """Every preset's plan renders into views as large as it says."""
    plan = resolve(preset).plan(Size(333, 250))
    policy = PRESETS[preset].pixels
    views = render(noise(333, 250), plan, Look(mean=policy.mean, std=policy.std))
    assert [view.shape[1::-1] for view in views] == [(v.box.size.width, v.box.size.height) for v in plan.views]
