"""Object stores behind one small set of calls: fsspec's file systems, and S3 where it can do more than they say.

Nothing here is imported, and no package of the extras needed, before a URL is given.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from dynres_cli.errors import UsageError
from dynres_cli.storage.connecting import EXTRAS, file_system
from dynres_cli.storage.retrying import persistent
from dynres_cli.storage.stamps import stamp_of
from dynres_cli.urls import protocol

STAMP = "dynres-source-time"
"""The name under which an object's metadata keep the time of the source that it was made from."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object: `stamp` is its time to the second, and in the nanoseconds what tells two of one second apart.

    A stamp of 0 says nothing; `source_stamp` is that of the source whose record this object is, where it is known.
    """

    path: str
    size: int
    stamp: int = 0
    source_stamp: int = 0
    tag: str = ""


class Store:
    """Any of fsspec's file systems; every call is repeated while that may help."""

    end_of_folder = ""
    """What a folder's name ends with where it is listed."""

    def __init__(self, files: Any) -> None:  # noqa: ANN401 - fsspec has no types
        self.files = files

    def call(self, name: str, *arguments: object, **options: object) -> Any:  # noqa: ANN401
        """A method of the file system, by name, tried again where the network fails."""
        return persistent(partial(getattr(self.files, name), *arguments, **options))

    def head(self, path: str) -> Entry | None:
        """What is known of an object; None where there is none."""
        try:
            found = self.call("info", path)
        except FileNotFoundError:
            return None
        return entry_of(found) if found.get("type", "file") == "file" else None

    def read(self, path: str, start: int, length: int) -> bytes:
        """Bytes of an object from `start` on, fewer at its end."""
        return bytes(self.call("cat_file", path, start=start, end=start + length))

    def read_stamped(self, path: str, start: int, length: int) -> tuple[bytes, int]:
        """The same, with the stamp that came in the same answer; 0 from a store that tells none."""
        return self.read(path, start, length), 0

    def fetch(self, path: str, local: str) -> None:
        """The whole object as a local file."""
        self.call("get_file", path, local)

    def put(self, path: str, data: bytes) -> None:
        """Make an object of these bytes."""
        self.call("pipe_file", path, data)

    def swap(self, path: str, data: bytes, known: Entry | None) -> None:
        """Make an object where nothing but `known` stands; FileExistsError where the store tells that it changed."""
        now = self.head(path)
        if (now.stamp if now else None) != (known.stamp if known else None):
            raise FileExistsError(path)
        self.put(path, data)

    def put_file(self, local: str, path: str, stamp: int | None) -> None:
        """Make an object of a local file, with the time of the source that it stands for."""
        self.call("put_file", local, path, **(self.labelled(stamp) if stamp else {}))

    def labelled(self, _stamp: int) -> Mapping[str, object]:
        """The option by which an upload takes a source's time along; a store without any is asked for none."""
        return {}

    def remove(self, path: str) -> None:
        """Remove an object; FileNotFoundError where the store tells that there is none."""
        self.call("rm_file", path)

    def children(self, folder: str) -> tuple[list[Entry], list[str]]:
        """The objects and the names of the folders right below a folder."""
        try:
            found = self.call("ls", folder.rstrip("/") + self.end_of_folder, detail=True)
        except FileNotFoundError:
            return [], []
        top = len(folder.rstrip("/")) + 1
        names = [each["name"].rstrip("/") for each in found if each.get("type") == "directory"]
        files = [entry_of(each) for each in found if each.get("type", "file") == "file"]
        return [each for each in files if each.path[top:]], [name[top:] for name in names if name[top:]]

    def entries(self, folder: str) -> Iterator[Entry]:
        """Every object below a folder, however deep, in the order of the paths' bytes; one folder is held at a time."""
        files, folders = self.children(folder)
        by_path: dict[str, Entry | None] = {each.path: each for each in files}
        by_path |= {f"{folder.rstrip('/')}/{name}/": None for name in folders}
        for path in sorted(by_path, key=_bytes):
            found = by_path[path]
            if found is None:
                yield from self.entries(path)
            else:
                yield found

    def is_empty(self, folder: str) -> bool:
        """Whether there is nothing below a folder."""
        return next(self.entries(folder), None) is None


class S3(Store):
    """Amazon's S3 and what speaks its language: listings in key order page by page, and metadata."""

    def head(self, path: str) -> Entry | None:
        bucket, _, key = path.partition("/")
        if not key:
            return None
        try:
            found = self.call("call_s3", "head_object", Bucket=bucket, Key=key)
        except FileNotFoundError:
            return None
        label = found.get("Metadata", {}).get(STAMP, "")
        known = int(label) if label.isascii() and label.isdigit() else 0
        return Entry(path, found["ContentLength"], stamp_of(found), known, str(found.get("ETag", "")))

    def read_stamped(self, path: str, start: int, length: int) -> tuple[bytes, int]:
        from fsspec.asyn import sync  # noqa: PLC0415 - an extra

        bucket, _, key = path.partition("/")
        asked = {"Bucket": bucket, "Key": key, "Range": f"bytes={start}-{start + length - 1}"}

        async def answer() -> tuple[bytes, int]:
            found = await self.files._call_s3("get_object", **asked)  # noqa: SLF001 - its own way to await a call
            async with found["Body"] as body:
                return await body.read(), stamp_of(found)

        try:
            answered: tuple[bytes, int] = persistent(partial(sync, self.files.loop, answer))
        except OSError as error:
            if _code(error) not in ("InvalidRange", "416"):
                raise
            entry = self.head(path)  # it is shorter now than where the bytes began
            return b"", entry.stamp if entry else 0
        return answered

    def swap(self, path: str, data: bytes, known: Entry | None) -> None:
        bucket, _, key = path.partition("/")
        condition = {"IfMatch": known.tag} if known else {"IfNoneMatch": "*"}
        try:
            self.call("call_s3", "put_object", Bucket=bucket, Key=key, Body=data, **condition)
        except FileExistsError:
            raise
        except OSError as error:
            code = _code(error)
            if code in ("PreconditionFailed", "412", "ConditionalRequestConflict", "409"):
                raise FileExistsError(path) from error
            if code not in ("NotImplemented", "501"):
                raise
            super().swap(path, data, known)  # a store that knows no conditions

    def labelled(self, stamp: int) -> Mapping[str, object]:
        return {"Metadata": {STAMP: str(stamp)}}

    def remove(self, path: str) -> None:
        bucket, _, key = path.partition("/")
        self.call("call_s3", "delete_object", Bucket=bucket, Key=key)

    def children(self, folder: str) -> tuple[list[Entry], list[str]]:
        files: list[Entry] = []
        folders: list[str] = []
        top = len(folder.rstrip("/").partition("/")[2])
        for page in self._pages(folder, Delimiter="/"):
            files += [each for each in _contents(page, folder) if not each.path.endswith("/")]
            folders += [each["Prefix"][top:].strip("/") for each in page.get("CommonPrefixes", ())]
        return files, folders

    def entries(self, folder: str) -> Iterator[Entry]:
        for page in self._pages(folder):
            yield from _contents(page, folder)

    def is_empty(self, folder: str) -> bool:
        return not next(self._pages(folder, MaxKeys=1)).get("Contents")

    def _pages(self, folder: str, **options: object) -> Iterator[Mapping[str, Any]]:
        """The answers to one listing; no more than a thousand names are held at a time."""
        bucket, _, prefix = folder.rstrip("/").partition("/")
        asked = {"Bucket": bucket, "Prefix": prefix + "/" if prefix else "", **options}
        token: dict[str, object] = {}
        while True:
            page: Mapping[str, Any] = self.call("call_s3", "list_objects_v2", **asked, **token)
            yield page
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}


def _code(error: OSError) -> str:
    """What S3 calls an error."""
    return str(getattr(error.__cause__, "response", {}).get("Error", {}).get("Code", ""))


class Google(Store):
    """Google's store, whose uploads take metadata by another name."""

    def labelled(self, stamp: int) -> Mapping[str, object]:
        return {"metadata": {STAMP: str(stamp)}}


def _contents(page: Mapping[str, Any], folder: str) -> Iterator[Entry]:
    bucket = folder.partition("/")[0]
    for each in page.get("Contents", ()):
        yield Entry(f"{bucket}/{each['Key']}", each["Size"], stamp_of(each))


def entry_of(found: Mapping[str, Any]) -> Entry:
    """What fsspec says of an object."""
    label = str((found.get("metadata") or {}).get(STAMP, "")) if isinstance(found.get("metadata"), Mapping) else ""
    known = int(label) if label.isascii() and label.isdigit() else 0
    return Entry(found["name"], int(found.get("size") or 0), stamp_of(found), known)


def _bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


_KINDS: Mapping[str, type[Store]] = {"s3": S3, "s3a": S3, "gs": Google, "gcs": Google}


def _kind(scheme: str) -> type[Store]:
    if EXTRAS.get(scheme) == "http":
        from dynres_cli.storage.web import Web  # noqa: PLC0415 - only for pages of the web

        return Web
    return _KINDS.get(scheme, Store)


_OPEN: dict[tuple[int, str], Store] = {}


def store_of(url: str) -> tuple[Store, str]:
    """The store that a URL names, and the place in it as the store knows it.

    A connection does not survive a fork: every process has its own.
    """
    scheme = protocol(url)
    if scheme in ("file", "local"):
        msg = f"{url!r} is a local path; leave out the {scheme}://"
        raise UsageError(msg)
    mine = (os.getpid(), scheme)
    if mine not in _OPEN:
        _OPEN[mine] = _kind(scheme)(file_system(scheme))
    store = _OPEN[mine]
    return store, str(store.files._strip_protocol(url))  # noqa: SLF001 - fsspec's own name for a public need
