"""Files on their way to an output: each is whole or not there, and the last one stands for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dynres_cli.storage.backend import backend_of
from dynres_cli.storage.calls import SYSTEM, Calls


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be: the buffers are written one after the other, uncopied; they may come as they are made."""

    name: str
    buffers: Iterable[bytes | bytearray | memoryview]
    mtime_ns: int | None = None
    """The modification time that it is given, where it stands for another file's."""


@dataclass(frozen=True, slots=True)
class Writer:
    """How files are written below `root`; picklable, so that a job can carry it."""

    root: str
    sync: bool = True
    calls: Calls = SYSTEM

    def write(self, key: str, files: Iterable[NewFile]) -> int:
        """Write all files into the folder `key` ("" is `root` itself), the last one as the commit marker; their bytes.

        Each file is on its way to the disk while the next one is asked for. All are written aside and made durable;
        then they get their names, the marker last. The names are made durable by `settle`: a power cut before that
        costs a picture that is made again, and nothing else. What has a name is whole. Raises RunError where the run
        cannot go on, otherwise ImageError `output_error`, and what `files` raises.
        """
        return self.begin(key, files)()

    def begin(self, key: str, files: Iterable[NewFile]) -> Callable[[], int]:
        """All of `write` but the wait for the disk, which the function that is returned does: it commits the files.

        Their buffers are no longer needed then. The commit may be done in another thread, and has to be done.
        """
        return backend_of(self.root).begin(self, key, files)

    def settle(self, key: str) -> None:
        """Make the names in the folder `key` durable, if it is there; quick where they are already."""
        backend_of(self.root).settle(self, key)

    def remove(self, key: str, names: Sequence[str]) -> None:
        """Remove files of the folder `key` in this order; one that is missing is passed over."""
        backend_of(self.root).remove(self, key, names)

    def remove_folder(self, key: str) -> None:
        """Remove the folder `key` if nothing is in it; it stays where that cannot be."""
        backend_of(self.root).remove_folder(self, key)
