"""Parquet tables with pictures in them: as Hugging Face writes them, or with the files' bytes in a column of their own.

An image column is a struct of `bytes` and `path`, or a list of them. Where a table has none, it is one of plain bytes
whose name says that they are pictures, as img2dataset writes it (`jpg`, `png`, `webp`).
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any, Literal

from dynres_cli import keys
from dynres_cli.addresses import Address, extension
from dynres_cli.containers.members import Member
from dynres_cli.errors import ImageError, MissingExtra
from dynres_cli.formats import EXTENSIONS
from dynres_cli.ranges import HEADER_BLOCK, Extent, as_file, check_stamp, standing

LARGEST_GROUP = 2 << 30
"""Bytes of a row group's pictures: they are read together."""
_BYTES = ("binary", "large_binary")
_KEPT = 2
"""Tables and row groups that each process keeps: pictures are asked for in their order, by several at once."""


PLAIN = {"image", "img", "image_bytes", *(each.removeprefix(".") for each in EXTENSIONS)}
"""Names of columns of plain bytes that hold pictures."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of pictures: one in each row as a struct or as plain bytes, or in each a list of structs."""

    name: str
    form: Literal["struct", "list", "plain"]

    def leaf(self, table: Any, part: str) -> str:  # noqa: ANN401 - pyarrow has no types
        """Where the file keeps the bytes, or the paths, of this column; what is between in a list has many names."""
        if self.form == "plain":
            return self.name
        if self.form == "struct":
            return f"{self.name}.{part}"
        paths = (str(table.schema.column(number).path) for number in range(len(table.schema)))
        form = re.compile(rf"{re.escape(self.name)}\.[^.]+\.[^.]+\.{part}")
        return next(path for path in paths if form.fullmatch(path))

    def told(self, table: Any, group: int) -> list[Any]:  # noqa: ANN401 - pyarrow has no types
        """What each row of a group says of its pictures beside their bytes."""
        if self.form == "plain":
            return [None] * table.metadata.row_group(group).num_rows
        read = table.read_row_group(group, columns=[self.leaf(table, "path")], use_threads=False)
        told: list[Any] = read.column(0).to_pylist()
        return told


def members(path: str) -> Iterator[Member]:
    """A picture a row, or several; named by its number, and by the last part of the path that it came from."""
    whole = standing(path)
    table = _table(path, whole.stamp)
    columns = _image_columns(table)
    if not columns:
        message = (
            "it has no image column (a struct of bytes and path, a list of them, or bytes in a column called jpg, png, "
            "webp or image); name a table that has one"
        )
        raise ImageError(code="unidentified", message=message)
    for number, column in sorted(enumerate(columns), key=lambda pair: keys.to_bytes(pair[1].name + "/")):
        folder = f"{column.name}/" if len(columns) > 1 else ""
        # It would lie among the pictures of another column.
        is_inside = any(column.name.startswith(other.name + "/") for other in columns)
        first = 0
        for group in range(table.num_row_groups):
            rows = column.told(table, group)
            for row, told in enumerate(rows):
                for name, place in _pictures(column, first + row, told):
                    address = Address("parquet", path, 0, whole.stamp, (group, row, number, *place), extension(name))
                    yield Member(folder + name, address, is_special=is_inside)
            first += len(rows)


def _pictures(column: Column, row: int, paths: Any) -> Iterator[tuple[str, tuple[int, ...]]]:  # noqa: ANN401
    """The name of each picture of a row, and its place in the row's list; an empty list has none."""
    if column.form != "list":
        yield _name(f"{row:09d}", paths), ()
        return
    for place, each in enumerate(paths or ()):
        yield f"{row:09d}/" + _name(f"{place:05d}", each), (place,)


def _name(number: str, struct: dict[str, str | None] | None) -> str:
    last = re.split(r"[/\\]", (struct or {}).get("path") or "")[-1]
    safe = re.sub(r"[\0-\x1f]", "", last).encode()[-180:].decode("utf-8", "ignore")
    return f"{number}-{safe}" if safe else number


def cell(address: Address) -> bytes:
    """One picture."""
    group, row, number, *place = address.place
    found = _group(_Part(address.container, address.stamp, group, number))[row]
    value = (found[place[0]] if place else found).as_py()
    data = value.get("bytes") if isinstance(value, dict) else value
    if not data:
        message = "the row holds no picture; the table perhaps only names a file elsewhere"
        raise ImageError(code="empty", message=message)
    return bytes(data)


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
    leaf = _image_columns(table)[wanted.number].leaf(table, "bytes")
    described = table.metadata.row_group(wanted.group)
    chunks = (described.column(each) for each in range(described.num_columns))
    size = sum(each.total_uncompressed_size for each in chunks if each.path_in_schema == leaf)
    if size > LARGEST_GROUP:
        message = f"its row group has {size:,} bytes of pictures; write the table anew with smaller row groups"
        raise ImageError(code="too_large_file", message=message)
    return table.read_row_group(wanted.group, columns=[leaf], use_threads=False).column(0)


def _image_columns(table: Any) -> list[Column]:  # noqa: ANN401 - pyarrow has no types
    from pyarrow import types  # noqa: PLC0415 - an extra

    columns, plain = [], []
    for field in table.schema_arrow:
        is_list = types.is_list(field.type) or types.is_large_list(field.type)
        if _is_picture(field.type.value_type if is_list else field.type):
            columns.append(Column(field.name, "list" if is_list else "struct"))
        elif str(field.type) in _BYTES and field.name.lower() in PLAIN:
            plain.append(Column(field.name, "plain"))
    return columns or plain


def _is_picture(kind: Any) -> bool:  # noqa: ANN401 - pyarrow has no types
    return (
        str(kind).startswith("struct<")
        and {"bytes", "path"} <= {kind.field(each).name for each in range(kind.num_fields)}
        and str(kind.field("bytes").type) in _BYTES
    )


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
