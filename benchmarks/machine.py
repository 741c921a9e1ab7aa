"""What the figures were measured on: processor, Pillow build and versions; nothing that names a machine or a path."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from PIL import features
from reference import SIDE

PACKAGES = ("dynres", "pillow", "numpy", "numba", "isal", "simplejpeg")
PILLOW_PARTS = ("libjpeg_turbo", "zlib", "zlib_ng", "webp", "avif")


def processor() -> str:
    """The processor's own name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def instructions() -> str:
    """The widest vectors that the processor has, where Linux tells."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return "unknown"
    return next((name for name in ("avx512f", "avx2", "asimd", "sse4_2") if name in flags), "unknown")


def describe() -> dict[str, str]:
    """The machine and the software, as words."""
    return {
        "processor": f"{processor()}, {os.cpu_count()} cores, {instructions()}",
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": ", ".join(f"{name} {found}" for name in PACKAGES if (found := installed(name))),
        "Pillow build": ", ".join(f"{name} {found}" for name in PILLOW_PARTS if (found := built_with(name))),
        "tile": f"{SIDE} × {SIDE}, InternVL with at most 12 tiles",
    }


def when_and_where() -> dict[str, Any]:
    """The day and the machine, as readings are kept with."""
    return {"date": time.strftime("%Y-%m-%d", time.gmtime()), "machine": describe()}


def installed(package: str) -> str:
    """A package's version, or nothing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def built_with(part: str) -> str:
    """The version of a library inside Pillow, or nothing."""
    known = {**features.modules, **features.features, **features.codecs}
    return str(features.version(part) or "") if part in known else ""
