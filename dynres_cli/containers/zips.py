"""Zip archives: their directory read once, each member by its own place in the file."""

from __future__ import annotations

import bz2
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator

from dynres_cli.addresses import Address, extension
from dynres_cli.containers.members import Member
from dynres_cli.errors import ImageError
from dynres_cli.facts import FileLimits
from dynres_cli.opening import check_bytes
from dynres_cli.ranges import HEADER_BLOCK, Extent, RangeFile, read_range, standing

_ENCRYPTED = 0x1
_HEADER = struct.Struct("<4s22xHH")
_SPARE = 512
"""Bytes that are read beside a member, for what its own header may hold more than the directory says."""
_STORED, _DEFLATED, _BZIP2 = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2
LARGEST_DIRECTORY = 1 << 28
"""Bytes of the list of its members that an archive may have: it is read as a whole, and not by a worker."""


class _Listed(io.BufferedReader):
    """An archive's file that does not give more at once than a directory may have, whatever the archive announces."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Raise ImageError for a directory that is too large."""
        if size is not None and size > LARGEST_DIRECTORY:
            message = f"its list of members has {size:,} bytes, at most {LARGEST_DIRECTORY:,} are read; divide it"
            raise ImageError(code="too_large_file", message=message)
        return super().read(size)


def members(path: str) -> Iterator[Member]:
    """Every member in the order of the directory."""
    whole = standing(path)
    file = RangeFile(Extent(path, 0, whole.size, whole.stamp), HEADER_BLOCK, 64)
    with zipfile.ZipFile(_Listed(file, HEADER_BLOCK)) as archive:
        for info in archive.infolist():
            is_link = stat.S_ISLNK(info.external_attr >> 16)
            if not info.is_dir():
                yield Member(info.filename, _address(info, path, whole.stamp), is_link, _is_special(info))


def _is_special(info: zipfile.ZipInfo) -> bool:
    kind = stat.S_IFMT(info.external_attr >> 16)
    return kind not in (0, stat.S_IFREG, stat.S_IFLNK)


def _address(info: zipfile.ZipInfo, path: str, stamp: int) -> Address:
    why = None
    if info.flag_bits & _ENCRYPTED:
        why = "the member is encrypted; unpack the archive with its password"
    elif info.compress_type not in (_STORED, _DEFLATED, _BZIP2):
        why = "the member is packed in a way that is not read; pack it anew by deflate"
    if why is not None:
        return Address("refused", why, info.file_size, stamp, (), "unreadable")
    place = (info.header_offset, info.compress_size, info.compress_type, info.CRC, len(info.filename.encode()))
    return Address("zip", path, info.file_size, stamp, place, extension(info.filename))


def member(address: Address, limits: FileLimits) -> bytes:
    """A member's bytes, never more than the directory announced; ImageError where it is not what was announced."""
    start, packed, method, checksum, name = address.place
    check_bytes(address.size, limits)
    if packed > address.size + address.size // 50 + _SPARE:
        raise _harmful()  # no packing makes anything so much longer
    head = read_range(address.container, start, _HEADER.size + name + _SPARE + packed, address.stamp)
    data = _unpacked(_body(address, head), method, address.size)
    if len(data) != address.size or zlib.crc32(data) != checksum:
        raise _harmful()
    return data


def _harmful() -> ImageError:
    message = "the member is not what the archive's directory says of it; the archive is damaged or made to harm"
    return ImageError(code="corrupt", message=message)


def _body(address: Address, head: bytes) -> bytes:
    start, packed, *_ = address.place
    if len(head) < _HEADER.size or not head.startswith(b"PK\3\4"):
        raise _cut()
    _, name, extra = _HEADER.unpack_from(head)
    begin = _HEADER.size + name + extra
    body = head[begin : begin + packed]
    if len(body) < packed:
        body += read_range(address.container, start + begin + len(body), packed - len(body), address.stamp)
    if len(body) < packed:
        raise _cut()
    return body


def _cut() -> ImageError:
    return ImageError("truncated", "the archive ends within this member, or does not have it where its directory says")


def _unpacked(body: bytes, method: int, size: int) -> bytes:
    """What comes out, up to one byte more than it should be."""
    try:
        if method == _DEFLATED:
            return zlib.decompressobj(-15).decompress(body, size + 1)
        return bz2.BZ2Decompressor().decompress(body, size + 1) if method == _BZIP2 else body
    except (zlib.error, OSError, EOFError) as error:
        message = "the member cannot be unpacked; the archive is damaged"
        raise ImageError(code="corrupt", message=message) from error
