"""Compiles the kernels into one piece of machine code that needs neither numba nor Python: `loading` runs it.

numba translates and optimises them; here they are bound together, inlined, and freed of what numba adds for functions
that raise exceptions, which these do not. Importing numba and linking its own cache takes most of a second in every
process, as long as tiling ten pictures does; this machine code is there in a few hundredths.
"""

from __future__ import annotations

import llvmlite.binding as llvm

from dynres_cli.kernels import compiled, filters, floats, restoring
from dynres_cli.kernels.entries import ENTRIES
from dynres_cli.kernels.loading import FROM_C, target_machine


def machine_code() -> bytes:
    """The object file with all ENTRIES under their own names; RuntimeError if it would need more than the C library."""
    machine = target_machine()
    whole = llvm.parse_assembly("")
    for name in ENTRIES:
        function = next(
            getattr(module, name) for module in (compiled, filters, floats, restoring) if hasattr(module, name)
        )
        whole.link_in(_bare(function.inspect_llvm(), function.native_name, name))
    _optimise(whole, machine)
    missing = {each.name for each in whole.functions if each.is_declaration and not each.name.startswith("llvm.")}
    if missing - set(FROM_C):
        msg = f"the compiled kernels need {', '.join(sorted(missing - set(FROM_C)))}, which is not in the C library"
        raise RuntimeError(msg)
    return bytes(machine.emit_object(whole))


def _bare(assembly: str, wrapper: str, name: str) -> llvm.ModuleRef:
    """One function's module in which only what C would call is to be seen, and all else is to become part of that."""
    module = llvm.parse_assembly(assembly)
    for function in module.functions:
        if function.name == wrapper:
            function.name = name
        elif not function.is_declaration:
            function.linkage = "internal"
            function.add_function_attribute("alwaysinline")
    for value in module.global_variables:
        if not value.is_declaration:
            value.linkage = "internal"
    return module


def _optimise(module: llvm.ModuleRef, machine: llvm.TargetMachine) -> None:
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)
