"""A finished output from Python: records one at a time, their arrays opened when they are asked for."""

from __future__ import annotations

import operator
import os
from array import array
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dynres_cli.errors import RunError, UsageError
from dynres_cli.jsontext import REPLACED
from dynres_cli.manifest import FailedRecord, FileEntry, Record, Run, TiledRecord, exact_key
from dynres_cli.operations.checking import npy_header, png_levels
from dynres_cli.operations.fields import RecordFields
from dynres_cli.operations.reading import Output, open_output
from dynres_cli.operations.replanning import replanned
from dynres_cli.sinks.contents import mapped, open_entry
from dynres_cli.storage import open_below
from dynres_cli.svg import plan_html
from dynres_cli.urls import is_url

Array = npt.NDArray[Any]

LISTED = 5
"""Numbers that a message gives of records that are shown alike."""


class OpenRecord(RecordFields):
    """One picture of an output: every field of its record by name, and its arrays.

    `status` is "tiled" or "failed"; a failed picture has `stage`, `code` and `message`, and neither arrays nor what is
    known of a tiled one. It can be copied and sent to other processes.
    """

    def __init__(self, output: Output, record: Record) -> None:
        self.record = record
        self._root = output.root
        files = () if isinstance(record, FailedRecord) else record.files
        self._paths = {entry.path: output.path(record, entry) for entry in files}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the record's own fields
        if name == "record":  # a copy that is only being made has none yet
            raise AttributeError(name)
        record = self.record
        if isinstance(record, FailedRecord) and name in RecordFields.__annotations__ and not hasattr(record, name):
            msg = f"{record.key} was not tiled ({record.code}) and has no {name}; look at its status first"
            raise AttributeError(msg)
        return getattr(record, name)

    def __repr__(self) -> str:
        return f"<{self.record.key}: {self._in_words()}>"

    def _in_words(self) -> str:
        record = self.record
        if isinstance(record, FailedRecord):
            return f"failed, {record.code}"
        return f"{record.width}×{record.height}, grid {record.grid}, {record.tokens:,} tokens"

    def _repr_html_(self) -> str:
        if isinstance(self.record, FailedRecord):
            return ""
        flags = f" · {', '.join(self.record.flags)}" if self.record.flags else ""
        return plan_html(replanned(self.record), f"{self.record.key} · {self._in_words()}{flags}")

    @property
    def pixel_values(self) -> Array | list[Array]:
        """What the model is fed: one array, or a list where its views differ in size; read from disk where touched.

        bfloat16 is stored as whole numbers of 16 bits. RunError where the run wrote no tensors, a file is damaged, or
        the picture failed.
        """
        entries = [each for each in self._files if each.kind == "tensor"]
        if not entries:
            raise _refusal(self.record.key, "has no tensor; tile it with --tensor npy")
        arrays = [self._array(each) for each in entries]
        return arrays[0] if entries[0].view is None else arrays

    @property
    def views(self) -> list[npt.NDArray[np.uint8]]:
        """The views as uint8 (height, width, 3) arrays in the model's order, from their pictures."""
        entries = sorted((each for each in self._files if each.kind != "tensor"), key=lambda each: each.view or 0)
        if not entries:
            raise _refusal(self.record.key, "has no tiles as pictures; tile it with --tiles png")
        return [self._levels(each) for each in entries]

    @property
    def _files(self) -> tuple[FileEntry, ...]:
        if isinstance(self.record, FailedRecord):
            raise _refusal(self.record.key, f"was not tiled ({self.record.code}): {self.record.message}")
        return self.record.files

    def _array(self, entry: FileEntry) -> Array:
        try:
            with open_entry(self._root, self._path(entry), entry) as file:
                header, start = npy_header(file), file.tell()
                if header is None or header[0] != entry.shape or header[1].hasobject:
                    raise _refusal(
                        self.record.key, f"has another array in {entry.path} than its record says; see dynres verify"
                    )
            return mapped(self._root, self._path(entry), entry, header[1], start)
        except (OSError, ValueError) as error:
            raise _refusal(self.record.key, f"cannot be read from {entry.path}: {error}; see dynres verify") from error

    def _levels(self, entry: FileEntry) -> npt.NDArray[np.uint8]:
        try:
            with open_entry(self._root, self._path(entry), entry) as file:
                levels = png_levels(file, entry)
        except (OSError, ValueError) as error:
            raise _refusal(self.record.key, f"cannot be read from {entry.path}: {error}; see dynres verify") from error
        if levels is None:
            raise _refusal(self.record.key, f"has no picture of its size in {entry.path}; see dynres verify")
        return levels

    def _path(self, entry: FileEntry) -> str:
        return self._paths[entry.path]


def _refusal(key: str, why: str) -> RunError:
    return RunError(f"{key} {why}", code="output")


class _Names:
    """The number of each record of an output by its exact key, and by the key that is shown where that tells one."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._exact: dict[str, int] = {}
        self._alike: dict[str, list[int]] = {}
        for number, record in enumerate(records):
            self._exact[exact_key(record)] = number
            if REPLACED in record.key:
                self._alike.setdefault(record.key, []).append(number)

    def number(self, key: str) -> int | None:
        """The record that is meant; KeyError where several are shown by this name."""
        alike = self._alike.get(key)
        if alike is None:
            return self._exact.get(key)
        if len(alike) > 1:
            numbers = ", ".join([*map(str, alike[:LISTED]), *["..."][: len(alike) > LISTED]])
            msg = (
                f"{key}: {len(alike)} pictures are shown by this name, numbers {numbers}; "
                "give the number, or the exact name of a file that is no UTF-8, which is os.fsdecode of its bytes"
            )
            raise KeyError(msg)
        return alike[0]


class OpenRun:
    """The records of an output, in key order: iterate, count, or ask by number or key.

    Safe to hand to worker processes, each of which opens the manifest for itself, and to share between threads.
    """

    def __init__(self, out: str | bytes | os.PathLike[str]) -> None:
        self._out = os.fsdecode(out)
        self._place = self._out if is_url(self._out) else os.path.abspath(self._out)
        """Where it is found from any folder: a notebook changes its own, and a worker may start in another one."""
        self._is_closed = False
        self._open()
        self._offsets = array("Q", (offset for offset, _ in self._output.located()))
        self._names: _Names | None = None

    def _open(self) -> None:
        self._stack = ExitStack()
        self._output = self._stack.enter_context(open_output(self._place))
        self._pid = os.getpid()

    def _make_own(self) -> None:
        if self._is_closed:
            raise _refusal(self._out, "was closed; open it again with open_run")
        if self._pid != os.getpid():
            self._open()  # a forked process shares its parent's place in the file

    @property
    def run(self) -> Run:
        """What the manifest says of all of them together."""
        return self._output.run

    def __len__(self) -> int:
        return len(self._offsets)

    def __contains__(self, key: object) -> bool:
        self._make_own()
        return isinstance(key, str) and self._number_of(key) is not None

    def __iter__(self) -> Iterator[OpenRecord]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, which: int | str) -> OpenRecord:
        """A record by its number in key order, or by its key.

        A key that is no UTF-8 is one as `os.fsdecode` gives it, or as it is shown, if no other is shown alike.
        """
        self._make_own()
        number = self._number_of(which) if isinstance(which, str) else self._number(which)
        if number is None:
            raise KeyError(which)
        return OpenRecord(self._output, self._output.at(self._offsets[number]))

    def _number(self, which: object) -> int:
        try:
            return operator.index(which)  # type: ignore[arg-type]
        except TypeError:
            several = range(2)
            with suppress(AttributeError, TypeError, ValueError):  # a slice of numbers tells which are meant
                several = range(*which.indices(len(self)))  # type: ignore[attr-defined]
            msg = (
                f"{which!r:.60} names no one picture; give a number or a key, "
                f"and for several of them [run[number] for number in {several}]"
            )
            raise UsageError(msg) from None

    def _number_of(self, key: str) -> int | None:
        if self._names is None:
            self._names = _Names(self._output.records())
        return self._names.number(key)

    def __reduce__(self) -> tuple[type[OpenRun], tuple[str]]:
        return OpenRun, (self._place,)

    def __repr__(self) -> str:
        run = self.run
        return f"<{self._out}: {run.tiled:,} tiled, {run.failed:,} failed, {run.tokens:,} tokens for {run.preset}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the manifest; arrays that were opened stay open."""
        self._is_closed = True
        self._stack.close()


def open_run(out: str | bytes | os.PathLike[str]) -> OpenRun:
    """An output that `dynres tile` wrote; RunError where it has no sound manifest."""
    return OpenRun(out)


def open_packed(out: str | bytes | os.PathLike[str]) -> dict[str, Array]:
    """What `dynres tile --layout packed` wrote: by key the views (views, 3, S, S), read from disk where touched.

    A key that is no UTF-8 is one as `os.fsdecode` gives it: what is shown instead may stand for several.
    RunError where it has no sound manifest, or another layout.
    """
    with open_output(os.fsdecode(out)) as output:
        if output.run.layout is None or output.run.layout.name != "packed":
            msg = f"{os.fsdecode(out)}: is not laid out as packed; read it with open_run"
            raise RunError(msg, code="output")
        shards = _Shards(output)
        return {
            exact_key(record): shards.views(record) for record in output.records() if isinstance(record, TiledRecord)
        }


class _Shards:
    """The arrays of an output that is packed, each mapped once."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._mapped: dict[str, Array] = {}

    def views(self, record: TiledRecord) -> Array:
        """A picture's part of its shard."""
        (entry,) = record.files
        first, path = entry.first or 0, self._output.path(record, entry)
        if path not in self._mapped:
            try:
                with open_below(self._output.root, path) as handle, os.fdopen(os.dup(handle), "rb") as file:
                    header = npy_header(file)
                    if header is None or header[1].hasobject:
                        raise _refusal(record.key, f"lies in {path}, which is damaged; see dynres verify")
                    self._mapped[path] = np.memmap(file, header[1], "r", file.tell(), header[0])
            except (OSError, ValueError) as error:
                raise _refusal(record.key, f"cannot be read from {path}: {error}; see dynres verify") from error
        return self._mapped[path][first : first + record.total]
