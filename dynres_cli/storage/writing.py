"""Writing one picture's files so that no reader ever sees half of one, and the commit marker stands for all of them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from typing import TYPE_CHECKING

from dynres_cli.errors import ImageError, RunError, Unsound
from dynres_cli.names import STATE
from dynres_cli.storage.calls import Calls, classify
from dynres_cli.storage.direct import write_past_cache
from dynres_cli.storage.folders import NO_FOLLOW, Folder, clean_folder, open_folder, temporary_name
from dynres_cli.storage.handing import handed_over
from dynres_cli.storage.paths import safe_parts

if TYPE_CHECKING:
    from dynres_cli.storage.writer import NewFile, Writer

_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | NO_FOLLOW | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


_AT_ONCE = 16
"""Files that are open, and synced, at the same time."""


@cache
def _syncers(_process: int) -> ThreadPoolExecutor:
    """Threads that wait for the disk; a forked process needs its own."""
    return ThreadPoolExecutor(_AT_ONCE, "sync")


@cache
def _scribe(_process: int) -> ThreadPoolExecutor:
    """The thread that writes one file after the other while the next ones are being made."""
    return ThreadPoolExecutor(1, "write")


def begin(writer: Writer, key: str, files: Iterable[NewFile]) -> Callable[[], int]:
    """Write the files aside; the function that is returned makes them durable and gives them their names."""
    parts = _parts(key)
    with ExitStack() as stack, _explained(writer.root, key):
        folder = stack.enter_context(open_folder(writer.root, parts, create=True, calls=writer.calls))
        if not folder.is_new:
            clean_folder(folder, all_dead=False, calls=writer.calls)
        aside = _Aside(folder, writer.calls, sync=writer.sync)
        stack.push(aside.abandoned_on_error)
        for file in files:
            aside.take(file)
        aside.wait()
        held = stack.pop_all()
    return partial(_commit, writer, key, aside, held)


def _commit(writer: Writer, key: str, aside: _Aside, held: ExitStack) -> int:
    folder, parts = aside.folder, _parts(key)
    with _explained(writer.root, key), held:
        with ExitStack() as stack:
            # A new folder is an entry of its parent, which may be as new.
            above = [parts[:depth] for depth in range(len(parts) if folder.is_new else 0)]
            parents = [stack.enter_context(open_folder(writer.root, each)) for each in above]
            aside.settle([parent.handle for parent in parents if parent.handle is not None])
        # In this order, which a journal keeps: after a power cut too no marker is found before what it stands for.
        for name, final in aside.names:
            writer.calls.rename(folder.at(name), folder.at(final), folder.handle)
    return aside.written


def settle(writer: Writer, key: str) -> None:
    """Make the names in a folder durable, where files are synced at all."""
    if not writer.sync:
        return
    try:
        with open_folder(writer.root, _parts(key)) as folder:
            if folder.handle is not None:
                writer.calls.sync(folder.handle)
    except ImageError:
        return  # no folder can have this key: the record of that failure lies elsewhere
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}:
            message = f"{writer.root}: what was written cannot be made durable ({error.strerror}); check the disk"
            raise classify(error, writer.root) or RunError(message, "output") from error


def remove(writer: Writer, key: str, names: Sequence[str]) -> None:
    """Remove files of a folder, which may not be there."""
    try:
        with open_folder(writer.root, _parts(key)) as folder:
            for name in names:
                with suppress(FileNotFoundError):
                    writer.calls.remove(folder.at(name), folder.handle)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _explain(error, key, writer.root) from error


def remove_folder(writer: Writer, key: str) -> None:
    """Remove an empty folder."""
    *above, name = _parts(key)
    with suppress(OSError), open_folder(writer.root, tuple(above)) as folder:
        os.rmdir(folder.at(name), dir_fd=folder.handle)


class _Aside:
    """Files on their way: written by a thread of their own in the order they came, under names that nobody reads."""

    def __init__(self, folder: Folder, calls: Calls, *, sync: bool) -> None:
        self.folder, self.calls, self.sync = folder, calls, sync
        self.names: list[tuple[str, str]] = []
        """What each file is called for now, and what it shall be called."""
        self.written = 0
        self._handles: list[int] = []
        self._pending: list[Future[None]] = []

    def take(self, file: NewFile) -> None:
        """Have a file written; its buffers must stay as they are until `wait` returns."""
        name = temporary_name()
        self.names.append((name, file.name))
        self._pending.append(handed_over(_scribe(os.getpid()), partial(self._write, name, file)))

    def wait(self) -> None:
        """Wait until all files are written; they need not be durable."""
        for each in self._pending:
            each.result()

    def abandoned_on_error(self, kind: type[BaseException] | None, *_error: object) -> None:
        """Remove whatever there is of these files if there was an error."""
        if kind is None:
            return
        for each in self._pending:
            each.cancel()
        wait(self._pending)
        self._close()
        for name, _final in self.names:
            with suppress(OSError):
                os.unlink(self.folder.at(name), dir_fd=self.folder.handle)

    def _write(self, name: str, file: NewFile) -> None:
        if len(self._handles) == _AT_ONCE:
            self.settle()
        handle = self.calls.open(self.folder.at(name), _NEW, self.folder.handle)
        self._handles.append(handle)
        before = self.written
        for buffer in file.buffers:
            data = memoryview(buffer).cast("B")
            done = write_past_cache(handle, data, self.calls) if self.written == before else 0
            while done < len(data):
                done += self.calls.write(handle, data[done:])
            self.written += done
        if file.mtime_ns is not None:
            _set_mtime(self.folder, name, handle, file.mtime_ns)

    def settle(self, folders: Sequence[int] = ()) -> None:
        """Make what was written durable, and with it these open folders.

        One journal commit serves all syncs that wait for it, so they wait together and not one after another.
        """
        handles = [*self._handles, *folders]
        if self.sync and len(handles) == 1:
            self.calls.sync(handles[0])
        elif self.sync:
            synced = [handed_over(_syncers(os.getpid()), partial(self.calls.sync, each)) for each in handles]
            wait(synced)
            for each in synced:
                each.result()
        self._close()

    def _close(self) -> None:
        for handle in self._handles:
            os.close(handle)
        self._handles.clear()


def _parts(key: str) -> tuple[str, ...]:
    """The folders of a key; a name that would lead elsewhere on some system is its picture's failure, not the run's."""
    try:
        return safe_parts(key) if key else ()
    except Unsound as error:
        message = "its name is that of a drive or leads elsewhere; rename it"
        raise ImageError(code="output_error", message=message) from error


def _set_mtime(folder: Folder, name: str, handle: int, mtime_ns: int) -> None:
    times = (mtime_ns, mtime_ns)
    # Where a mount gives all files to another user the time stays as it is: resuming then looks at the digest.
    with suppress(PermissionError):
        if os.utime in os.supports_fd:
            os.utime(handle, ns=times)
        else:
            os.utime(folder.at(name), ns=times)


@contextmanager
def _explained(root: str, key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _explain(error, key, root) from error


def _explain(error: OSError, key: str, root: str) -> RunError | ImageError:
    """What a failed call means; an ImageError's text names nothing, for it may become part of a record."""
    ends_the_run = classify(error, root)
    if ends_the_run is not None:
        return ends_the_run
    if not key or key.startswith(STATE + "/"):
        return RunError(f"{root}: the run's own files cannot be written ({error.strerror or error})", "output")
    if error.errno in {errno.ELOOP, errno.ENOTDIR}:
        return ImageError("output_error", "a link or a file stands where its folder should be; remove it and run again")
    return ImageError("output_error", f"its files could not be written: {error.strerror or error}")
