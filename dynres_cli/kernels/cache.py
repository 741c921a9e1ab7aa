"""Where compiled kernels are kept, and whether they are there: questions that must not cost the import of numba."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_HERE = Path(__file__).parent
_SOURCES = ("compiled.py", "filters.py", "rows.py", "vectors.py")
_COMPILERS = ("numba", "llvmlite")
_MARK = "ready"


def kernels_ready() -> bool:
    """Whether the kernels were compiled before by this very Python, compiler and processor."""
    place = folder()
    return place is not None and (place / _MARK).exists()


def compile_kernels() -> bool:
    """Compile the kernels for every later process; False where no folder can be written, so that nothing is kept."""
    place = folder()
    if place is None:
        return False
    if not kernels_ready():
        from dynres_cli.kernels import driver  # noqa: PLC0415 - numba is loaded here and not before

        driver.load()
        driver.load_filters()
        (place / _MARK).touch()
    return True


@cache
def folder() -> Path | None:
    """The folder of these very kernels, made if needed; None where none can be written.

    `NUMBA_CACHE_DIR` moves it, as it moves numba's own. The name holds whatever decides what the compiler writes.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        root = Path(given) if given else Path(home) if home else Path.home() / ".cache"
        place = root / "dynres" / _fingerprint()
        place.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return place if os.access(place, os.W_OK) else None


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{sys.version}\n{_processor()}\n".encode())
    for name in _SOURCES:
        digest.update((_HERE / name).read_bytes())
    for name in _COMPILERS:
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            digest.update((Path(spec.origin).parent / "_version.py").read_bytes())
    return f"kernels-{digest.hexdigest()[:16]}"


def _processor() -> str:
    """Its name and abilities: code compiled for one processor may not run on another."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            lines = file.read(8192).splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    return "\n".join(line for line in lines[:40] if line.startswith(("model name", "flags", "Features", "CPU part")))
