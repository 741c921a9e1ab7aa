"""Reads a finished output: its manifest line by line, never held as a whole, and nothing in it trusted."""

from __future__ import annotations

import binascii
import errno
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

from dynres_cli.errors import RunError, Unsound
from dynres_cli.jsontext import shown
from dynres_cli.keys import KeyList, to_bytes
from dynres_cli.keys import shard_of as part_of
from dynres_cli.manifest import (
    ALGORITHM,
    FileEntry,
    Keys,
    Record,
    Run,
    TiledRecord,
    exact_key,
    parse_record,
    parse_run,
)
from dynres_cli.names import MANIFEST, volume_name
from dynres_cli.operations.bodies import Body, OneFile, Readable, Volumes
from dynres_cli.operations.counts import Counts
from dynres_cli.operations.linewise import HEAD, NEWER, damaged, line_by_line, refusal
from dynres_cli.operations.replanning import replanned
from dynres_cli.resume import LARGEST_RECORD, file_name
from dynres_cli.sinks.index import open_index
from dynres_cli.sinks.shard import shard_of, shards_in
from dynres_cli.storage import open_below, safe_parts
from dynres_cli.urls import is_url, joined


@dataclass(frozen=True, slots=True)
class Output:
    """An output folder with a manifest of ours, and the open manifest; `where` is its name in messages."""

    root: str
    run: Run
    body: Body
    head: bytes
    """The first line, as it stands."""
    rewritten: bool = False
    """Another program has written the manifest anew: the same data, other bytes."""

    @property
    def where(self) -> str:
        return named(self.root)

    def records(self) -> Iterator[Record]:
        """Every record in key order, each once; RunError where one is not sound, and at the end for wrong counts."""
        return (record for _, record in self.located())

    def located(self) -> Iterator[tuple[int, Record]]:
        """The same, each with the place of its line, by which `at` finds it again."""
        keys, counts, last = KeyList(), Counts(), b""
        for offset, text in self.body.lines():
            record = self.parsed(text)
            key = exact_key(record)
            if to_bytes(key) <= last:
                raise self._miscounted()
            last = to_bytes(key)
            keys.add(key)
            self.check_plan(record)
            counts.add(record)
            yield offset, record
        if Keys(keys.count, keys.digest) != self.run.keys or counts != Counts.of(self.run):
            raise self._miscounted()

    def _miscounted(self) -> Unsound:
        why = "its images are not those that its head counts; it was edited, so do not rely on it"
        return refusal(self.where, why)

    def at(self, offset: int) -> Record:
        """The record whose line begins at this place."""
        return self.parsed(self.body.at(offset))

    def parsed(self, text: bytes) -> Record:
        """The record of one line, with every path in it found to be safe and its own."""
        record = parse_record(text, self.where)
        check_key(record, self.where)
        if isinstance(record, TiledRecord):
            for entry in record.files:
                self.check_path(record, entry)
        return record

    def check_plan(self, record: Record) -> None:
        """Refuse a record that the rules which wrote it would not make."""
        if isinstance(record, TiledRecord) and self.run.algorithm == ALGORITHM:
            try:
                replanned(record)
            except Unsound as error:
                raise refusal(self.where, str(error), error.code) from None

    def check_path(self, record: Record, entry: FileEntry) -> None:
        """Refuse a path that leads elsewhere than into the picture's own folder, or to a shard."""
        try:
            safe_parts(entry.path)
        except Unsound as error:
            raise refusal(self.where, str(error), error.code) from None
        if entry.path != shown(self.path(record, entry)) or not self._is_placed(entry):
            raise refusal(
                self.where, f"{entry.path} is not in the folder of {record.key}; the manifest was edited", "manifest"
            )

    def _is_placed(self, entry: FileEntry) -> bool:
        """Whether an entry says where it lies in a shard, if it is to lie in one."""
        layout = self.run.layout
        if layout is None:
            return entry.offset is None and entry.at is None and entry.member is None
        start = entry.at if layout.name == "parquet" else entry.offset
        shard = shard_of(file_name(entry.path), layout.name)
        is_named = entry.kind == "tensor" if layout.name == "packed" else entry.member is not None
        is_there = shard is not None and shard.file == file_name(entry.path)
        return is_there and is_named and start is not None and start >= 0

    def folder_of(self, key: str) -> str:
        """The folder of a picture below the root, as the file system knows it."""
        part = self.part(key)
        return key if part is None else f"{part}/{key}"

    def part(self, key: str) -> str | None:
        """The shard's folder that holds a key, where several outputs were joined."""
        return self.run.parts[part_of(key, len(self.run.parts))] if self.run.parts else None

    def home(self, key: str) -> str:
        """The folder that the run wrote to which made this key: the root, or a shard's below it."""
        return joined(self.root, self.part(key) or "")

    def path(self, record: Record, entry: FileEntry) -> str:
        """The path below the root of a file, or of the shard that holds it, as the file system knows it."""
        if self.run.layout is not None:
            part = self.part(exact_key(record))
            return file_name(entry.path) if part is None else f"{part}/{file_name(entry.path)}"
        return f"{self.folder_of(exact_key(record))}/{file_name(entry.path)}"


def head_at(out: str) -> Run | None:
    """What the manifest of an output says of its run; None where there is none that can be read.

    Raises RunError for one of a newer schema: it is whole, and whoever goes on would take it for a damaged one.
    """
    try:
        with open_output(out) as output:
            return output.run
    except Unsound as error:
        if error.code == NEWER:
            raise
        return None


def layout_of(out: str, run: Run | None) -> str | None:
    """How an output is laid out as far as it is there, by its run or by a shard; None where nothing tells."""
    if run is not None:
        return run.layout.name if run.layout else "tree"
    for shard in shards_in(out, "packed"):  # an index has the same name in every layout
        with suppress(OSError, Unsound), open_index(out, shard.index) as index:
            return index.head.layout.name
    return None


def named(root: str) -> str:
    """The manifest's name in messages."""
    return shown(joined(root, MANIFEST))


@contextmanager
def open_output(out: str) -> Iterator[Output]:
    """The output at `out`; RunError where its manifest is missing, foreign, of a newer schema, damaged or unsafe."""
    root = _root(out)
    where = named(root)
    with _opened(root, where) as found, line_by_line(found, where) as file:
        rewritten = file is not found
        first = file.readline(LARGEST_RECORD)
        head = HEAD.fullmatch(first)
        if head is None:
            raise damaged(where)
        run = parse_run(head[1], where)
        for part in run.parts or ():
            safe_parts(part)
        with _body(root, run, file, len(first)) as body:
            yield Output(root, run, body, first, rewritten)


@contextmanager
def _body(root: str, run: Run, file: Readable, start: int) -> Iterator[Body]:
    """Where the images stand; of volumes only those names are followed that dynres gives."""
    if run.manifests is None:
        yield OneFile(file, start, named(root))
        return
    names = [volume.path for volume in run.manifests]
    if file.read(len(OneFile.end) + 1) != OneFile.end or names != [volume_name(i) for i in range(len(names))]:
        raise damaged(named(root))
    with closing(Volumes(root, run.manifests)) as volumes:
        yield volumes


def _root(out: str) -> str:
    """The output's folder, where its manifest may have been named."""
    if is_url(out):
        return out.rstrip("/").removesuffix(f"/{MANIFEST}")
    return os.path.dirname(out) or os.curdir if os.path.basename(out) == MANIFEST and os.path.isfile(out) else out


@contextmanager
def _opened(root: str, where: str) -> Iterator[Readable]:
    """The manifest's file, which has to be a plain one."""
    if not is_url(root) and not os.path.isdir(root):
        raise refusal(where, "there is no such folder; name the output of a `dynres tile` run", "manifest_missing")
    try:
        with open_below(root, MANIFEST) as handle, os.fdopen(os.dup(handle), "rb") as file:
            yield file
    except FileNotFoundError:
        raise refusal(
            where, "there is no manifest; finish the `dynres tile` run that writes there first", "manifest_missing"
        ) from None
    except PermissionError:
        raise refusal(where, "the manifest may not be read; check its permissions", "manifest") from None
    except OSError as error:
        if error.errno not in {errno.EMFILE, errno.ENFILE}:
            raise
        msg = f"{where}: too many files are open; raise the system's limit (ulimit -n)"
        raise RunError(msg, "open_files") from None


def check_key(record: Record, where: str) -> None:
    """Refuse a key that could lead outside, or whose exact bytes are not what it shows."""
    try:
        key = exact_key(record)
        safe_parts(key)
    except (binascii.Error, ValueError):
        raise refusal(where, f"the raw name of {record.key} is not base64") from None
    except Unsound as error:
        raise refusal(where, str(error), error.code) from None
    if shown(key) != record.key:
        raise refusal(where, f"the raw name of {record.key} is another name; it was edited")
