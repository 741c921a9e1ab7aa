"""Parquet tables as Hugging Face writes them: an image column is a struct of `bytes` and `path`, one picture a row."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

from dynres_cli import keys
from dynres_cli.addresses import Address, extension
from dynres_cli.containers.members import Member
from dynres_cli.errors import ImageError, MissingExtra
from dynres_cli.ranges import HEADER_BLOCK, Extent, as_file, check_stamp, standing

LARGEST_GROUP = 2 << 30
"""Bytes of a row group's pictures: they are read together."""
_KEPT = 2
"""Tables and row groups that each process keeps: pictures are asked for in their order, by several at once."""


def members(path: str) -> Iterator[Member]:
    """A row a picture; named by its number, and by the last part of the path that it came from."""
    whole = standing(path)
    table = _table(path, whole.stamp)
    columns = _image_columns(table)
    if not columns:
        message = "it has no image column (a struct of bytes and path); name a table that has one"
        raise ImageError(code="unidentified", message=message)
    for number, column in sorted(enumerate(columns), key=lambda pair: keys.to_bytes(pair[1] + "/")):
        folder = f"{column}/" if len(columns) > 1 else ""
        is_inside = any(column.startswith(other + "/") for other in columns)  # among the pictures of another column
        first = 0
        for group in range(table.num_row_groups):
            paths = table.read_row_group(group, columns=[f"{column}.path"], use_threads=False).column(column)
            for row, each in enumerate(paths.to_pylist()):
                name = _name(first + row, (each or {}).get("path"))
                address = Address("parquet", path, 0, whole.stamp, (group, row, number), extension(name))
                yield Member(folder + name, address, is_special=is_inside)
            first += len(paths)


def _name(row: int, path: str | None) -> str:
    last = re.split(r"[/\\]", path or "")[-1]
    safe = re.sub(r"[\0-\x1f]", "", last).encode()[-180:].decode("utf-8", "ignore")
    return f"{row:09d}-{safe}" if safe else f"{row:09d}"


def cell(address: Address) -> bytes:
    """One row's picture."""
    group, row, number = address.place
    column = _group(_Part(address.container, address.stamp, group, number))
    value = column[row].as_py()
    if not value or not value.get("bytes"):
        message = "the row holds no picture; the table perhaps only names a file elsewhere"
        raise ImageError(code="empty", message=message)
    return bytes(value["bytes"])


@dataclass(frozen=True, slots=True)
class _Part:
    """The pictures of one row group and column, of a table as it was when it had this stamp."""

    path: str
    stamp: int
    group: int
    number: int


_LOCK = Lock()
_GROUPS: OrderedDict[_Part, Any] = OrderedDict()


def _group(wanted: _Part) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The pictures of one row group, read once for all of its rows."""
    with _LOCK:
        if wanted in _GROUPS:
            _GROUPS.move_to_end(wanted)
            return _GROUPS[wanted]
        try:
            _GROUPS[wanted] = _read(wanted)
        except damage() as error:
            message = "the table cannot be read here; it is damaged"
            raise ImageError(code="corrupt", message=message) from error
        while len(_GROUPS) > _KEPT:
            _GROUPS.popitem(last=False)
        return _GROUPS[wanted]


def _read(wanted: _Part) -> Any:  # noqa: ANN401 - pyarrow has no types
    table = _table(wanted.path, wanted.stamp)
    column = _image_columns(table)[wanted.number]
    described = table.metadata.row_group(wanted.group)
    chunks = (described.column(each) for each in range(described.num_columns))
    size = sum(each.total_uncompressed_size for each in chunks if each.path_in_schema == f"{column}.bytes")
    if size > LARGEST_GROUP:
        message = f"its row group has {size:,} bytes of pictures; write the table anew with smaller row groups"
        raise ImageError(code="too_large_file", message=message)
    return table.read_row_group(wanted.group, columns=[f"{column}.bytes"], use_threads=False).column(column)


def _image_columns(table: Any) -> list[str]:  # noqa: ANN401 - pyarrow has no types
    return [
        field.name
        for field in table.schema_arrow
        if str(field.type).startswith("struct<")
        and {"bytes", "path"} <= {field.type.field(each).name for each in range(field.type.num_fields)}
        and str(field.type.field("bytes").type) in ("binary", "large_binary")
    ]


@lru_cache(maxsize=_KEPT)
def _opened(path: str, stamp: int, _process: int) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow.parquet  # noqa: PLC0415 - an extra

    whole = standing(path)
    check_stamp(whole.stamp, stamp)
    return pyarrow.parquet.ParquetFile(as_file(Extent(path, 0, whole.size, stamp), 16 * HEADER_BLOCK, 16))


def _table(path: str, stamp: int) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The open table; one that was replaced has another stamp, and is never taken for this one."""
    try:
        return _opened(path, stamp, os.getpid())
    except ImportError as error:
        msg = "Parquet tables need a package that is not installed: pip install 'dynres[parquet]'"
        raise MissingExtra(msg) from error


def damage() -> tuple[type[Exception], ...]:
    """What a damaged table raises."""
    try:
        from pyarrow import ArrowException  # noqa: PLC0415 - an extra
    except ImportError:
        return (OSError, ValueError)
    return (ArrowException, OSError, ValueError, KeyError, IndexError)
