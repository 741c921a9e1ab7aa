"""Writing one picture's files so that no reader ever sees half of one, and the commit marker stands for all of them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from dynres_cli.errors import ImageError, RunError
from dynres_cli.storage.calls import SYSTEM, Calls, classify
from dynres_cli.storage.direct import write_past_cache
from dynres_cli.storage.folders import NO_FOLLOW, Folder, clean_folder, open_folder, temporary_name
from dynres_cli.storage.lock import PLACE
from dynres_cli.storage.reading import safe_parts

_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | NO_FOLLOW | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


_AT_ONCE = 16
"""Files that are open, and synced, at the same time."""


@cache
def _threads(_process: int) -> ThreadPoolExecutor:
    """Threads that wait for the disk; a forked process needs its own."""
    return ThreadPoolExecutor(_AT_ONCE, "sync")


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be: the buffers are written one after the other, uncopied; they may come as they are made."""

    name: str
    buffers: Iterable[bytes | bytearray | memoryview]
    mtime_ns: int | None = None
    """The modification time that it is given, where it stands for another file's."""


@dataclass(frozen=True, slots=True)
class Writer:
    """How files reach the disk below `root`; picklable, so that a job can carry it."""

    root: str
    sync: bool = True
    calls: Calls = SYSTEM

    def write(self, key: str, files: Sequence[NewFile]) -> int:
        """Write all files into the folder `key` ("" is `root` itself), the last one as the commit marker; their bytes.

        All are written aside and made durable; then the others get their names, and the marker only after them.
        Raises RunError where the run cannot go on, otherwise ImageError `output_error`; what has a name is whole.
        """
        parts = _parts(key)
        try:
            with open_folder(self.root, parts, create=True, calls=self.calls) as folder:
                if not folder.is_new:
                    clean_folder(folder, all_dead=False, calls=self.calls)
                written = self._write_into(folder, files)
            # A new folder is an entry of its parent, which may be as new.
            for depth in range(len(parts) if folder.is_new else 0):
                with open_folder(self.root, parts[:depth]) as parent:
                    self._sync_folder(parent)
        except OSError as error:
            raise _explain(error, key, self.root) from error
        return written

    def remove(self, key: str, names: Sequence[str]) -> None:
        """Remove files of the folder `key` in this order; the missing ones are none of its worries."""
        try:
            with open_folder(self.root, _parts(key)) as folder:
                for name in names:
                    with suppress(FileNotFoundError):
                        self.calls.remove(folder.at(name), folder.handle)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _explain(error, key, self.root) from error

    def _write_into(self, folder: Folder, files: Sequence[NewFile]) -> int:
        aside = [(temporary_name(), file) for file in files]
        written = 0
        try:
            for start in range(0, len(aside), _AT_ONCE):
                written += self._write_aside(folder, aside[start : start + _AT_ONCE])
            for name, file in aside[:-1]:
                self.calls.rename(folder.at(name), folder.at(file.name), folder.handle)
            if len(aside) > 1:
                self._sync_folder(folder)
            marker_aside, marker = aside[-1]
            self.calls.rename(folder.at(marker_aside), folder.at(marker.name), folder.handle)
            self._sync_folder(folder)
        except OSError:
            for name, _file in aside:
                with suppress(OSError):
                    os.unlink(folder.at(name), dir_fd=folder.handle)
            raise
        return written

    def _write_aside(self, folder: Folder, files: Sequence[tuple[str, NewFile]]) -> int:
        """Write some files, then make all of them durable together; their bytes."""
        handles: list[int] = []
        written = 0
        try:
            for name, file in files:
                handles.append(self.calls.open(folder.at(name), _NEW, folder.handle))
                written += self._write_file(handles[-1], file)
                if file.mtime_ns is not None:
                    _set_mtime(folder, name, handles[-1], file.mtime_ns)
            if self.sync:
                self._sync_all(handles)
        finally:
            for handle in handles:
                os.close(handle)
        return written

    def _write_file(self, handle: int, file: NewFile) -> int:
        written = 0
        for buffer in file.buffers:
            data = memoryview(buffer).cast("B")
            done = write_past_cache(handle, data, self.calls) if written == 0 else 0
            while done < len(data):
                done += self.calls.write(handle, data[done:])
            written += done
        return written

    def _sync_all(self, handles: Sequence[int]) -> None:
        """One journal commit serves all syncs that wait for it, so they wait together, not one after another."""
        if len(handles) == 1:
            self.calls.sync(handles[0])
        else:
            list(_threads(os.getpid()).map(self.calls.sync, handles))

    def _sync_folder(self, folder: Folder) -> None:
        if self.sync and folder.handle is not None:
            self.calls.sync(folder.handle)


def _parts(key: str) -> tuple[str, ...]:
    """The folders of a key; a name that would lead elsewhere on some system is its picture's failure, not the run's."""
    try:
        return safe_parts(key) if key else ()
    except RunError as error:
        message = "its name is that of a drive or leads elsewhere; rename it"
        raise ImageError(code="output_error", message=message) from error


def _set_mtime(folder: Folder, name: str, handle: int, mtime_ns: int) -> None:
    times = (mtime_ns, mtime_ns)
    if os.utime in os.supports_fd:
        os.utime(handle, ns=times)
    else:
        os.utime(folder.at(name), ns=times)


def _explain(error: OSError, key: str, root: str) -> RunError | ImageError:
    """What a failed call means; an ImageError's text names nothing, for it may become part of a record."""
    ends_the_run = classify(error, key or root)
    if ends_the_run is not None:
        return ends_the_run
    if not key or key.startswith(PLACE + "/"):
        return RunError(f"{root}: the run's own files cannot be written ({error.strerror or error})", "output")
    if error.errno in {errno.ELOOP, errno.ENOTDIR}:
        return ImageError("output_error", "a link or a file stands where its folder should be; remove it and run again")
    return ImageError("output_error", f"its files could not be written: {error.strerror or error}")
