"""An output in an object store."""

from __future__ import annotations

from dynres_cli.storage.leases import lock
from dynres_cli.storage.objects import (
    begin,
    check_writable,
    clean_tree,
    free_bytes,
    is_fresh,
    listed_below,
    open_below,
    read_below,
    remove,
    remove_folder,
    settle,
    sizes_below,
    start_below,
    stat_below,
)

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
