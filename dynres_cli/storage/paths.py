"""The paths that a manifest or an archive names, which may lead nowhere but down."""

from __future__ import annotations

import os
import re

from dynres_cli.errors import Unsound

_BELOW_A_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def safe_parts(path: str) -> tuple[str, ...]:
    """The names in a relative path with `/` between them; RunError `unsafe_path` for whatever could lead elsewhere."""
    parts = tuple(path.split("/"))
    reason = _danger(path, parts)
    if reason:
        shown = path[:200].encode("unicode_escape", "backslashreplace").decode("ascii")
        message = f"the path '{shown}' {reason}; do not use a manifest whose origin you do not trust"
        raise Unsound(message, "unsafe_path")
    return parts if path.isascii() else tuple(map(native, parts))


def native(name: str) -> str:
    """A name that is UTF-8 by contract as the system's own, whatever the locale takes its names for."""
    return os.fsdecode(name.encode("utf-8", "surrogateescape"))


def _danger(path: str, parts: tuple[str, ...]) -> str:
    if "\0" in path:
        return "contains a NUL"
    if path.startswith("/") or _BELOW_A_DRIVE.match(path):
        return "is absolute"
    if any(part in {"", ".", ".."} for part in parts):
        return "is not a plain path below the folder"
    if os.name == "nt" and ("\\" in path or ":" in path):
        return "names a drive, a stream or a folder in Windows' way"
    return ""
