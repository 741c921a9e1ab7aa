"""Where compiled kernels are kept, and whether they are there: questions that must not cost the import of numba."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import threading
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_HERE = Path(__file__).parent
_SOURCES = (
    *("building.py", "compiled.py", "entries.py", "filters.py", "floats.py", "loading.py"),
    *("memory.py", "native.py", "restoring.py", "rows.py", "shape.py", "vectors.py"),
)
_COMPILERS = ("numba", "llvmlite")
_CODE = "kernels.o"
_DIGEST = hashlib.sha256().digest_size


WORTH_COMPILING = 16
"""From so many pictures on the kernels are compiled where no earlier run has done it; whoever makes so many makes more.

That takes some ten seconds, once on a machine: this run waits for them, and every later one is faster from its first
picture on, for what is compiled is loaded in less time than Pillow takes to resize one.
"""


_COMPILING = threading.Lock()


def kernels_ready() -> bool:
    """Whether the kernels were compiled before by this very Python, compiler and processor.

    Never in a process that was forked while another thread compiled: LLVM's locks stay held in it.
    """
    return not _COMPILING.locked() and _are_kept()


def _are_kept() -> bool:
    place = _place()
    return place is not None and os.access(place / _CODE, os.R_OK)


def compile_kernels() -> bool:
    """Compile the kernels, for this process and every later one: some ten seconds, once on a machine.

    False where that is not possible, and pictures are made by Pillow, slower and to the same values: no folder can be
    written (NUMBA_CACHE_DIR names one), numba cannot be imported, or NUMBA_DISABLE_JIT switches it off.
    """
    with _COMPILING:
        return _compiled()


def compile_unless_another_does() -> bool:
    """The same, but False at once while another thread compiles: this one has a picture to make.

    So it is in a process that was forked meanwhile, too, where that thread does not exist and its locks stay held.
    """
    if not _COMPILING.acquire(blocking=False):
        return False
    try:
        return _compiled()
    finally:
        _COMPILING.release()


def _compiled() -> bool:
    if not _are_kept() and (folder() is None or not has_compiler()):
        return False
    kept_code()
    return True


@cache
def has_compiler() -> bool:
    """Whether numba can be imported, which is what asking for it does, and is not switched off by NUMBA_DISABLE_JIT.

    Beside a NumPy that is newer than it knows it is installed, and refuses to be imported.
    """
    try:
        from numba import config  # noqa: PLC0415 - as in `kept_code`
    except (ImportError, OSError):
        return False
    return not config.DISABLE_JIT


def kept_code() -> bytes:
    """The kernels' machine code: as it was kept, or compiled now and kept if there is a place for it."""
    found = _place()
    kept = _whole(found / _CODE) if found is not None else None
    if kept is not None:
        return kept
    from dynres_cli.kernels.building import machine_code  # noqa: PLC0415 - numba is loaded here and nowhere else

    code, place = machine_code(), folder()
    if place is not None:
        _keep(place / _CODE, code)
    return code


def _whole(file: Path) -> bytes | None:
    """The code in a file whose digest is right: LLVM ends the process over a damaged one."""
    try:
        data = file.read_bytes()
    except OSError:
        return None
    code = data[_DIGEST:]
    return code if hashlib.sha256(code).digest() == data[:_DIGEST] else None


def _keep(file: Path, code: bytes) -> None:
    """Write the code aside and rename it, for other processes may be about to read or write it too."""
    aside = file.with_name(f"{_CODE}.{os.getpid()}")
    with suppress(OSError):
        aside.write_bytes(hashlib.sha256(code).digest() + code)
        aside.replace(file)


@cache
def folder() -> Path | None:
    """The folder to keep these very kernels in, made if needed; None where none can be written."""
    place = _place()
    try:
        if place is not None:
            place.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return place if place is not None and os.access(place, os.W_OK) else None


@cache
def _place() -> Path | None:
    """Where these very kernels are kept, if they are; it may be for reading only, as in the image of a container.

    `NUMBA_CACHE_DIR` moves it, as it moves what numba itself keeps. The name holds whatever decides what the compiler
    writes.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        root = Path(given) if given else Path(home) if home else Path.home() / ".cache"
        return root / "dynres" / _fingerprint()
    except (OSError, RuntimeError):
        return None


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
