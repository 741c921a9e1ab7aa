"""The compiled float resizer equals the plain one bit for bit: any size and filter, alone or several at once."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynres_cli.geometry import Box, Grid, Plan, Point, Size, Space, Surface, View, overview
from dynres_cli.interpolate import Floats, Target, TorchFilter, fused, interpolate
from dynres_cli.kernels.interpolating import interpolate_all
from dynres_cli.needs import made_bytes, resampling_bytes
from dynres_cli.presets import PRESETS
from dynres_cli.recipe import resolve
from dynres_cli.render import Look, Picture, render
from dynres_cli.sinks.npy import Dtype
from dynres_cli.sinks.tree import Rendered, Writing, tensors
from tests.pictures import Pixels, noise

FILTERS: tuple[TorchFilter, ...] = get_args(TorchFilter)
FLOAT_PRESETS = ("molmo", "molmo2", "phi-3.5-vision", "phi-4-multimodal")
sides = st.one_of(st.integers(1, 20), st.integers(1, 300))
sizes = st.builds(Size, sides, sides)
targets = st.builds(Target, sizes, st.sampled_from(FILTERS))


def some_table(seed: int) -> Floats:
    """Floats of both signs and several magnitudes, others for each channel."""
    values = np.random.default_rng(seed).normal(0, 10.0 ** (seed % 5 - 2), (3, 256))
    return values.astype(np.float32)


def same_bits(ours: Picture, plain: Picture) -> bool:
    """Equal in type, shape and every bit, the sign of a zero too."""
    return ours.dtype == plain.dtype and ours.shape == plain.shape and ours.tobytes() == plain.tobytes()


def equal(pixels: Pixels, table: Floats, wanted: list[Target]) -> bool:
    """Whether the compiled code gives what NumPy gives for every target."""

    def floats(rows: Pixels) -> Floats:
        return np.stack([table[channel][rows[:, :, channel]] for channel in range(3)], axis=2)

    plain = [interpolate(pixels, each.size, each.kind, floats) for each in wanted]
    return all(map(same_bits, interpolate_all(pixels, table, wanted), plain))


@given(sizes, st.lists(targets, min_size=1, max_size=3), st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_equals_the_plain_way_at_any_size(size: Size, wanted: list[Target], seed: int) -> None:
    """One to three targets from one sweep, each by its own filter, larger and smaller."""
    assert equal(noise(size.width, size.height, seed), some_table(seed), wanted)


@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize(
    ("source", "target"),
    [
        pytest.param(Size(1, 1), Size(30, 40), id="one pixel"),
        pytest.param(Size(1, 700), Size(336, 336), id="one column"),
        pytest.param(Size(700, 1), Size(336, 336), id="one row"),
        pytest.param(Size(700, 500), Size(1, 1), id="to one pixel"),
        pytest.param(Size(50, 40), Size(5, 17), id="a row one value short of a vector"),
        pytest.param(Size(65, 17), Size(65, 17), id="the same size"),
        pytest.param(Size(64, 16), Size(64, 40), id="the same width"),
        pytest.param(Size(64, 16), Size(20, 16), id="the same height"),
        pytest.param(Size(5003, 3), Size(7, 300), id="seven hundred to one across"),
        pytest.param(Size(3, 5003), Size(300, 7), id="seven hundred to one down"),
    ],
)
def test_equals_the_plain_way_at_the_extremes(source: Size, target: Size, kind: TorchFilter) -> None:
    """Shapes where a band, a block or a vector ends at an odd place."""
    assert equal(noise(source.width, source.height, 3), some_table(2), [Target(target, kind)])


@given(st.sampled_from(FLOAT_PRESETS), st.builds(Size, st.integers(60, 900), st.integers(60, 900)))
@settings(max_examples=12, deadline=None)
def test_presets_on_floats_give_the_same_views_either_way(preset: str, size: Size) -> None:
    """Padding, clipping, rounding to levels and normalising included, as the model's tensor takes them."""
    recipe = resolve(preset)
    pixels, plan, policy = noise(size.width, size.height, 5), recipe.plan(size), recipe.pixels
    compiled, plain = (
        render(pixels, plan, Look(kernel, "pillow12", policy.mean, policy.std)) for kernel in ("numba", "pillow")
    )
    assert len(compiled) == len(plain) == plan.total
    assert all(map(same_bits, compiled, plain))


def test_every_preset_on_floats_is_compared() -> None:
    """Which presets resample floats is read from their plans."""
    plans = {name: resolve(name).plan(Size(900, 700)) for name in PRESETS}
    on_floats = {name for name, plan in plans.items() if any("torch" in each.filter for each in plan.surfaces)}
    assert on_floats == set(FLOAT_PRESETS)


@given(st.sampled_from(FILTERS), st.sampled_from(get_args(Space)), st.data())
@settings(max_examples=40, deadline=None)
def test_any_region_space_and_overlap_come_out_the_same(kind: TorchFilter, space: Space, data: st.DataObject) -> None:
    """A cut of the picture, placed on a canvas, made smaller once more, seen in two overlapping boxes."""
    left, top = data.draw(st.integers(0, 40)), data.draw(st.integers(0, 30))
    large, small = data.draw(st.builds(Size, st.integers(5, 90), st.integers(5, 90))), Size(11, 7)
    canvas = Size(large.width + 4, large.height + 6)
    surfaces = (
        Surface(large, None, Box(left, top, 60, 50), canvas, Point(3, 1), filter=kind, space=space),
        Surface(small, of=0, filter=kind, space=space),
    )
    boxes = (Box(0, 0, canvas.width - 2, canvas.height), Box(2, 0, canvas.width, canvas.height))
    plan = Plan(Grid(2, 1), surfaces, (overview(1, small), *(View(0, box, col=col) for col, box in enumerate(boxes))))
    looks = [Look(kernel, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4)) for kernel in ("numba", "pillow")]
    compiled, plain = (render(noise(61, 53, 1), plan, look) for look in looks)
    assert all(map(same_bits, compiled, plain))


@pytest.mark.parametrize(
    "dtype", [*(pytest.param(name, marks=pytest.mark.slow) for name in ("float32", "float16")), "bfloat16"]
)
@pytest.mark.parametrize("preset", [*FLOAT_PRESETS, "ovis2"])
def test_floats_take_no_more_memory_than_is_asked_for(preset: str, dtype: Dtype) -> None:
    """What a picture of four megapixels takes beside its pixels is within what a run reserves for it."""
    size, recipe = Size(2400, 1600), resolve(preset)
    pixels, plan, policy = noise(size.width, size.height), recipe.plan(size), recipe.pixels
    tracemalloc.start()
    try:
        views = render(pixels, plan, Look("pillow", "pillow12", policy.mean, policy.std))
        list(tensors(Rendered("a", size, plan, views), policy, dtype, equal=recipe.strategy.equal_views))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < resampling_bytes(size, plan) + made_bytes(plan, Writing(dtype=dtype))


def test_a_result_is_not_overwritten_by_the_next() -> None:
    """Buffers are used again, results never are, narrow ones included."""
    wanted = [Target(Size(60, 50), "torch-bilinear"), Target(Size(2, 9), "torch-bicubic")]
    made = interpolate_all(noise(90, 80, 1), some_table(1), wanted)
    before = [each.copy() for each in made]
    interpolate_all(noise(90, 80, 2), some_table(2), wanted)
    assert all(map(same_bits, made, before))


small_floats = st.floats(-(2.0**20), 2.0**20, width=32).filter(lambda value: value == 0 or abs(value) > 2.0**-40)


@given(small_floats, small_floats, small_floats)
@settings(max_examples=300, deadline=None)
def test_a_sum_is_rounded_once(x: float, y: float, z: float) -> None:
    """No float32 lies nearer to x·y + z than the one that is given."""
    assert_nearest(x, y, z)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("x", "y", "z", "expected"),
    [
        pytest.param(1 + 2.0**-20, 1 - 2.0**-20, 1 + 2.0**-23, 1 + 2.0**-23, id="just below the middle"),
        pytest.param(1 + 2.0**-12, 1 - 2.0**-12 + 2.0**-24, 1, 1 + 2.0**-23, id="just above the middle"),
        pytest.param(1, 1, 1, 1, id="in the middle"),
        pytest.param(1, 1, 1 + 2.0**-23, 1 + 2.0**-22, id="in the middle of an odd one and the next"),
    ],
)
def test_a_sum_beside_the_middle_of_two_floats_goes_to_its_own_side(
    x: float, y: float, z: float, expected: float, sign: int
) -> None:
    """As a double z + x·y·2⁻²⁴ is the middle of two float32 in every case; rounded again it would go either way."""
    x, y, z = sign * x * 2.0**-12, y * 2.0**-12, sign * z
    assert float(fused_alone(x, y, z)) == sign * expected
    assert_nearest(x, y, z)


def fused_alone(x: float, y: float, z: float) -> np.float32:
    """x·y + z for three numbers that float32 holds."""
    factor, other, added = (np.array([value], np.float32) for value in (x, y, z))
    only: np.float32 = fused(factor, other, added)[0]
    return only


def assert_nearest(x: float, y: float, z: float) -> None:
    """The given float32 is as near as its neighbours, and of two as near the even one."""
    given = fused_alone(x, y, z)
    exact = Fraction(x) * Fraction(y) + Fraction(z)
    for side in (-np.inf, np.inf):
        other = np.nextafter(given, np.float32(side))
        mine, others = abs(Fraction(float(given)) - exact), abs(Fraction(float(other)) - exact)
        assert mine < others or (mine == others and not given.view(np.uint32) & 1)
