"""Stdout and stderr that cost a run nothing when their reader has gone, whatever library writes there."""

from __future__ import annotations

import io
import os
import sys
import warnings
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Handle(io.RawIOBase):
    """A standard handle on which the failures of some kinds are no failures: what was to be told is lost.

    Another failure is raised once, so that the interpreter's last flush does not raise it again.
    """

    def __init__(self, number: int, forgiven: type[OSError]) -> None:
        self._number, self._forgiven, self._has_raised = number, forgiven, False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            if not self._has_raised:
                return os.write(self._number, data)
        except self._forgiven:
            pass
        except OSError:
            self._has_raised = True
            raise
        return memoryview(data).nbytes


def outlive_readers() -> None:
    """Give this process such handles: data may lose its reader (`| head`), and messages even their room on a disk."""
    for name, forgiven in (("stdout", BrokenPipeError), ("stderr", OSError)):
        stream: TextIO | None = getattr(sys, name)
        if stream is not None and not _is_windows_console(stream):  # None: whoever called us closed it
            setattr(sys, name, _outliving(stream, forgiven))


def _is_windows_console(stream: TextIO) -> bool:
    """Whether it is no file, but takes characters."""
    return sys.platform == "win32" and stream.isatty()


def _outliving(stream: TextIO, forgiven: type[OSError], number: int | None = None) -> TextIO:
    """The same stream on such a handle, of this number where it has another one from now on."""
    handle = _Handle(stream.fileno() if number is None else number, forgiven)
    by_line = handle.isatty() or forgiven is OSError
    return io.TextIOWrapper(
        io.BufferedWriter(handle), encoding=stream.encoding, errors=stream.errors, line_buffering=by_line
    )


def mute_libraries() -> None:
    """Keep stderr for our own words, in a process that looks at pictures itself.

    Pillow's warnings and the C libraries that write to handle 2 past Python quote files, which are not to be trusted.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")
    if sys.stderr is None or _is_windows_console(sys.stderr):
        return
    sys.stderr.flush()
    own, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    sys.stderr = _outliving(sys.stderr, OSError, own)
