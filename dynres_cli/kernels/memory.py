"""Reading and writing at plain addresses: what compiled code has in place of arrays, so that it needs no runtime."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from dynres_cli.kernels.vectors import BYTE, INT, LONG, Lowering, load, store

DOUBLE = ir.DoubleType()


def _reader(stored: ir.Type, given: types.Type, widen: Any) -> Any:
    """An operation that reads a value of a kind at an address."""

    @intrinsic
    def read(_typing: Any, _address: Any) -> Lowering:
        def lower(_context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> ir.Value:
            return widen(build, load(build, arguments[0], stored))

        return given(types.intp), lower

    return read


def _writer(taken: types.Type, narrow: Any) -> Any:
    """An operation that writes a value of a kind to an address."""

    @intrinsic
    def write(_typing: Any, _address: Any, _value: Any) -> Lowering:
        def lower(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> ir.Value:
            store(build, narrow(build, arguments[1]), arguments[0])
            return context.get_dummy_value()

        return types.void(types.intp, taken), lower

    return write


byte = _reader(BYTE, types.intp, lambda build, value: build.zext(value, LONG))
number = _reader(INT, types.intp, lambda build, value: build.sext(value, LONG))
double = _reader(DOUBLE, types.float64, lambda _build, value: value)
put_byte = _writer(types.intp, lambda build, value: build.trunc(value, BYTE))
put_number = _writer(types.intp, lambda build, value: build.trunc(value, INT))
put_double = _writer(types.float64, lambda _build, value: value)
"""`byte` is a uint8, `number` an int32, `double` a float64."""
