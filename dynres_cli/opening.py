"""A file's bytes, read once and only if it is a plain file: what is hashed is what is decoded."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from dynres_cli.addresses import Address, parsed
from dynres_cli.errors import ImageError
from dynres_cli.facts import FileLimits
from dynres_cli.urls import is_url

_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE)


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of one picture; `name` is only looked at for its extension."""

    data: bytes
    name: str = ""
    mtime_ns: int = 0

    @property
    def sha256(self) -> str:
        import hashlib  # noqa: PLC0415 - OpenSSL is loaded with it, and a look at a header takes no digest

        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Identity:
    """By what a later run tells whether a picture is still the same: its size, if that is known, and its times.

    `ctime_ns` is when anything was done to it last, or to the file that holds it, 0 where that is not known.
    """

    size: int | None
    mtime_ns: int
    ctime_ns: int = 0


def identity(path: str, *, follow: bool = False) -> Identity | None:
    """What is known of a picture without reading it; None where there is none."""
    address = parsed(path)
    if address is not None:
        return Identity(address.size or None, address.stamp, _changed_ns(address))
    try:
        found = os.stat(path, follow_symlinks=follow)
    except OSError:
        return None
    return Identity(found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _changed_ns(address: Address) -> int:
    """When anything was done last to what holds a picture; 0 in a store, or where it cannot be asked for."""
    if address.kind not in ("tar", "zip", "parquet") or is_url(address.container):
        return 0
    if address.kind == "tar" and len(address.place) > 1:
        return address.place[1]  # the copy that was unpacked here is always new
    try:
        return os.stat(address.container).st_ctime_ns
    except OSError:
        return 0


def name_of(path: str) -> str:
    """The name whose extension says what a picture claims to be."""
    address = parsed(path)
    return path if address is None else address.word


@contextmanager
def opened(path: str, *, follow: bool = False, limits: FileLimits | None = None) -> Iterator[BinaryIO]:
    """The file, opened so that nothing but a plain file can be read and nothing can block; ImageError otherwise.

    `follow` allows a link: those that the user named. `limits` hold for what has to be unpacked to be opened.
    """
    address = parsed(path)
    if address is not None:
        from dynres_cli.fetching import opened_at  # noqa: PLC0415 - plain files do without

        with opened_at(address, limits or FileLimits()) as file:
            yield file
        return
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    if not follow:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        raise _why_not(error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        message = "this is a folder, a pipe or a device, not a plain file; leave it out"
        raise ImageError(code="unreadable", message=message)
    with os.fdopen(descriptor, "rb") as file:
        yield file


def read_source(path: str, limits: FileLimits, *, follow: bool = False) -> Source:
    """Read a whole file; ImageError says why that is not possible, `changed` if somebody wrote it meanwhile."""
    address = parsed(path)
    if address is not None:
        from dynres_cli.fetching import source_at  # noqa: PLC0415 - plain files do without

        return source_at(address, limits)
    with opened(path, follow=follow) as file:
        before = os.fstat(file.fileno())
        check_bytes(before.st_size, limits)
        try:
            data = file.read(before.st_size + 1)
        except OSError as error:
            raise _why_not(error) from error
        after = os.fstat(file.fileno())
    if len(data) != before.st_size or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        message = "the file was written while it was read; run again when it is at rest"
        raise ImageError(code="changed", message=message)
    return Source(data, path, before.st_mtime_ns)


def check_bytes(size: int, limits: FileLimits) -> None:
    """Refuse a file for its length alone."""
    if size == 0:
        message = "the file has no bytes; it was perhaps never written to its end"
        raise ImageError(code="empty", message=message)
    if size > limits.max_bytes:
        message = f"the file has {size:,} bytes, above the limit of {limits.max_bytes:,}; raise --max-bytes to read it"
        raise ImageError(code="too_large_file", message=message)


def _why_not(error: OSError | ValueError) -> ImageError:
    number = error.errno if isinstance(error, OSError) else None
    reason = errno.errorcode.get(number, "an error of the disk") if number else "an impossible name"
    if number in _GONE:
        return ImageError("vanished", "the file was listed but is no longer there; run again to tile what is there now")
    if number == errno.ELOOP:
        return ImageError("changed", "the file became a link after it was listed; links are not followed without -L")
    return ImageError("unreadable", f"the file cannot be read: {reason}; check its permissions and its disk")
