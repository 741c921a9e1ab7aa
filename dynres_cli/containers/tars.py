"""Tar archives, packed or plain, read from front to back: where each member's bytes are, never its files on a disk.

A packed archive cannot be read in its middle. The pictures in it are unpacked once, into a file that ends with the
process.
"""

from __future__ import annotations

import atexit
import bz2
import gzip
import io
import lzma
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import IO, Self

from dynres_cli.addresses import Address, extension
from dynres_cli.containers.members import Member
from dynres_cli.errors import FailureCode, ImageError, RunError
from dynres_cli.ranges import ARCHIVE_BLOCK, Extent, Standing, as_file, standing
from dynres_cli.storage import classify, new_scratch
from dynres_cli.tree import looks_like_image
from dynres_cli.urls import is_url

LARGEST_HEADER = 1 << 20
"""Bytes of a member's own header with its long names; tarfile itself would read whatever is announced."""
LARGEST_RATIO, ALWAYS_ALLOWED = 200, 1 << 30
"""Pictures are packed already: an archive that unpacks to more than this many times its size is made to harm."""
LARGEST_KEPT = 1 << 30
"""Bytes of a member that are unpacked; a larger one is left to its own failure."""
_COPY = 1 << 20
_Refusal = tuple[FailureCode, str]
"""A code and the reason."""
_UNSOUND = (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError)  # type: ignore[attr-defined]


def members(path: str) -> Iterator[Member]:
    """Every member in the order of the archive; a hard link is the member before it that it names."""
    whole = standing(path)
    before: dict[str, Member] = {}
    for info, at_its_place in _placed(path, whole):
        member = _linked(info, before.get(info.linkname), whole) if info.islnk() else at_its_place
        before[info.name] = member
        yield member


def _placed(path: str, whole: Standing) -> Iterator[tuple[tarfile.TarInfo, Member]]:
    """Every head with what follows it; of a packed archive, once that is unpacked.

    Behind a place in an unpacked copy stands when anything was done to the archive: the stamp is the archive's, too.
    """
    file = as_file(Extent(path, 0, whole.size, whole.stamp), ARCHIVE_BLOCK, 2)
    packed = _unpacking(file)
    if packed is None:
        for info in _infos(Feed(file)):
            yield info, _member(info, path, whole, info.offset_data)
        return
    changed_ns = 0 if is_url(path) else os.stat(path).st_ctime_ns
    forward = Forward(packed, max(whole.size * LARGEST_RATIO, ALWAYS_ALLOWED))
    with open(_fresh_file(), "wb", buffering=0) as copy:
        for info in _infos(forward):
            at, why = copy.tell(), _why_not_unpacked(info)
            if why:
                yield info, _refused(info, why, whole)
                continue
            if info.isreg() and not info.issparse():  # of one with holes fewer bytes stand there than it has
                forward.copy(info.size, copy)
            yield info, _member(info, copy.name, whole, at, changed_ns)


def _infos(feed: Feed) -> Iterator[tarfile.TarInfo]:
    """The head of every member; folders are none, for what lies in them says where."""
    names = {"encoding": "utf-8", "errors": "surrogateescape"}
    with tarfile.open(fileobj=feed, mode="r:", tarinfo=_Head, **names) as archive:  # type: ignore[call-overload]
        while (info := archive.next()) is not None:
            if not info.isdir():
                yield info
            archive.members = []  # it would keep every one of them


def _member(info: tarfile.TarInfo, container: str, whole: Standing, *place: int) -> Member:
    address = Address("tar", container, info.size, whole.stamp, place, extension(info.name))
    is_plain = info.isreg() and not info.issparse()
    return Member(info.name, address, info.issym(), is_special=not (is_plain or info.issym()))


def _why_not_unpacked(info: tarfile.TarInfo) -> _Refusal | None:
    """What stands against unpacking a member of a packed archive."""
    if info.size > LARGEST_KEPT:
        why = f"the member has {info.size:,} bytes, more than is unpacked from a packed archive; unpack it yourself"
        return "too_large_file", why
    if info.isreg() and not looks_like_image(info.name):
        why = "it is a hard link to a member whose name is no picture's, which is not unpacked; unpack it yourself"
        return "unreadable", why
    return None


def _linked(info: tarfile.TarInfo, named: Member | None, whole: Standing) -> Member:
    """A hard link: what it names, under its own name."""
    if named is None:
        why = "it is a hard link to a member that does not stand before it in the archive; pack its file itself"
        return _refused(info, ("unreadable", why), whole)
    address = named.address if named.address.kind == "refused" else replace(named.address, word=extension(info.name))
    return replace(named, name=info.name, address=address)


def _refused(info: tarfile.TarInfo, refusal: _Refusal, whole: Standing) -> Member:
    code, why = refusal
    return Member(info.name, Address("refused", why, info.size, whole.stamp, (), code))


def _unpacking(file: IO[bytes]) -> IO[bytes] | None:
    """The archive as it was before it was packed; None where it is plain."""
    start = file.read(6)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]
    if start.startswith(b"BZh"):
        return bz2.BZ2File(file)
    if start.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMAFile(file)
    return None


class _Head(tarfile.TarInfo):
    """A member's head, which tarfile would take for the end of the archive where it is damaged or cut."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """A head from its block; zeros are no head, however few of them are left at the end."""
        return super().frombuf(buf if not buf or any(buf) else bytes(tarfile.BLOCKSIZE), encoding, errors)

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        """The next head; ReadError where there is one that cannot be read."""
        try:
            return super().fromtarfile(archive)
        except _UNSOUND as error:
            raise tarfile.ReadError(str(error)) from error


class Feed:
    """What tarfile reads headers from: never more at once than a header may have."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        """So many bytes, fewer at the end."""
        if size > LARGEST_HEADER:
            message = "a member's name or header is longer than any honest one"
            raise tarfile.ReadError(message)
        return self._file.read(size)

    def seek(self, place: int) -> None:
        """Go to a place."""
        self._file.seek(place)

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._file.tell()


class Forward(Feed):
    """The same for a packed archive: only onwards, save for the one byte that tarfile looks back for."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        super().__init__(file)
        self._limit, self._at, self._last, self._back = limit, 0, b"", False

    def read(self, size: int) -> bytes:
        if self._back and size > 0:
            self._back = False
            return self._last + self.read(size - 1)
        data = super().read(size)
        self._note(data)
        return data

    def seek(self, place: int) -> None:
        here = self.tell()
        if place == here - 1 and self._last and not self._back:
            self._back = True
            return
        if place < here:
            raise io.UnsupportedOperation
        self.copy(place - here, None)

    def tell(self) -> int:
        return self._at - self._back

    def copy(self, size: int, target: io.FileIO | None) -> None:
        """Read on, into a file or past it."""
        while size > 0 and (data := self.read(min(size, _COPY))):
            if target is not None:
                _write(target, data)
            size -= len(data)

    def _note(self, data: bytes) -> None:
        self._at += len(data)
        self._last = data[-1:] or self._last
        if self._at > self._limit:
            message = "it unpacks to far more than pictures would; it is made to fill a disk"
            raise ImageError(code="too_large_file", message=message)


@cache
def _folder() -> str:
    """Where packed archives are unpacked, until this process ends."""
    folder = new_scratch("unpacked")
    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == owner else None)
    return folder


def unpacked_here(container: str) -> bool:
    """Whether this file is the unpacked copy of an archive, which goes with this process."""
    return _folder.cache_info().currsize > 0 and os.path.dirname(container) == _folder()


def _fresh_file() -> str:
    try:
        handle, path = tempfile.mkstemp(dir=_folder())
    except OSError as error:
        raise _no_room(error) from error
    os.close(handle)
    return path


def _write(copy: io.FileIO, data: bytes) -> None:
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[copy.write(rest) :]
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> RunError:
    """The end of the run: that TMPDIR takes no more is no fault of the archive, whose pictures would all be missing."""
    place = f"{tempfile.gettempdir()}, where pictures of packed archives are unpacked"
    return classify(error, place) or RunError(f"{place}: cannot be written to ({error.strerror})", "output")
