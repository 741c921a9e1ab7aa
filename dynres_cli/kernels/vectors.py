"""The machine operations that the resizers are made of, as LLVM's vectors: as wide as any processor has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from dynres_cli.kernels.shape import FLOAT_LANES

LANES = 32
"""How many neighbouring bytes are weighed at once; 32 sums of 32 bits fit the registers of AVX2 and NEON."""

PRECISION = 22
"""Bits after the point of a weight, as in Pillow."""

BYTE, INT, LONG = ir.IntType(8), ir.IntType(32), ir.IntType(64)
BYTES, INTS = ir.VectorType(BYTE, LANES), ir.VectorType(INT, LANES)
FLOATS = ir.VectorType(ir.FloatType(), FLOAT_LANES)
Lowering = tuple[Any, Callable[..., Any]]


def load(build: ir.IRBuilder, address: ir.Value, kind: ir.Type) -> ir.Value:
    """What lies at an address of any alignment."""
    value = build.load(build.inttoptr(address, kind.as_pointer()))
    value.align = 1
    return value


def store(build: ir.IRBuilder, value: ir.Value, address: ir.Value) -> None:
    """Put a value at an address of any alignment."""
    build.store(value, build.inttoptr(address, value.type.as_pointer())).align = 1


def _all(number: int) -> ir.Constant:
    return ir.Constant(INTS, [number] * LANES)


def _spread(build: ir.IRBuilder, value: ir.Value, lanes: int) -> ir.Value:
    """One number in every lane."""
    nothing = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    one = build.insert_element(nothing, value, ir.Constant(INT, 0))
    return build.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(INT, lanes), [0] * lanes))


def summed(
    build: ir.IRBuilder, count: ir.Value, nothing: ir.Constant, add: Callable[[ir.Value, ir.Value], ir.Value]
) -> ir.Value:
    """Sums in registers over `count` turns, at least one: `add` is given each turn's number and the sums so far."""
    before = build.block
    loop, after = build.append_basic_block("turn"), build.append_basic_block("summed")
    build.branch(loop)
    build.position_at_end(loop)
    turn, sums = build.phi(LONG), build.phi(nothing.type)
    added = add(turn, sums)
    following = build.add(turn, LONG(1))
    build.cbranch(build.icmp_signed("<", following, count), loop, after)
    for value, first, again in ((turn, LONG(0), following), (sums, nothing, added)):
        value.add_incoming(first, before)
        value.add_incoming(again, loop)
    build.position_at_end(after)
    return added


def _clamped(build: ir.IRBuilder, sums: ir.Value) -> ir.Value:
    """Sums brought back to levels: shifted, held within 0 to 255, narrowed to bytes."""
    levels = build.ashr(sums, _all(PRECISION))
    levels = build.select(build.icmp_signed(">", levels, _all(0)), levels, _all(0))
    levels = build.select(build.icmp_signed("<", levels, _all(255)), levels, _all(255))
    return build.trunc(levels, BYTES)


def _mover(kind: ir.Type) -> Any:
    """An operation that copies what is as large as `kind` from one address to another."""

    @intrinsic
    def move(_typing: Any, _to: Any, _source: Any) -> Lowering:
        def lower(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> ir.Value:
            to, source = arguments
            store(build, load(build, source, kind), to)
            return context.get_dummy_value()

        return types.void(types.intp, types.intp), lower

    return move


move4, move_run = _mover(INT), _mover(BYTES)
"""`move4` copies a float, or a pixel with one byte that the next one overwrites; `move_run` copies LANES bytes."""


@intrinsic
def weigh(_typing: Any, _to: Any, _source: Any, _stride: Any, _weights: Any, _count: Any) -> Lowering:
    """Write the weighted sum of `count` runs of LANES bytes that lie `stride` apart; the sums stay in registers."""

    def lower(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> ir.Value:
        to, source, stride, weights, count = arguments

        def add(tap: ir.Value, sums: ir.Value) -> ir.Value:
            levels = build.zext(load(build, build.add(source, build.mul(tap, stride)), BYTES), INTS)
            weight = load(build, build.add(weights, build.mul(tap, LONG(4))), INT)
            return build.add(sums, build.mul(levels, _spread(build, weight, LANES)))

        store(build, _clamped(build, summed(build, count, _all(1 << PRECISION - 1), add)), to)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), lower


def _fused(build: ir.IRBuilder, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
    """x·y + z with one rounding, in every lane."""
    name = f"llvm.fma.v{FLOAT_LANES}f32"
    function = build.module.globals.get(name) or ir.Function(build.module, ir.FunctionType(FLOATS, [FLOATS] * 3), name)
    return build.call(function, (x, y, z))


@intrinsic
def weigh_floats(
    _typing: Any, _to: Any, _source: Any, _stride: Any, _places: Any, _weights: Any, _count: Any
) -> Lowering:
    """Write the weighted sum of `count` runs of FLOAT_LANES float32; `places` (int32) say how many strides in each is.

    Each product is added with one rounding: by the processor's fused multiply-add, or C's where it has none.
    """

    def lower(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> ir.Value:
        to, source, stride, places, weights, count = arguments

        def add(tap: ir.Value, sums: ir.Value) -> ir.Value:
            at = build.mul(tap, LONG(4))
            place = build.sext(load(build, build.add(places, at), INT), LONG)
            values = load(build, build.add(source, build.mul(place, stride)), FLOATS)
            weight = load(build, build.add(weights, at), FLOATS.element)
            return _fused(build, values, _spread(build, weight, FLOAT_LANES), sums)

        store(build, summed(build, count, ir.Constant(FLOATS, [0.0] * FLOAT_LANES), add), to)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 6), lower
