"""Files below an output folder: written whole or not at all, read without leaving it, one run at a time.

`Writer` and the functions of `below` are what others call; `disk` and `remote` are the two backends that do it.
"""

from __future__ import annotations

from dynres_cli.storage.below import (
    check_writable,
    clean_tree,
    free_bytes,
    is_fresh,
    listed_below,
    lock,
    open_below,
    read_below,
    sizes_below,
    start_below,
    stat_below,
)
from dynres_cli.storage.calls import SYSTEM, Calls, classify
from dynres_cli.storage.folders import is_temporary, open_folder, temporary_name
from dynres_cli.storage.held import Held
from dynres_cli.storage.paths import safe_parts
from dynres_cli.storage.scratch import new_scratch, scratch
from dynres_cli.storage.writer import NewFile, Writer

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
    "new_scratch",
    "open_below",
    "open_folder",
    "read_below",
    "safe_parts",
    "scratch",
    "sizes_below",
    "start_below",
    "stat_below",
    "temporary_name",
]
