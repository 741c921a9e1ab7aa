"""dynres: the exact tiles, tensors and token counts that a vision-language model is fed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dynres_cli.api import load_image, pack, plan, tile_image, tokens
    from dynres_cli.errors import DynresError, ImageError, NotTileable, RunError, UsageError
    from dynres_cli.geometry import Box, Grid, Plan, Size, Surface, View
    from dynres_cli.kernels.cache import compile_kernels
    from dynres_cli.operations.opened import open_packed, open_run

__version__ = "0.1.0"

# Loaded on first use, so that `import dynres_cli` and `dynres --help` stay quick.
_HOMES = {
    "load_image": "api",
    "open_packed": "operations.opened",
    "open_run": "operations.opened",
    "pack": "api",
    "plan": "api",
    "tile_image": "api",
    "tokens": "api",
    "compile_kernels": "kernels.cache",
    "DynresError": "errors",
    "ImageError": "errors",
    "NotTileable": "errors",
    "RunError": "errors",
    "UsageError": "errors",
    "Box": "geometry",
    "Grid": "geometry",
    "Plan": "geometry",
    "Size": "geometry",
    "Surface": "geometry",
    "View": "geometry",
}

__all__ = [
    "Box",
    "DynresError",
    "Grid",
    "ImageError",
    "NotTileable",
    "Plan",
    "RunError",
    "Size",
    "Surface",
    "UsageError",
    "View",
    "__version__",
    "compile_kernels",
    "load_image",
    "open_packed",
    "open_run",
    "pack",
    "plan",
    "tile_image",
    "tokens",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
