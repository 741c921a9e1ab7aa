"""Folders below an output folder: opened without following links, checked, cleaned of an earlier run's leftovers."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from dynres_cli.errors import RunError
from dynres_cli.names import STATE
from dynres_cli.storage.calls import SYSTEM, Calls, classify

_TEMPORARY = re.compile(r"\.dynres-tmp-(\d{1,10})-[0-9a-f]{8}")

# Windows opens no folders: names are whole paths there, and links are looked for before use.
HAS_FOLDER_HANDLES = os.open in os.supports_dir_fd
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


def temporary_name() -> str:
    """A fresh name of the one pattern that this program removes: short, so that it fits where any name fits."""
    return f".dynres-tmp-{os.getpid()}-{secrets.token_hex(4)}"


def is_temporary(name: str) -> bool:
    """Whether a file of this name is one that a run wrote aside."""
    return _TEMPORARY.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Folder:
    """An open folder; `at` gives what the system's calls take for a name in it."""

    path: str
    handle: int | None
    is_new: bool = False

    def at(self, name: str) -> str:
        return name if self.handle is not None else os.path.join(self.path, name)

    def names(self) -> list[str]:
        return os.listdir(self.path if self.handle is None else self.handle)


@contextmanager
def open_folder(root: str, parts: tuple[str, ...], *, create: bool = False, calls: Calls = SYSTEM) -> Iterator[Folder]:
    """The folder `parts` below `root`, which itself may be a link; no link below it is followed.

    Raises OSError (ELOOP or ENOTDIR) where a link or a file stands in the way.
    """
    if not HAS_FOLDER_HANDLES:
        yield _folder_by_path(root, parts, create=create, calls=calls)
        return
    handle = os.open(root, _FOLDER)
    is_new = False
    try:
        for part in parts:
            is_new = create and _make(part, handle, calls)
            deeper = os.open(part, _FOLDER | NO_FOLLOW, dir_fd=handle)
            os.close(handle)
            handle = deeper
        yield Folder(os.path.join(root, *parts), handle, is_new)
    finally:
        os.close(handle)


def _make(name: str, handle: int | None, calls: Calls) -> bool:
    try:
        calls.make_folder(name, handle)
    except FileExistsError:
        return False
    return True


def _folder_by_path(root: str, parts: tuple[str, ...], *, create: bool, calls: Calls) -> Folder:
    path, is_new = root, False
    for part in parts:
        path = os.path.join(path, part)
        is_new = create and _make(path, None, calls)
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "a link or a file stands where a folder is needed", path)
    return Folder(path, None, is_new)


def check_writable(root: str, calls: Calls = SYSTEM) -> None:
    """Make sure that files can be written below `root`, which is made when missing."""
    parent = os.path.dirname(os.path.abspath(root))
    if os.path.lexists(root) and not os.path.isdir(root):
        message = f"{root}: is not a folder; name a new or an existing folder for the output"
        raise RunError(message, "output")
    if not os.path.isdir(parent):
        message = f"{root}: its parent folder {parent} does not exist; make it first"
        raise RunError(message, "output")
    try:
        with suppress(FileExistsError):
            calls.make_folder(root, None)
        probe = os.path.join(root, temporary_name())
        os.close(calls.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY | NO_FOLLOW, None))
        calls.remove(probe, None)
    except OSError as error:
        refusal = RunError(f"{root}: cannot be written to ({error.strerror}); choose another output folder", "output")
        raise classify(error, root) or refusal from error


def is_fresh(_root: str) -> bool:
    """Not known at once; looking for each picture's record costs nothing here."""
    return False


def free_bytes(root: str) -> int:
    """What this user may still write where `root` is, or will be."""
    place = os.path.abspath(root)
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    return shutil.disk_usage(place).free


def clean_folder(folder: Folder, *, all_dead: bool, calls: Calls = SYSTEM) -> int:
    """Remove what dead runs wrote aside in this folder, never another file; how many there were.

    `all_dead` says that the caller holds the lock and has started no worker yet, so that every such file is a leftover.
    """
    removed = 0
    for name in folder.names():
        match = _TEMPORARY.fullmatch(name)
        if match and (all_dead or not is_alive(int(match[1]))):
            with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
                calls.remove(folder.at(name), folder.handle)
                removed += 1
    return removed


def clean_tree(root: str) -> int:
    """Remove all leftovers below `root`, not following links, and count them.

    An output that lies within this one has a lock of its own, and maybe a run that is at work there.
    """
    removed = 0
    for path, folders, files in os.walk(root):
        if path != root and os.path.lexists(os.path.join(path, STATE, "lock")):
            folders.clear()
        elif any(is_temporary(name) for name in files):
            removed += clean_folder(Folder(path, None), all_dead=True)
    return removed


def is_alive(pid: int) -> bool:
    """Whether a process of this number runs here; True where the system cannot be asked harmlessly."""
    if sys.platform == "win32":
        return True  # os.kill(pid, 0) would send Ctrl-C there
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return not _is_unburied(pid)


def _is_unburied(pid: int) -> bool:
    """Whether nothing is left of a process but its exit status, which its parent may never ask for."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2].startswith(b"Z")
    except OSError:
        return False  # a system that does not tell
