"""A picture's line in the manifest beside the record in its own folder: which of the two is damaged."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dynres_cli.errors import Unsound
from dynres_cli.manifest import Record, TiledRecord, exact_key, line, parse_record
from dynres_cli.names import RECORD
from dynres_cli.operations.checking import Finding
from dynres_cli.operations.commits import Commits
from dynres_cli.operations.reading import check_key
from dynres_cli.operations.shards.catalogue import legible_key


@dataclass(frozen=True, slots=True)
class Witness:
    """What is known of one picture: its line as its own folder has it, its record, and what is wrong with either.

    The line is believed where both can be read, for it is the manifest that the files are held against.
    """

    line: bytes
    record: Record | None = None
    finding: Finding | None = None
    unsafe: bool = False


def witness(commits: Commits, text: bytes) -> Witness:
    """The picture of one line of the manifest."""
    told = _parsed(text)
    refusal = _refused(told) if told else None
    if refusal is not None:
        return Witness(text, None, refusal, unsafe=True)
    key = exact_key(told) if told else legible_key(text)
    if key is None:
        return Witness(b"")
    path = commits.path(key, told)
    try:
        committed = commits.text(key)
    except Unsound:
        return Witness(text, told, Finding(path, "unsafe_path" if commits.stands(key) else "missing"))
    own = _parsed(committed)
    expected = _expected(own, committed, commits.output.part(key)) if own else text
    damaged = own is None or not committed.endswith(b"\n") or (told is not None and expected != text)
    return Witness(expected, told or own, Finding(path, "manifest") if damaged else None)


def _refused(record: Record) -> Finding | None:
    """A key that leads outside, or is not what its exact bytes say."""
    try:
        check_key(record, RECORD)
    except Unsound as error:
        return Finding(record.key, "unsafe_path" if error.code == "unsafe_path" else "manifest")
    return None


def _parsed(text: bytes) -> Record | None:
    try:
        return parse_record(text, RECORD)
    except Unsound:
        return None


def _expected(record: Record, committed: bytes, part: str | None) -> bytes:
    """The line that a manifest has for a committed record: word for word, or as merging writes it."""
    return committed.removesuffix(b"\n") if part is None else as_line(record, part)


def as_line(record: Record, part: str) -> bytes:
    """A committed record as a line of a merged manifest."""
    return line(in_part(record, part)).encode()


def in_part(record: Record, part: str) -> Record:
    """A committed record as a merged manifest has it: with its paths below its shard's folder."""
    if not isinstance(record, TiledRecord):
        return record
    return replace(record, files=tuple(replace(entry, path=f"{part}/{entry.path}") for entry in record.files))


def check_committed(commits: Commits, record: Record) -> None:
    """Refuse a line that says other than the record that was committed; where there is none, the line is believed.

    RunError: one of the two was edited.
    """
    key, part = exact_key(record), commits.output.part(exact_key(record))
    try:
        own = _parsed(commits.text(key))
    except Unsound:
        return
    if own is not None and record != (own if part is None else in_part(own, part)):
        told = f"{record.key} is not what {commits.path(key, record)} says"
        msg = f"{commits.output.where}: {told}; one of them was edited, see `dynres verify`"
        raise Unsound(msg, "manifest")
