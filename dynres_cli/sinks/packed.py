"""The packed layout: the views of many pictures in one array (views, 3, S, S), and where each picture's begin."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dynres_cli.manifest import Record, TiledRecord
from dynres_cli.sinks import npy
from dynres_cli.sinks.shard import Sample, Shard, unplaced

RANGES = ("first", "end", "cols", "rows", "tokens")
"""The columns of the index as numbers; a failed picture has an empty range."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What all views of a shard have in common."""

    view: tuple[int, int, int]
    dtype: npy.Dtype

    def header(self, views: int) -> bytes:
        """The beginning of an array of so many views."""
        return npy.header((views, *self.view), self.dtype)

    @property
    def view_bytes(self) -> int:
        return math.prod(self.view) * np.dtype(npy.LETTERS[self.dtype]).itemsize


def placed(shard: Shard, records: Sequence[Record], kind: Kind) -> Iterator[Record]:
    """The records with the place of their tensors in the shard."""
    first, start = 0, len(kind.header(views_of(records)))
    for record in records:
        if not isinstance(record, TiledRecord):
            yield record
            continue
        offset = start + first * kind.view_bytes
        files = tuple(
            replace(unplaced(entry), path=shard.file, offset=offset, first=first)
            for entry in record.files
            if entry.kind == "tensor"
        )
        yield replace(record, files=files)
        first += record.total


def views_of(records: Iterable[Record]) -> int:
    """How many views the pictures have together."""
    return sum(record.total for record in records if isinstance(record, TiledRecord))


def content(samples: Sequence[Sample], kind: Kind) -> Iterator[bytes]:
    """The bytes of the shard."""
    yield kind.header(views_of(sample.record for sample in samples))
    for sample in samples:
        header = len(kind.header(sample.record.total))
        for entry in sample.record.files:
            yield from sample.values(entry, header)


def ranges(records: Sequence[Record]) -> bytes:
    """The index as an array (images, 5) of whole numbers, for readers that know no JSON; see RANGES."""
    rows, first = [], 0
    for record in records:
        if isinstance(record, TiledRecord):
            end = first + record.total
            rows.append((first, end, record.grid.cols, record.grid.rows, record.tokens))
            first = end
        else:
            rows.append((first, first, 0, 0, 0))
    values = np.array(rows, "<i8").reshape(-1, len(RANGES))
    return npy.header_of_letters(values.shape, "<i8") + values.tobytes()
