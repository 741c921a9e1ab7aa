"""`dynres verify`: every file against the manifest, the manifest against the records, and whatever else lies there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from dynres_cli.errors import Unsound
from dynres_cli.jsontext import shown
from dynres_cli.keys import KeyList, KeyShard, to_bytes
from dynres_cli.manifest import FileEntry, Record, TiledRecord, exact_key
from dynres_cli.names import MANIFEST
from dynres_cli.operations.checking import Finding, problem_of
from dynres_cli.operations.commits import Commits
from dynres_cli.operations.counts import Counts
from dynres_cli.operations.heads import head_agrees
from dynres_cli.operations.reading import Output, open_output
from dynres_cli.operations.strangers import Known, beside, elsewhere
from dynres_cli.operations.witness import witness
from dynres_cli.resume import file_name


@dataclass(slots=True)
class Account:
    """What a verification has seen so far."""

    files: int = 0
    ok: int = 0
    images: int = 0
    unsafe: str | None = None
    """The first path that leads outside: then the manifest is not to be used at all."""


Progress = Callable[[int, int], None]
"""Told how many images are done, and of how many."""


class Second(Protocol):
    """A further look at pictures whose files are sound."""

    images: int
    """How many there are; told before the first."""

    def findings(self, record: TiledRecord, number: int) -> Iterator[Finding]:
        """What is wrong with the picture of this number, counted from 0."""
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """What is asked of a verification, and who is told how far it is."""

    progress: Progress
    second: Second | None = None


def verify(out: str, account: Account, check: Check) -> Iterator[Finding]:
    """Everything in an output that is not as its manifest says.

    RunError where the manifest is missing, foreign or of a newer schema, so that there is nothing to compare with.
    """
    try:
        with open_output(out) as output:
            yield from _Verification(output, account, check).findings()
    except Unsound as error:
        if error.code != "manifest":
            raise
        yield Finding(MANIFEST, "manifest")


@dataclass(slots=True)
class _Verification:
    """One pass over a manifest, which is compiled anew on the way as far as its bytes can be compared."""

    output: Output
    account: Account
    check: Check
    counts: Counts = field(default_factory=Counts)
    keys: KeyList = field(default_factory=KeyList)
    known: Known = field(default_factory=Known)
    example: TiledRecord | None = None
    last_key: bytes = b""
    sound: bool = True
    """Whether the manifest's own lines are in order so far."""
    commits: Commits = field(init=False)

    def __post_init__(self) -> None:
        self.commits = Commits(self.output)

    def findings(self) -> Iterator[Finding]:
        output, anew = self.output, hashlib.sha256()
        if self.check.second is not None:
            self.check.second.images = output.run.images
        try:
            for _, text in output.body.lines():
                anew.update(output.body.between if self.account.images else b"")
                anew.update((yield from self._image(text)))
                self.account.images += 1
                self.check.progress(self.account.images, output.run.images)
        except Unsound:
            self.sound = False
        anew.update(output.body.end)
        agrees = self.sound and head_agrees(output, self.counts, self.keys, self.example)
        damaged = list(output.body.damaged())
        yield from (Finding(path, "manifest") for path in damaged)
        if output.rewritten or (not damaged and not (agrees and anew.digest() == output.body.digest())):
            yield Finding(MANIFEST, "manifest")
        known = self.known.frozen()
        own: set[str] = set()
        for each in self.commits.shards():
            self.account.files += 1
            findings = list(each.findings(known))
            self.account.ok += not findings
            yield from findings
            own.update(each.paths)
        for path in elsewhere(output, known, own):
            yield Finding(shown(path), "extra")

    def _image(self, text: bytes) -> Generator[Finding, None, bytes]:
        """What is wrong with one picture; its line as its own record has it is returned."""
        found = witness(self.commits, text)
        if found.finding is not None:
            yield found.finding
        if found.unsafe and found.finding is not None:
            self.account.unsafe = self.account.unsafe or found.finding.path
        if found.record is not None:
            self._add(found.record)
            yield from self._files(found.record)
        return found.line

    def _add(self, record: Record) -> None:
        key = exact_key(record)
        shard = KeyShard.parse(self.output.run.shard) if self.output.run.shard else KeyShard()
        self.sound = self.sound and to_bytes(key) > self.last_key and shard.holds(key)
        self.last_key = to_bytes(key)
        self.keys.add(key)
        self.counts.add(record)
        self.known.add(self.commits.whereabouts(record))
        if self.example is None and isinstance(record, TiledRecord):
            self.example = record

    def _files(self, record: Record) -> Iterator[Finding]:
        """The files that a record names, and those beside them that it does not name."""
        entries = record.files if isinstance(record, TiledRecord) else ()
        sound = True
        for entry in entries:
            finding = self._file(record, entry)
            sound = sound and finding is None
            if finding is not None:
                yield finding
        expected = {file_name(entry.path) for entry in entries}
        for path in (
            () if self.commits.in_shards else beside(self.output, self.output.folder_of(exact_key(record)), expected)
        ):
            yield Finding(shown(path), "extra")
        if sound and self.check.second is not None and isinstance(record, TiledRecord):
            yield from self.check.second.findings(record, self.account.images)

    def _file(self, record: Record, entry: FileEntry) -> Finding | None:
        self.account.files += 1
        try:
            self.output.check_path(record, entry)
        except Unsound as error:
            if error.code != "unsafe_path":
                return Finding(entry.path, "manifest")
            self.account.unsafe = self.account.unsafe or entry.path
            return Finding(entry.path, "unsafe_path")
        problem = problem_of(self.output.root, self.output.path(record, entry), entry)
        if problem is not None:
            return Finding(self._name(record, entry), problem)
        self.account.ok += 1
        return None

    def _name(self, record: Record, entry: FileEntry) -> str:
        """What a file is called in a finding; inside a shard it is its member, or its picture."""
        if not self.commits.in_shards:
            return entry.path
        inside = entry.member if entry.offset is not None and entry.member else record.key
        return f"{entry.path}/{inside}"
