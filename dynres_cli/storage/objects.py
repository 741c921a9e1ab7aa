"""An output in an object store: the same promises as on a disk, kept by the store's own rule that an object is whole.

An upload that breaks off leaves nothing under its name. So every file of a picture is made in a local staging folder,
uploaded at once, and the commit marker only after all others are there. What a store has no words for, the time of a
source, travels in the marker's metadata.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dynres_cli.errors import ImageError, RunError, Unsound
from dynres_cli.names import STATE
from dynres_cli.storage.calls import classify
from dynres_cli.storage.paths import safe_parts
from dynres_cli.storage.retrying import is_final, network_errors, retries
from dynres_cli.storage.scratch import scratch
from dynres_cli.storage.stores import Store, store_of

if TYPE_CHECKING:
    from dynres_cli.storage.writer import NewFile, Writer

_AT_ONCE = 8
"""Uploads of one picture that are under way together."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of an object, under the names that os.stat has for it; the time is that of the source."""

    st_size: int
    st_mtime_ns: int
    st_mode: int = stat.S_IFREG
    st_ctime_ns: int = 0
    """Not known: a store has no such time of its own files that could be compared with a source's."""


@cache
def _threads(_process: int) -> ThreadPoolExecutor:
    """Threads that wait for the network; a forked process needs its own."""
    return ThreadPoolExecutor(_AT_ONCE, "upload")


def place_of(root: str, *names: str) -> tuple[Store, str]:
    """The store of a root, and the place of something below it."""
    store, top = store_of(root)
    return store, "/".join((top.rstrip("/"), *(name for name in names if name)))


def begin(writer: Writer, key: str, files: Iterable[NewFile]) -> Callable[[], int]:
    """Upload all files into a folder, the last one as the commit marker, after all others; nothing is left to do.

    All are there before the first one is sent: what fails while they are made leaves nothing in the store.
    """
    root = writer.root
    store, folder = place_of(root, _checked(key))
    with scratch("upload") as staging:
        written, staged = 0, list[tuple[str, int | None]]()
        for file in files:
            written += _stage(staging, file, root)
            staged.append((file.name, file.mtime_ns))

        def upload(named: tuple[str, int | None]) -> None:
            name, stamp = named
            store.put_file(os.path.join(staging, name), f"{folder}/{name}", stamp)

        try:
            list(_threads(os.getpid()).map(upload, staged[:-1]))
            upload(staged[-1])
        except network_errors() as error:
            raise _explain(error, key, root) from error
    return lambda: written


def settle(_writer: Writer, _key: str) -> None:
    """Nothing to do: a store answers an upload when it is durable."""


def _stage(folder: str, file: NewFile, root: str) -> int:
    path = os.path.join(folder, file.name)
    try:
        with open(path, "xb") as copy:
            copy.writelines(file.buffers)
            return copy.tell()
    except OSError as error:
        waiting = f"{folder}, where files wait for their upload"
        raise classify(error, waiting) or refusal(error, root, "cannot be written to") from error


def _checked(key: str) -> str:
    """A key that a store can hold as it is; another one is its picture's failure, not the run's."""
    try:
        "/".join(safe_parts(key) if key else ()).encode()
    except (Unsound, UnicodeEncodeError) as error:
        message = "its name is not UTF-8 or leads elsewhere, which an object store cannot hold; rename it"
        raise ImageError(code="output_error", message=message) from error
    return key


def remove(writer: Writer, key: str, names: Sequence[str]) -> None:
    """Remove objects of a folder, in this order."""
    store, folder = place_of(writer.root, _checked(key))
    try:
        for name in names:
            with suppress(FileNotFoundError):
                store.remove(f"{folder}/{name}")
    except network_errors() as error:
        raise _explain(error, key, writer.root) from error


def remove_folder(_writer: Writer, _key: str) -> None:
    """Nothing to do: a store has no folders."""


@contextmanager
def open_below(root: str, path: str) -> Iterator[int]:
    """An open handle of a local copy of the object; FileNotFoundError where there is none."""
    safe_parts(path)
    store, place = place_of(root, path)
    with scratch("copy") as folder:
        copy = os.path.join(folder, "copy")
        with _explained(root):
            store.fetch(place, copy)
        handle = os.open(copy, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            yield handle
        finally:
            os.close(handle)


def read_below(root: str, path: str, limit: int) -> bytes:
    """The bytes of an object; RunError `too_large` above `limit`."""
    safe_parts(path)
    store, place = place_of(root, path)
    with _explained(root):
        data = store.read(place, 0, limit + 1)
    if len(data) > limit:
        message = f"{path}: has more than the {limit:,} bytes that are read; remove it and run again"
        raise Unsound(message, "too_large")
    return data


def part_below(root: str, path: str, start: int, size: int) -> bytes:
    """So many bytes of an object from a place on, which is one request; fewer where it ends before."""
    safe_parts(path)
    store, place = place_of(root, path)
    with _explained(root):
        return store.read(place, start, size)


def start_below(root: str, path: str, most: int) -> bytes:
    """The first bytes of an object, if there is one."""
    found = stat_below(root, path)
    return part_below(root, path, 0, most) if found and found.st_size else b""


def stat_below(root: str, path: str) -> Found | None:
    """What the store says of an object; None where there is none."""
    safe_parts(path)
    store, place = place_of(root, path)
    with _explained(root):
        found = store.head(place)
    return Found(found.size, found.source_stamp) if found else None


def sizes_below(root: str, folder: str, names: Iterable[str]) -> dict[str, int]:
    """The sizes of those objects of a folder that are there, by one request for all of them."""
    there, _folders = _children(root, folder)
    return {name: there[name] for name in names if name in there}


def listed_below(root: str, folder: str) -> tuple[list[str], list[str]]:
    """The names of the objects right below a folder, and of the folders there."""
    there, folders = _children(root, folder)
    return sorted(there), sorted(folders)


def _children(root: str, folder: str) -> tuple[dict[str, int], list[str]]:
    store, place = place_of(root, folder)
    with _listing(root):
        files, folders = store.children(place)
    return {each.path.rpartition("/")[2]: each.size for each in files}, folders


def is_fresh(root: str) -> bool:
    """Whether nothing but the lock is there, so that no picture needs to be looked for."""
    store, place = place_of(root)
    with _listing(root):
        return all(
            each.path == f"{place}/{STATE}/lock" for each, _ in zip(store.entries(place), range(2), strict=False)
        )


def is_empty(root: str) -> bool:
    """Whether nothing is there at all."""
    store, place = place_of(root)
    with _listing(root):
        return store.is_empty(place)


def has_state(root: str) -> bool:
    """Whether a run has kept its state here."""
    store, place = place_of(root)
    with _listing(root):
        return not store.is_empty(f"{place}/{STATE}")


def free_bytes(_root: str) -> int:
    """More than anybody writes: a store has no end."""
    return sys.maxsize


def clean_tree(_root: str) -> int:
    """Nothing to remove: an upload that broke off never got a name."""
    return 0


def check_writable(root: str) -> None:
    """Make sure that objects can be made and removed below `root`."""
    store, probe = place_of(root, STATE, f"probe-{secrets.token_hex(4)}")
    try:
        store.put(probe, b"")
        store.remove(probe)
    except network_errors() as error:
        raise refusal(error, root, "cannot be written to") from error


@contextmanager
def _explained(root: str) -> Iterator[None]:
    """FileNotFoundError stays what it is; whatever else the network does ends the run."""
    try:
        yield
    except FileNotFoundError:
        raise
    except network_errors() as error:
        raise refusal(error, root, "cannot be read") from error


@contextmanager
def _listing(root: str) -> Iterator[None]:
    """A folder that is not there is an empty one: what a listing does not find is the bucket."""
    try:
        with _explained(root):
            yield
    except FileNotFoundError as error:
        raise refusal(error, root, "cannot be read") from error


def _explain(error: Exception, key: str, root: str) -> RunError | ImageError:
    """What a failed call means; an ImageError's text names nothing, for it may become part of a record."""
    is_too_long = isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG
    if is_too_long and key and not key.startswith(STATE + "/"):
        return ImageError("output_error", "its name is longer than the object store allows; rename it")
    return refusal(error, root, "cannot be written to")


def refusal(error: Exception, root: str, what: str) -> RunError:
    """The error that ends a run whose store does not do what it should."""
    if isinstance(error, FileNotFoundError):
        why = "there is no such bucket; make it first, or correct the name"
    elif isinstance(error, PermissionError):
        why = "the store refuses; check the credentials and what they allow"
    elif "Credentials" in type(error).__name__:
        why = "no credentials were found; set them as for the store's own tools"
    else:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())[:200] or type(error).__name__
        given_up = f"given up after {1 + retries()} tries: {reason}; run the same command again to go on"
        why = f"{reason}; correct that and run the same command again" if is_final(error) else given_up
    return RunError(f"{root}: {what}: {why}", "output")
