"""Reading below an output folder by the paths that a manifest names: never outside it, never through a link."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dynres_cli.errors import Unsound
from dynres_cli.storage.folders import NO_FOLLOW, open_folder
from dynres_cli.urls import is_url

if TYPE_CHECKING:
    from dynres_cli.storage.objects import Found

# A FIFO planted under a file's name would block open() for ever.
_READ = (
    os.O_RDONLY | NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
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


@contextmanager
def open_below(root: str, path: str) -> Iterator[int]:
    """An open handle of the regular file `path` below `root`.

    Raises RunError `unsafe_path` where the path, a link on its way or a special file could lead elsewhere, and OSError
    as open() does (FileNotFoundError and the like).
    """
    if is_url(root):
        from dynres_cli.storage import objects  # noqa: PLC0415 - only for object stores

        with objects.open_below(root, path) as handle:
            yield handle
        return
    *folders, name = safe_parts(path)
    try:
        with open_folder(root, tuple(folders)) as folder:
            if NO_FOLLOW == 0 and os.path.islink(folder.at(name)):
                raise _not_plain(path)
            handle = os.open(folder.at(name), _READ, dir_fd=folder.handle)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.ENXIO}:
            raise _not_plain(path) from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _not_plain(path)
        yield handle
    finally:
        os.close(handle)


def _not_plain(path: str) -> Unsound:
    return Unsound(f"{path}: a link or a special file stands on this path; remove it and run again", "unsafe_path")


def read_below(root: str, path: str, limit: int) -> bytes:
    """The bytes of the file `path` below `root`; RunError `too_large` above `limit`."""
    if is_url(root):
        from dynres_cli.storage import objects  # noqa: PLC0415 - only for object stores

        return objects.read_below(root, path, limit)
    with open_below(root, path) as handle:
        size = os.fstat(handle).st_size
        if size > limit:
            message = f"{path}: has {size:,} bytes, at most {limit:,} are read; remove it and run again"
            raise Unsound(message, "too_large")
        chunks = []
        while chunk := os.read(handle, min(limit + 1, 1 << 20)):
            chunks.append(chunk)
        return b"".join(chunks)


def stat_below(root: str, path: str) -> os.stat_result | Found | None:
    """What the file system says of `path` itself, links not followed; None when there is no such file."""
    if is_url(root):
        from dynres_cli.storage import objects  # noqa: PLC0415 - only for object stores

        return objects.stat_below(root, path)
    *folders, name = safe_parts(path)
    try:
        with open_folder(root, tuple(folders)) as folder:
            return os.stat(folder.at(name), dir_fd=folder.handle, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


def sizes_below(root: str, folder: str, names: Iterable[str]) -> dict[str, int]:
    """The sizes of those files of a folder that are there and plain; an object store is asked once for all of them."""
    if is_url(root):
        from dynres_cli.storage import objects  # noqa: PLC0415 - only for object stores

        there, _folders = objects.listed_below(root, folder)
        return {name: there[name] for name in names if name in there}
    found = {name: stat_below(root, f"{folder}/{name}" if folder else name) for name in names}
    return {name: each.st_size for name, each in found.items() if each and stat.S_ISREG(each.st_mode)}


def listed_below(root: str, folder: str) -> tuple[list[str], list[str]]:
    """The names of what is in a folder below `root`, folders apart, each list sorted; links are named, not followed."""
    if is_url(root):
        from dynres_cli.storage import objects  # noqa: PLC0415 - only for object stores

        there, below = objects.listed_below(root, folder)
        return sorted(there), sorted(below)
    files: list[str] = []
    folders: list[str] = []
    with (
        open_folder(root, safe_parts(folder) if folder else ()) as opened,
        os.scandir(opened.path if opened.handle is None else opened.handle) as entries,
    ):
        for entry in entries:
            (folders if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
    return sorted(files), sorted(folders)
