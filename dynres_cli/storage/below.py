"""Below an output folder, by the paths that a manifest names: never outside it, never through a link."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from dynres_cli.storage.backend import backend_of
from dynres_cli.storage.held import Held

if TYPE_CHECKING:
    from dynres_cli.storage.objects import Found


def open_below(root: str, path: str) -> AbstractContextManager[int]:
    """An open handle of the regular file `path` below `root`; of a local copy where a store keeps it.

    Raises RunError `unsafe_path` where the path, a link on its way or a special file could lead elsewhere, and OSError
    as open() does (FileNotFoundError and the like).
    """
    return backend_of(root).open_below(root, path)


def read_below(root: str, path: str, limit: int) -> bytes:
    """The bytes of the file `path` below `root`; RunError `too_large` above `limit`."""
    return backend_of(root).read_below(root, path, limit)


def start_below(root: str, path: str, most: int) -> bytes:
    """The first bytes of a file, to tell whose it is; none where there is none, or no plain file that may be read."""
    return backend_of(root).start_below(root, path, most)


def stat_below(root: str, path: str) -> os.stat_result | Found | None:
    """What is known of the file `path` itself, links not followed; None when there is no such file."""
    return backend_of(root).stat_below(root, path)


def sizes_below(root: str, folder: str, names: Iterable[str]) -> dict[str, int]:
    """The sizes of those files of a folder that are there and plain; an object store is asked once for all of them."""
    return backend_of(root).sizes_below(root, folder, names)


def listed_below(root: str, folder: str) -> tuple[list[str], list[str]]:
    """The names of what is in a folder below `root`, folders apart, each list sorted; links are named, not followed."""
    return backend_of(root).listed_below(root, folder)


def check_writable(root: str) -> None:
    """Make sure, before anything is decoded, that files can be written below `root`; a folder is made when missing."""
    backend_of(root).check_writable(root)


def is_fresh(root: str) -> bool:
    """Whether nothing was made below `root` yet, known at once: of a folder on a disk it is not asked."""
    return backend_of(root).is_fresh(root)


def free_bytes(root: str) -> int:
    """What this user may still write where `root` is, or will be; an object store has no end."""
    return backend_of(root).free_bytes(root)


def clean_tree(root: str) -> int:
    """Remove all leftovers below `root`, and count them; for a run that holds the lock after one that died.

    Links are not followed. An object store has none: an upload that broke off never got a name.
    """
    return backend_of(root).clean_tree(root)


def lock(root: str) -> AbstractContextManager[Held]:
    """Hold OUT/.dynres/lock; RunError `lock_held`, naming the holder, while a living run has it."""
    return backend_of(root).lock(root)
