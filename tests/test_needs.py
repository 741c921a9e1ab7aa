"""What a picture is said to need is what it takes: no less, and no more where it is known to the byte."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import get_args

import pytest

from dynres_cli.geometry import Size
from dynres_cli.needs import made_bytes, resampling_bytes, tensor_bytes
from dynres_cli.peaks import DECODING_ROOM, LEVELS
from dynres_cli.recipe import resolve
from dynres_cli.render import Look, render
from dynres_cli.sinks import tree
from dynres_cli.sinks.npy import Dtype
from dynres_cli.sinks.tree import Rendered, Writing
from tests.pictures import noise

SMALL_THINGS = 64 << 10
"""Bytes of headers, of an alignment to pages and of Python itself."""


def most_taken(work: Callable[[], object]) -> int:
    """The peak of the memory that a piece of work takes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", get_args(Dtype))
@pytest.mark.parametrize("preset", ["internvl2", "minicpm-v-2.6"])
def test_a_tensor_takes_what_its_type_needs(preset: str, dtype: Dtype) -> None:
    """Guarantee 15: views of one size or of several, in every type, beside the views themselves."""
    size, recipe = Size(1280, 960), resolve(preset)
    plan = recipe.plan(size)
    views = render(noise(size.width, size.height), plan, Look())
    rendered = Rendered("a", size, plan, views)
    made = list(tree.tensors(rendered, recipe.pixels, dtype, equal=recipe.strategy.equal_views))  # tables are cached

    def tensors() -> list[tree.Encoded]:
        return list(tree.tensors(rendered, recipe.pixels, dtype, equal=recipe.strategy.equal_views))

    stated = tensor_bytes(plan, Writing(dtype=dtype))
    assert 0.8 * stated < most_taken(tensors) < stated + SMALL_THINGS * len(made)


def test_a_tensor_of_bytes_needs_a_quarter_of_one_of_floats() -> None:
    """Twelve tiles and an overview: 7.8 million values; the rest of the need is the same."""
    plan = resolve("internvl2").plan(Size(1280, 960))
    values = 3 * 448 * 448 * plan.total
    floats, levels = (made_bytes(plan, Writing(dtype=dtype)) for dtype in ("float32", "uint8"))
    assert floats - levels == 3 * values
    assert tensor_bytes(plan, Writing(tensor="none")) == 0


@pytest.mark.parametrize(
    ("size", "preset", "between"),
    [
        pytest.param(Size(1, 60_000), "internvl2", 3 * 60_000 * 2 * 448, id="a column, as wide as two tiles"),
        pytest.param(Size(3, 60_000), "llava-v1.6", 3 * 60_000 * 336, id="three columns, as wide as a tile"),
        pytest.param(Size(1_500_000, 1), "internvl2", 2 * 4 * 4 * 1_500_000, id="a row, its weights for two targets"),
    ],
)
def test_a_line_is_resized_in_what_is_stated(size: Size, preset: str, between: int) -> None:
    """Guarantee 15: such a PNG has some kilobytes; between its passes it is a thousand times larger than before."""
    recipe = resolve(preset)
    plan, pixels = recipe.plan(size), noise(size.width, size.height)
    render(noise(30, 20), resolve(preset).plan(Size(30, 20)), Look("numba"))  # the compiled code is there
    stated = resampling_bytes(size, plan) + made_bytes(plan, Writing())
    before = LEVELS * size.area + DECODING_ROOM
    taken = most_taken(lambda: render(pixels, plan, Look("numba")))
    assert between < taken < before + stated < 8 * taken


@pytest.mark.parametrize("preset", ["internvl2", "llava-v1.6", "idefics3-8b", "minicpm-v-2.6", "gemma3-pan-and-scan"])
@pytest.mark.parametrize("size", [Size(640, 480), Size(3000, 2000), Size(2000, 3000), Size(9000, 3000)], ids=str)
def test_a_photograph_is_resized_in_what_its_decoder_has_given_back(size: Size, preset: str) -> None:
    """Nothing is asked for twice: more would have pictures wait that there is room for."""
    assert resampling_bytes(size, resolve(preset).plan(size)) == 0


def test_the_weights_of_a_line_are_not_kept() -> None:
    """They would outlive their picture, of which alone the need was counted."""
    plan, look = resolve("internvl2").plan(Size(500_000, 1)), Look("numba")
    pixels = noise(500_000, 1)
    render(noise(30, 20), resolve("internvl2").plan(Size(30, 20)), look)
    tracemalloc.start()
    try:
        render(pixels, plan, look)
        assert tracemalloc.get_traced_memory()[0] < 1 << 20
    finally:
        tracemalloc.stop()
