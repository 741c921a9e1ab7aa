"""How a function is given to numba: as one that C could call, or as a part of such a one."""

from __future__ import annotations

from typing import Any

from numba import cfunc, njit, types

from dynres_cli.kernels.entries import ENTRIES

KINDS = {"n": types.intp, "d": types.float64}

# Without Python's exceptions there is nothing in the machine code that would need Python.
part = njit(error_model="numpy")


def entry(function: Any) -> Any:
    """One of ENTRIES, compiled with the arguments that are listed there."""
    kinds = [KINDS[letter] for letter in ENTRIES[function.__name__]]
    return cfunc(types.intp(*kinds), error_model="numpy")(function)
