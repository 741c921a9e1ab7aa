"""PNG's row filters as vectors: what is left of a row after a prediction, and how much that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from dynres_cli.kernels.vectors import BYTES, INT, INTS, LANES, LONG, Lowering, load, store, summed

SHORT = ir.IntType(16)
MOST = 256
"""Runs that are summed up at once: no byte leaves more than 128, so that their sums fit 16 bits."""
SHORTS = ir.VectorType(SHORT, LANES)
NOTHING = ir.Constant(SHORTS, [0] * LANES)
Predictor = Callable[[ir.IRBuilder, ir.Value, ir.Value, ir.Value], ir.Value]


def _each(like: ir.Value, number: int) -> ir.Constant:
    """A number in every lane."""
    return ir.Constant(like.type, [number] * like.type.count)


def _size(build: ir.IRBuilder, value: ir.Value) -> ir.Value:
    return build.select(build.icmp_signed("<", value, _each(value, 0)), build.neg(value), value)


def _nothing(_build: ir.IRBuilder, _left: ir.Value, _above: ir.Value, _corner: ir.Value) -> ir.Value:
    return NOTHING


def predict_left(_build: ir.IRBuilder, left: ir.Value, _above: ir.Value, _corner: ir.Value) -> ir.Value:
    """As the pixel before, which PNG calls `sub`."""
    return left


def _above_it(_build: ir.IRBuilder, _left: ir.Value, above: ir.Value, _corner: ir.Value) -> ir.Value:
    return above


def predict_average(build: ir.IRBuilder, left: ir.Value, above: ir.Value, _corner: ir.Value) -> ir.Value:
    """Half of left and above together, rounded down."""
    return build.lshr(build.add(left, above), _each(left, 1))


def predict_paeth(build: ir.IRBuilder, left: ir.Value, above: ir.Value, corner: ir.Value) -> ir.Value:
    """The neighbour nearest to left + above − corner; of equals left, then above."""
    rise, run = build.sub(above, corner), build.sub(left, corner)
    to_left, to_above, to_corner = _size(build, rise), _size(build, run), _size(build, build.add(rise, run))
    nearest = build.select(build.icmp_signed("<=", to_above, to_corner), above, corner)
    is_left = build.and_(
        build.icmp_signed("<=", to_left, to_above),
        build.icmp_signed("<=", to_left, to_corner),
    )
    return build.select(is_left, left, nearest)


def _residue(predict: Predictor) -> Any:
    """An operation on one to MOST runs of LANES bytes: it writes what is left and returns how much that is."""

    @intrinsic
    def residue(_typing: Any, _to: Any, _here: Any, _above: Any, _count: Any) -> Lowering:
        def lower(_context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> ir.Value:
            to, here, above, count = arguments

            def add(run: ir.Value, sums: ir.Value) -> ir.Value:
                at = build.mul(run, LONG(LANES))
                rest = _rest(build, predict, build.add(here, at), build.add(above, at))
                store(build, rest, build.add(to, at))
                return build.add(sums, build.zext(_least(build, rest), SHORTS))

            return build.zext(_total(build, summed(build, count, NOTHING, add)), LONG)

        return types.intp(*[types.intp] * 4), lower

    return residue


def _rest(build: ir.IRBuilder, predict: Predictor, here: ir.Value, above: ir.Value) -> ir.Value:
    """What a prediction leaves of LANES bytes."""
    places = (here, build.sub(here, LONG(3)), above, build.sub(above, LONG(3)))
    now, left, over, corner = (build.zext(load(build, place, BYTES), SHORTS) for place in places)
    return build.trunc(build.sub(now, predict(build, left, over, corner)), BYTES)


def _least(build: ir.IRBuilder, rest: ir.Value) -> ir.Value:
    """How much each byte is: it stands for a signed number, so 255 is as small as 1."""
    turned = build.neg(rest)
    return build.select(build.icmp_unsigned("<", rest, turned), rest, turned)


def _total(build: ir.IRBuilder, sums: ir.Value) -> ir.Value:
    """The sum of all lanes: one half added to the other, again and again."""
    sums = build.zext(sums, INTS)
    half = LANES // 2
    while half:
        upper = ir.Constant(ir.VectorType(INT, half), list(range(half, 2 * half)))
        lower = ir.Constant(ir.VectorType(INT, half), list(range(half)))
        sums = build.add(build.shuffle_vector(sums, sums, lower), build.shuffle_vector(sums, sums, upper))
        half //= 2
    return build.extract_element(sums, INT(0))


none, sub, up, average, paeth = (
    _residue(predict) for predict in (_nothing, predict_left, _above_it, predict_average, predict_paeth)
)
