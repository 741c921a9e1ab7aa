"""Folders in TMPDIR that go with their process; those of a process that was killed go with a later one."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

from dynres_cli.storage.folders import is_alive

_NAME = re.compile(r"dynres-[a-z]+-([0-9a-f]{8})-(\d{1,10})-[^/]+")


@contextmanager
def scratch(use: str) -> Iterator[str]:
    """A new folder for as long as the block lasts."""
    folder = new_scratch(use)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_scratch(use: str) -> str:
    """A new folder, `dynres-USE-…`, which the caller removes; the first one of a process clears others' leftovers."""
    _once()
    return tempfile.mkdtemp(prefix=f"dynres-{use}-{_here()}-{os.getpid()}-")


def remove_leftovers() -> None:
    """Remove what killed processes of this user and this machine left behind, never anything else."""
    top = tempfile.gettempdir()
    with suppress(OSError):
        for name in os.listdir(top):
            match = _NAME.fullmatch(name)
            if match and match[1] == _here() and not is_alive(int(match[2])) and _is_own(os.path.join(top, name)):
                shutil.rmtree(os.path.join(top, name), ignore_errors=True)


def _is_own(path: str) -> bool:
    """Whether this is a folder of this user's, and no link to one."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


@cache
def _once() -> None:
    remove_leftovers()


@cache
def _here() -> str:
    """Where the number of a process means the same one: this machine, and this container on it."""
    try:
        numbers = os.readlink("/proc/self/ns/pid")
    except OSError:
        numbers = ""  # a system that has no containers of this kind
    return hashlib.sha256(f"{socket.gethostname()} {numbers}".encode()).hexdigest()[:8]
