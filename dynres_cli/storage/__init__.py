"""Files below an output folder: written whole or not at all, read without leaving it, one run at a time."""

from __future__ import annotations

from dynres_cli.storage.calls import SYSTEM, Calls, classify
from dynres_cli.storage.folders import check_writable, clean_tree, free_bytes, is_fresh, is_temporary, open_folder
from dynres_cli.storage.lock import Held, lock
from dynres_cli.storage.reading import listed_below, open_below, read_below, safe_parts, sizes_below, stat_below
from dynres_cli.storage.writing import NewFile, Writer

__all__ = [
    "SYSTEM",
    "Calls",
    "Held",
    "NewFile",
    "Writer",
    "check_writable",
    "classify",
    "clean_tree",
    "free_bytes",
    "is_fresh",
    "is_temporary",
    "listed_below",
    "lock",
    "open_below",
    "open_folder",
    "read_below",
    "safe_parts",
    "sizes_below",
    "stat_below",
]
