"""The bytes of pictures that are no files of their own: objects, members of archives, rows of tables."""

from __future__ import annotations

import io
from typing import BinaryIO

from dynres_cli.addresses import Address
from dynres_cli.errors import ImageError
from dynres_cli.facts import FileLimits
from dynres_cli.opening import Source, check_bytes
from dynres_cli.ranges import HEADER_BLOCK, Extent, as_file, read_range
from dynres_cli.urls import is_web

WHOLE_HEADER = 1 << 12
"""So many blocks of a picture are kept while its header is read: all of most."""


def source_at(address: Address, limits: FileLimits) -> Source:
    """The bytes of a picture; ImageError says why they cannot be had, before they are read where the size tells it."""
    if address.size or not _may_have_any_size(address):
        check_bytes(address.size, limits)
    data = _read(address, limits)
    check_bytes(len(data), limits)
    return Source(data, address.word, address.stamp)


def opened_at(address: Address, limits: FileLimits) -> BinaryIO:
    """A file that reads no more of a picture than is asked for, where its bytes lie as they are."""
    extent = _extent(address)
    if extent is None:
        return io.BytesIO(source_at(address, limits).data)
    check_bytes(address.size, limits)
    return as_file(extent, HEADER_BLOCK, WHOLE_HEADER)


def _may_have_any_size(address: Address) -> bool:
    """Whether a size of 0 says nothing: a server of the web need not tell it, and a table does not."""
    is_page = address.kind == "object" and is_web(address.container)
    return is_page or address.kind in ("parquet", "refused")


def _read(address: Address, limits: FileLimits) -> bytes:
    match address.kind:
        case "refused":
            raise ImageError(address.word, address.container)  # type: ignore[arg-type]
        case "object":
            return _whole(address, limits)
        case "staged":
            return read_range(address.container, 0, address.size + 1)
        case "tar":
            return _member(address)
        case "zip":
            from dynres_cli.containers import zips  # noqa: PLC0415 - a kind is loaded when it is met

            return zips.member(address, limits)
        case "parquet":
            from dynres_cli.containers import tables  # noqa: PLC0415 - needs an extra

            return tables.cell(address)


def _extent(address: Address) -> Extent | None:
    """Where a picture's bytes lie unchanged; None where they are packed, or nobody tells how many they are."""
    match address.kind:
        case "object" | "staged" if address.size:
            return Extent(address.container, 0, address.size)
        case "tar":
            return _stretch(address)
        case _:
            return None


def _whole(address: Address, limits: FileLimits) -> bytes:
    # One byte more than was listed: an object that has grown meanwhile must not pass for its own beginning. A server
    # of the web need not tell a size; what is too large then shows by one byte more than is allowed.
    data = read_range(address.container, 0, (address.size or limits.max_bytes) + 1)
    if address.size and len(data) != address.size:
        message = "the object was written after it was listed; run again when it is at rest"
        raise ImageError(code="changed", message=message)
    return data


def _stretch(address: Address) -> Extent:
    """Where a tar's member is; a copy that was unpacked here is nobody else's to write, and has a time of its own."""
    start, *unpacked = address.place
    return Extent(address.container, start, address.size, 0 if unpacked else address.stamp)


def _member(address: Address) -> bytes:
    data = _stretch(address).read(0, address.size)
    if len(data) != address.size:
        message = "the archive ends within this member; it was perhaps never written to its end"
        raise ImageError(code="truncated", message=message)
    return data
