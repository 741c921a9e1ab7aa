"""The webdataset layout: tar shards of the same bytes on any machine, a sample's members side by side.

A sample is a picture: KEY.json says what it is, KEY.000.png ... are its views in the model's order, KEY.npy is its
tensor (KEY.000.npy ... where views differ in size). Keys are our own, for a dot in a file's name would end one.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dynres_cli.jsontext import to_json
from dynres_cli.manifest import FileEntry, Record, TiledRecord
from dynres_cli.sinks.shard import Sample, Shard, unplaced

END = bytes(2 * tarfile.BLOCKSIZE)


def placed(shard: Shard, records: Sequence[Record]) -> Iterator[Record]:
    """The records with their members' names and the place of each in the tar."""
    end = 0
    for place, record in enumerate(records):
        if not isinstance(record, TiledRecord):
            yield record
            continue
        files = []
        end += _room(len(description(record)))
        for entry in record.files:
            member, offset = _member_name(shard, place, entry), end + tarfile.BLOCKSIZE
            files.append(replace(unplaced(entry), path=shard.file, member=member, offset=offset))
            end += _room(entry.bytes)
        yield replace(record, files=tuple(files))


def are_named(shard: Shard, records: Sequence[Record]) -> bool:
    """Whether every member is called after its picture's place in this shard, and after the shard's part."""
    return all(
        entry.member == _member_name(shard, place, entry)
        for place, record in enumerate(records)
        if isinstance(record, TiledRecord)
        for entry in record.files
    )


def _member_name(shard: Shard, place: int, entry: FileEntry) -> str:
    return f"{shard.key(place)}.{extension(entry)}"


def extension(entry: FileEntry) -> str:
    """What a file is called in its sample."""
    suffix = "npy" if entry.kind == "tensor" else "png"
    return suffix if entry.view is None else f"{entry.view:03d}.{suffix}"


def _room(size: int) -> int:
    """The bytes that a member takes with its header."""
    return tarfile.BLOCKSIZE + size + -size % tarfile.BLOCKSIZE


def description(record: TiledRecord) -> bytes:
    """KEY.json. Every field is of one type in every sample, so that a reader may guess the types from a few."""
    told = {
        "key": record.key,
        "source": record.source,
        "source_sha256": record.sha256,
        "format": record.format,
        "width": record.width,
        "height": record.height,
        "preset": record.preset,
        "grid": {"cols": record.grid.cols, "rows": record.grid.rows},
        "tiles": record.tiles,
        "thumbnail": record.thumbnail,
        "total": record.total,
        "tokens": record.tokens,
        "flags": " ".join(record.flags),
    }
    return to_json(told).encode()


def content(samples: Sequence[Sample]) -> Iterator[bytes]:
    """The bytes of the shard."""
    for sample in samples:
        told = description(sample.record)
        yield from _member(f"{sample.key}.json", len(told), iter((told,)))
        for entry in sample.record.files:
            yield from _member(f"{sample.key}.{extension(entry)}", entry.bytes, sample.blocks(entry))
    yield END


def _member(name: str, size: int, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """A member without time, owner and group: nothing of this machine goes into the tar."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    yield info.tobuf(tarfile.GNU_FORMAT)
    yield from blocks
    yield bytes(-size % tarfile.BLOCKSIZE)
