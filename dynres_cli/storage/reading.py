"""Reading below an output folder by the paths that a manifest names: never outside it, never through a link."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from dynres_cli.errors import Unsound
from dynres_cli.storage.folders import NO_FOLLOW, open_folder
from dynres_cli.storage.paths import safe_parts

# A FIFO planted under a file's name would block open() for ever.
_READ = (
    os.O_RDONLY | NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)


@contextmanager
def open_below(root: str, path: str) -> Iterator[int]:
    """An open handle of a regular file, reached through no link."""
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
    """The bytes of a file, if there are not too many."""
    with open_below(root, path) as handle:
        size = os.fstat(handle).st_size
        if size > limit:
            message = f"{path}: has {size:,} bytes, at most {limit:,} are read; remove it and run again"
            raise Unsound(message, "too_large")
        chunks = []
        while chunk := os.read(handle, min(limit + 1, 1 << 20)):
            chunks.append(chunk)
        return b"".join(chunks)


def start_below(root: str, path: str, most: int) -> bytes:
    """The first bytes of a file, if there is one that may be read."""
    try:
        with open_below(root, path) as handle:
            return os.read(handle, most)
    except (OSError, Unsound):
        return b""


def stat_below(root: str, path: str) -> os.stat_result | None:
    """What the file system says of a file, or of the link that stands there."""
    *folders, name = safe_parts(path)
    try:
        with open_folder(root, tuple(folders)) as folder:
            return os.stat(folder.at(name), dir_fd=folder.handle, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


def sizes_below(root: str, folder: str, names: Iterable[str]) -> dict[str, int]:
    """The sizes of those files of a folder that are there and plain."""
    found = {name: stat_below(root, f"{folder}/{name}" if folder else name) for name in names}
    return {name: each.st_size for name, each in found.items() if each and stat.S_ISREG(each.st_mode)}


def listed_below(root: str, folder: str) -> tuple[list[str], list[str]]:
    """The names of the files and of the folders in a folder, links among the files."""
    files: list[str] = []
    folders: list[str] = []
    with (
        open_folder(root, safe_parts(folder) if folder else ()) as opened,
        os.scandir(opened.path if opened.handle is None else opened.handle) as entries,
    ):
        for entry in entries:
            (folders if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
    return sorted(files), sorted(folders)
