"""An output on a disk."""

from __future__ import annotations

from dynres_cli.storage.folders import check_writable, clean_tree, free_bytes, is_fresh
from dynres_cli.storage.lock import lock
from dynres_cli.storage.reading import listed_below, open_below, read_below, sizes_below, start_below, stat_below
from dynres_cli.storage.writing import begin, remove, remove_folder, settle

__all__ = [
    "begin",
    "check_writable",
    "clean_tree",
    "free_bytes",
    "is_fresh",
    "listed_below",
    "lock",
    "open_below",
    "read_below",
    "remove",
    "remove_folder",
    "settle",
    "sizes_below",
    "start_below",
    "stat_below",
]
