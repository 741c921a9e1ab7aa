"""The two machine operations that the resizer is made of, as LLVM's vectors: as wide as any processor has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 32
"""How many neighbouring bytes are weighed at once; 32 sums of 32 bits fit the registers of AVX2 and NEON."""

PRECISION = 22
"""Bits after the point of a weight, as in Pillow."""

BYTE, INT, LONG = ir.IntType(8), ir.IntType(32), ir.IntType(64)
BYTES, INTS = ir.VectorType(BYTE, LANES), ir.VectorType(INT, LANES)
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


def _spread(build: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """One number in every lane."""
    nothing = ir.Constant(INTS, ir.Undefined)
    one = build.insert_element(nothing, value, ir.Constant(INT, 0))
    return build.shuffle_vector(one, nothing, _all(0))


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
        before = build.block
        loop, after = build.append_basic_block("tap"), build.append_basic_block("weighed")
        build.branch(loop)
        build.position_at_end(loop)
        tap, sums = build.phi(LONG), build.phi(INTS)
        levels = build.zext(load(build, build.add(source, build.mul(tap, stride)), BYTES), INTS)
        weight = load(build, build.add(weights, build.mul(tap, LONG(4))), INT)
        added = build.add(sums, build.mul(levels, _spread(build, weight)))
        following = build.add(tap, LONG(1))
        build.cbranch(build.icmp_signed("<", following, count), loop, after)
        for value, first, again in ((tap, LONG(0), following), (sums, _all(1 << PRECISION - 1), added)):
            value.add_incoming(first, before)
            value.add_incoming(again, loop)
        build.position_at_end(after)
        store(build, _clamped(build, added), to)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), lower
