"""The lock of an output folder: one run at a time writes there, and a dead one never stands in the way."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dynres_cli.errors import RunError
from dynres_cli.names import STATE
from dynres_cli.storage.folders import NO_FOLLOW, is_alive, open_folder
from dynres_cli.storage.held import Held

_PATIENCE = 5.0
"""Seconds to wait for the workers of a holder that was killed: they inherit its lock and die right after it."""
_MOMENT = 0.5
"""Seconds to wait for any other holder: one that was killed just now is still there for an instant."""


@contextmanager
def lock(root: str) -> Iterator[Held]:
    """Hold OUT/.dynres/lock, which the system takes back when its holder dies."""
    try:
        with open_folder(root, (STATE,), create=True) as folder:
            flags = os.O_RDWR | os.O_CREAT | NO_FOLLOW | getattr(os, "O_CLOEXEC", 0)
            handle = os.open(folder.at("lock"), flags, 0o666, dir_fd=folder.handle)
    except OSError as error:
        message = f"{root}: its lock cannot be opened ({error.strerror}); is it dynres's own folder?"
        raise RunError(message, "output") from error
    try:
        _wait(handle, root)
        after_crash = bool(_holder(handle))
        _note(handle, f"{os.getpid()} {socket.gethostname()}\n")
        yield Held(after_crash)
        _note(handle, "")
    finally:
        os.close(handle)


def _wait(handle: int, root: str) -> None:
    started = time.monotonic()
    while not _try(handle, root):
        holder = _holder(handle)
        pid, _, host = holder.partition(" ")
        is_dying = host == socket.gethostname() and pid.isdecimal() and not is_alive(int(pid))
        if time.monotonic() - started > (_PATIENCE if is_dying else _MOMENT):
            who = f"process {pid} on {host}" if host else "another process"
            message = f"{root}: {who} is writing there; wait until it ends, or choose another output"
            raise RunError(message, "lock_held")
        time.sleep(0.05)


def _holder(handle: int) -> str:
    os.lseek(handle, 0, os.SEEK_SET)
    return os.read(handle, 300).decode("utf-8", "replace").partition("\n")[0].strip()


def _note(handle: int, text: str) -> None:
    """Write who holds it over what is there, and only then cut off the rest.

    A file that is empty for an instant would tell, if the run died then, that the one before had left nothing behind.
    """
    data = text.encode()
    os.lseek(handle, 0, os.SEEK_SET)
    if data:
        os.write(handle, data)
    os.ftruncate(handle, len(data))


if sys.platform == "win32":
    import msvcrt

    def _try(handle: int, _root: str) -> bool:
        # A byte far behind the text, so that others can read who holds it.
        os.lseek(handle, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try(handle: int, root: str) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            message = f"{root}: this file system cannot lock files ({error.strerror}); write to another one and copy"
            raise RunError(message, "output") from error
        return True
