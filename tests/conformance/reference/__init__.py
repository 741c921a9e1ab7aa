"""One file a family: the reference processor, run as its authors ship it. Nothing here imports dynres_cli."""

from __future__ import annotations

import importlib
import pkgutil

from tests.conformance.reference.contract import Reference

SHARED = ("contract", "processors")


def load_references() -> dict[str, Reference]:
    """Every preset that some file of this folder gives a reference for."""
    found: dict[str, Reference] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name not in SHARED:
            presets: dict[str, Reference] = importlib.import_module(f"{__name__}.{module.name}").PRESETS
            doubled = found.keys() & presets.keys()
            if doubled:
                msg = f"{module.name}.py gives a second reference for {sorted(doubled)}"
                raise ValueError(msg)
            found.update(presets)
    return found
