"""Makes functions out of machine code that `building` has made, with LLVM's linker alone."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm

from dynres_cli.kernels.entries import ENTRIES

FROM_C = ("sin", "fmaf", "memcpy", "memmove", "memset")
"""What machine code may ask of the C library."""

KINDS: dict[str, Any] = {"n": ctypes.c_ssize_t, "d": ctypes.c_double}


@dataclass(frozen=True, slots=True)
class Kernels:
    """The functions by name, and the engine that owns their memory. They let other threads of Python run meanwhile."""

    functions: dict[str, Callable[..., int]]
    owner: llvm.ExecutionEngine


def target_machine() -> llvm.TargetMachine:
    """Code for this very processor."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    abilities = llvm.get_host_cpu_features().flatten()
    name = llvm.get_host_cpu_name()
    return target.create_target_machine(cpu=name, features=abilities, opt=3, codemodel="jitdefault", jit=True)


def load(code: bytes) -> Kernels:
    """The functions in an object file, which has to be whole: LLVM trusts it, so `kept_code` has checked its digest."""
    library = ctypes.cdll.LoadLibrary("ucrtbase") if sys.platform == "win32" else ctypes.CDLL(None)
    for name in FROM_C:
        llvm.add_symbol(name, ctypes.cast(getattr(library, name), ctypes.c_void_p).value)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Kernels({name: _function(engine, name) for name in ENTRIES}, engine)


def _function(engine: llvm.ExecutionEngine, name: str) -> Callable[..., int]:
    kinds = [KINDS[letter] for letter in ENTRIES[name]]
    return ctypes.CFUNCTYPE(ctypes.c_ssize_t, *kinds)(engine.get_function_address(name))
