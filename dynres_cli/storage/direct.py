"""Large buffers go to the disk as they lie in memory, past the page cache.

A tensor of twenty megabytes that is written through the cache costs the kernel more time than it took to compute: a
page to find and a copy to make for every four kilobytes, and the disk is waited for all the same before the picture
counts. Where the system cannot do without the cache, or the buffer does not begin a page, nothing is written here and
the usual way is taken.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dynres_cli.storage.calls import Calls

BLOCK = 4096
WORTH_IT = 1 << 20
"""Smaller buffers are as fast through the cache."""


def write_past_cache(file: int, data: memoryview, calls: Calls) -> int:
    """Write the whole blocks of a large buffer to the beginning of a new file; how many bytes were written.

    Raises OSError as write() does, save where it only means that this way is closed.
    """
    if len(data) < WORTH_IT or not _begins_a_page(data):
        return 0
    whole, done = len(data) - len(data) % BLOCK, 0
    try:
        with _uncached(file):
            while done < whole:
                done += calls.write(file, data[done:whole])
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    return done


def _begins_a_page(data: memoryview) -> bool:
    return not data.readonly and ctypes.addressof(ctypes.c_char.from_buffer(data)) % BLOCK == 0


@contextmanager
def _uncached(file: int) -> Iterator[None]:
    """Writes in this block pass the cache by; OSError EINVAL where the file system has no such way."""
    if sys.platform != "linux":
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    import fcntl  # noqa: PLC0415 - Windows has none

    flags = fcntl.fcntl(file, fcntl.F_GETFL)
    fcntl.fcntl(file, fcntl.F_SETFL, flags | os.O_DIRECT)
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.fcntl(file, fcntl.F_SETFL, flags)
