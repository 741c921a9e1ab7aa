"""What an earlier run left of a picture, and whether it still counts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dynres_cli.errors import ImageError, Unsound
from dynres_cli.facts import FileLimits
from dynres_cli.items import Failed, Item, Tiled
from dynres_cli.jsontext import raw, shown
from dynres_cli.manifest import FailedRecord, Record, TiledRecord, parse_record
from dynres_cli.names import RECORD
from dynres_cli.opening import Identity, identity, opened, read_source
from dynres_cli.storage import read_below, safe_parts, sizes_below, stat_below

LARGEST_RECORD = 64 << 20
WORTH_RETRYING = frozenset(
    {"timeout", "out_of_memory", "worker_crash", "unreadable", "vanished", "changed", "output_error"}
)
"""Failures that may have been the machine's fault: tried again by every run."""


@dataclass(frozen=True, slots=True)
class Sameness:
    """What must be equal for an earlier outcome to count: names, parameters and the options that change outcomes."""

    preset: str
    strategy: str
    params: Mapping[str, Any]
    tiled_options: Mapping[str, Any]
    failed_options: Mapping[str, Any]
    limits: FileLimits
    max_tiles: int

    def allows(self, record: TiledRecord) -> bool:
        """Whether a picture that was tiled is within the limits of this run, too."""
        pixels = record.width * record.height
        return (
            record.bytes <= self.limits.max_bytes
            and pixels <= self.limits.max_pixels
            and record.total <= self.max_tiles
        )


@dataclass(frozen=True, slots=True)
class Earlier:
    """A record that was found, the time of its source, and when it was written, if that is known."""

    record: Record
    mtime_ns: int
    written_ns: int = 0


def earlier(out: str, key: str) -> Earlier | None:
    """The record that an earlier run committed for a key; None where there is none, or none that can be read.

    Raises RunError where an object store cannot be asked.
    """
    path = f"{key}/{RECORD}" if key else RECORD
    try:
        found = stat_below(out, path)
        if found is None:
            return None
        text = read_below(out, path, LARGEST_RECORD)
        if b"\n" in text.removesuffix(b"\n"):
            return None  # the manifest has one image a line, and takes each as it stands: a formatter was here
        record = parse_record(text, path)
        for entry in record.files if isinstance(record, TiledRecord) else ():
            safe_parts(entry.path)  # a record that leads elsewhere is not one of ours
        return Earlier(record, found.st_mtime_ns, found.st_ctime_ns)
    except (OSError, Unsound):
        return None


def still_good(item: Item, out: str, same: Sameness, *, retry_failed: bool) -> Tiled | Failed | None:
    """The outcome of an earlier run that need not be made again, or None."""
    before = earlier(out, item.key)
    if before is None:
        return None
    if isinstance(before.record, TiledRecord) and not _files_in_place(out, item.key, before.record):
        return None
    return still_counts(item, before, same, retry_failed=retry_failed)


def still_counts(item: Item, before: Earlier, same: Sameness, *, retry_failed: bool) -> Tiled | Failed | None:
    """The outcome that a record stands for if it would be the same now, whatever has become of its files."""
    record = before.record
    # The manifest takes a record as it stands: one that names another picture, or a place outside, must not get there.
    if (record.key, record.raw) != (shown(item.key), raw(item.key)):
        return None
    if (record.source, record.frame) != (shown(item.source), item.frame):
        return None
    if isinstance(record, FailedRecord):
        return None if retry_failed else _repeated(item, before, record, same)
    return _finished(item, before, record, same)


def _repeated(item: Item, before: Earlier, record: FailedRecord, same: Sameness) -> Failed | None:
    """A failure whose source and options are unchanged, unless it may have been the machine's fault."""
    source = identity(item.path, follow=item.explicit)
    # A failed record holds no size: another file of the same age, as rsync and cp -p make it, came after the record.
    unchanged = source is not None and source.mtime_ns == before.mtime_ns != 0 and not _came_after(source, before)
    if record.code in WORTH_RETRYING or not unchanged or dict(record.options or {}) != dict(same.failed_options):
        return None
    failed = item.failed(record.stage, record.code, record.message)
    return dataclasses.replace(failed, repeated=True, recorded=True)


def _came_after(source: Identity, before: Earlier) -> bool:
    """Whether anything was done to the file, or to what holds it, since its record was written."""
    return before.written_ns != 0 and source.ctime_ns > before.written_ns


def _finished(item: Item, before: Earlier, record: TiledRecord, same: Sameness) -> Tiled | Failed | None:
    """A picture that was tiled as it would be now, from the same source, with every file in its place.

    Where there is no source any more, as on a disk that is not mounted, that is a failure of this run; what was made
    of the picture is kept, for nothing says that it would be another one now.
    """
    made_alike = (
        (record.preset, record.strategy) == (same.preset, same.strategy)
        and dict(record.params) == dict(same.params)
        and dict(record.options or {}) == dict(same.tiled_options)
    )
    if not made_alike or not same.allows(record):
        return None
    source = identity(item.path, follow=item.explicit)
    if source is None:
        return _out_of_reach(item)
    return done(item.key, record, made=False) if _unchanged(item, source, before, record) else None


def _out_of_reach(item: Item) -> Failed | None:
    """That a source cannot be read, told without a record; None if it can be after all."""
    try:
        with opened(item.path, follow=item.explicit):
            return None
    except ImageError as error:
        failed = item.failed("read", error.code, f"{error}; what an earlier run made of it is kept")
        return dataclasses.replace(failed, recorded=True)


def _unchanged(item: Item, source: Identity, before: Earlier, record: TiledRecord) -> bool:
    """Size and time decide; where only the time differs, or one of both is not known, the content does."""
    if not _alike(source, record.bytes):
        return False
    # A row of a table has no size that could differ: another table of the same age came after the record.
    is_sure = source.size is not None or not _came_after(source, before)
    return (is_sure and source.mtime_ns == before.mtime_ns != 0) or _sha256(item, record.bytes) == record.sha256


def _alike(source: Identity, size: int) -> bool:
    """Whether a source may have this size: that of some objects is not known."""
    return source.size is None or source.size == size


def _sha256(item: Item, size: int) -> str:
    """The digest of a picture of this size; of none where it cannot be read, which its own attempt will report."""
    try:
        return read_source(item.path, FileLimits(max_bytes=size), follow=item.explicit).sha256
    except ImageError:
        return ""


def _files_in_place(out: str, key: str, record: TiledRecord) -> bool:
    """Whether every file that a record lists is the picture's own, and there with its size."""
    stated = {file_name(entry.path): entry.bytes for entry in record.files}
    are_own = all(entry.path == shown(f"{key}/{file_name(entry.path)}") for entry in record.files)
    return are_own and sizes_below(out, key, stated) == stated


def file_name(path: str) -> str:
    """The name in the picture's folder; the folder itself is the key, whose bytes a record may not be able to show."""
    return path.rpartition("/")[2]


def done(key: str, record: TiledRecord, *, made: bool) -> Tiled:
    """The outcome that a record stands for."""
    return Tiled(
        key=key,
        tiles=record.tiles,
        total=record.total,
        tokens=record.tokens,
        grid=str(record.grid),
        flags=record.flags,
        bytes_written=sum(entry.bytes for entry in record.files),
        made=made,
    )
