"""What a picture is said to need is what it takes: no less, and no more where it is known to the byte."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import get_args

import pytest

from dynres_cli.geometry import Size
from dynres_cli.needs import made_bytes, tensor_bytes
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
