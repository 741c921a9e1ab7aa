"""The parquet layout: one row a picture, in row groups of about 64 MB; needs the extra `parquet` (pyarrow)."""

from __future__ import annotations

import io
import itertools
import json
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from dynres_cli.errors import MissingExtra
from dynres_cli.manifest import FileEntry, Record, TiledRecord
from dynres_cli.sinks.npy import header_of
from dynres_cli.sinks.shard import Sample, Shard, unplaced

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 64_000_000
"""Bytes of pixels after which a row group ends."""
ROOM = 3 * ROW_GROUP
"""Memory that writing takes: a row group as bytes, as a table and as a piece of the file."""
PIXELS, VIEWS = "bytes", "views"
"""The columns of tensors and of views as PNG files."""


def require() -> None:
    """Refuse early where pyarrow is missing."""
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415 - an optional extra
    except ImportError as error:
        msg = "the parquet layout needs pyarrow: pip install 'dynres[parquet]'"
        raise MissingExtra(msg) from error


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of pixels a table has; where views differ in size, a row has a list of arrays."""

    views: bool
    tensor: bool
    equal: bool


def placed(shard: Shard, records: Sequence[Record]) -> Iterator[Record]:
    """The records with their rows."""
    row = 0
    for record in records:
        if not isinstance(record, TiledRecord):
            yield record
            continue
        files = tuple(
            replace(unplaced(entry), path=shard.file, member=PIXELS if entry.kind == "tensor" else VIEWS, at=row)
            for entry in record.files
        )
        yield replace(record, files=files)
        row += 1


def content(samples: Sequence[Sample], columns: Columns) -> Iterator[bytes]:
    """The bytes of the shard, given out a row group at a time."""
    import pyarrow as pa  # noqa: PLC0415 - an optional extra
    import pyarrow.parquet as pq  # noqa: PLC0415

    schema, sink = _schema(columns), _Sink()
    # Pixels hardly get smaller, and plain values can be had by their place; statistics of them say nothing.
    writer = pq.ParquetWriter(sink, schema, compression="none", use_dictionary=False, write_statistics=False)
    for group in _groups(samples):
        rows = [_row(sample, columns) for sample in group]
        writer.write_table(pa.Table.from_pylist(rows, schema=schema), row_group_size=max(len(rows), 1))
        del rows
        yield from sink.taken()
    writer.close()
    yield from sink.taken()


def _groups(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    """The samples of each row group."""
    group: list[Sample] = []
    size = 0
    for sample in samples:
        group.append(sample)
        size += sum(entry.bytes for entry in sample.record.files)
        if size >= ROW_GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group


class _Sink(io.RawIOBase):
    """What pyarrow writes to: the buffers are kept until they are taken."""

    def __init__(self) -> None:
        self._buffers: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - whatever has a buffer
        self._buffers.append(bytes(data))
        return len(self._buffers[-1])

    def taken(self) -> Iterator[bytes]:
        buffers, self._buffers = self._buffers, []
        return iter(buffers)


def _schema(columns: Columns) -> pa.Schema:
    """The table's columns, with what Hugging Face's `datasets` wants to know of the views."""
    import pyarrow as pa  # noqa: PLC0415 - an optional extra

    text, whole = pa.string(), pa.int64()
    fields = [
        *((name, text) for name in ("key", "source", "source_sha256", "format", "preset")),
        *((name, whole) for name in ("width", "height")),
        ("grid", pa.struct([("cols", whole), ("rows", whole)])),
        *((name, whole) for name in ("tiles", "total", "tokens")),
        ("thumbnail", pa.bool_()),
        ("flags", pa.list_(text)),
    ]
    if columns.tensor:
        array, shape = pa.binary(), pa.list_(whole)
        several = not columns.equal
        fields += [(PIXELS, pa.list_(array) if several else array), ("shape", pa.list_(shape) if several else shape)]
        fields += [("dtype", text)]
    if columns.views:
        fields += [(VIEWS, pa.list_(pa.struct([("bytes", pa.binary()), ("path", text)])))]
    schema = pa.schema(fields)
    return schema.with_metadata(_features(schema)) if columns.views else schema


def _features(schema: pa.Schema) -> dict[str, str]:
    """The views are pictures: without this a reader would take them for pairs of bytes and names."""
    features = {name: _feature(schema.field(name).type) for name in schema.names}
    features[VIEWS] = {"_type": "List", "feature": {"_type": "Image"}}
    return {"huggingface": json.dumps({"info": {"features": features}})}


def _feature(kind: pa.DataType) -> dict[str, Any]:
    import pyarrow as pa  # noqa: PLC0415 - an optional extra

    if pa.types.is_list(kind):
        return {"_type": "List", "feature": _feature(kind.value_type)}
    if pa.types.is_struct(kind):
        return {kind.field(place).name: _feature(kind.field(place).type) for place in range(kind.num_fields)}
    return {"_type": "Value", "dtype": str(kind)}


def _row(sample: Sample, columns: Columns) -> dict[str, Any]:
    """One picture; tensors as their plain values, for shape and type have columns of their own."""
    record = sample.record
    names = ("key", "source", "format", "preset", "width", "height", "tiles", "total", "tokens", "thumbnail")
    row: dict[str, Any] = {name: getattr(record, name) for name in names}
    row["source_sha256"] = record.sha256
    row["grid"] = {"cols": record.grid.cols, "rows": record.grid.rows}
    row["flags"] = list(record.flags)
    tensors = [entry for entry in record.files if entry.kind == "tensor"]
    if columns.tensor:
        values, shapes = [_values(sample, entry) for entry in tensors], [list(entry.shape or ()) for entry in tensors]
        row[PIXELS], row["shape"] = (values[0], shapes[0]) if columns.equal else (values, shapes)
        row["dtype"] = tensors[0].dtype
    if columns.views:
        views = [entry for entry in record.files if entry.kind != "tensor"]
        row[VIEWS] = [{"bytes": b"".join(sample.blocks(entry)), "path": f"{entry.view:03d}.png"} for entry in views]
    return row


def _values(sample: Sample, entry: FileEntry) -> bytes:
    return b"".join(sample.values(entry, len(header_of(entry))))


@dataclass(slots=True)
class Table:
    """A shard of which pieces are asked for, one after another: a column of one row group is kept."""

    identity: tuple[int, ...] = ()
    ends: list[int] = field(default_factory=list)
    """The row behind each row group."""
    kept: tuple[int, str] | None = None
    values: Any = None

    def piece(self, file: BinaryIO, entry: FileEntry) -> bytes:
        """The bytes of a view or the values of a tensor."""
        self._turn_to(file)
        row, column = entry.at or 0, entry.member or ""
        group = bisect_right(self.ends, row)
        if self.kept != (group, column):
            self.values = _parquet(file).read_row_group(group, columns=[column]).column(0)
            self.kept = (group, column)
        cell = self.values[row - (self.ends[group - 1] if group else 0)]
        if entry.view is not None:
            cell = cell[entry.view]
        return bytes(cell["bytes"].as_py() if column == VIEWS else cell.as_py())

    def _turn_to(self, file: BinaryIO) -> None:
        """Forget the shard before where this is another one."""
        found = os.fstat(file.fileno())
        identity = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        if identity != self.identity:
            told = _parquet(file).metadata
            rows = (told.row_group(number).num_rows for number in range(told.num_row_groups))
            self.identity, self.ends, self.kept = identity, list(itertools.accumulate(rows)), None


def _parquet(file: BinaryIO) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow.parquet as pq  # noqa: PLC0415 - an optional extra

    file.seek(0)
    return pq.ParquetFile(file)


_TABLE = Table()


def piece(file: BinaryIO, entry: FileEntry) -> bytes:
    """A file of a picture as it would lie in a tree; ValueError where the table does not hold it."""
    import pyarrow as pa  # noqa: PLC0415 - an optional extra

    try:
        data = _TABLE.piece(file, entry)
    except (pa.ArrowException, OSError, LookupError, ArithmeticError, TypeError, AttributeError) as error:
        msg = f"the table does not hold {entry.member} of row {entry.at}"
        raise ValueError(msg) from error
    return header_of(entry) + data if entry.kind == "tensor" else data
