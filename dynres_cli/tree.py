"""A folder as a stream of Items in key order, whatever is in it: links, pipes, odd names, earlier outputs, loops."""

from __future__ import annotations

import heapq
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from dynres_cli import keys
from dynres_cli.formats import EXTENSIONS
from dynres_cli.globs import EVERYTHING, Filter
from dynres_cli.items import Failed, Item
from dynres_cli.names import MANIFEST, RECORD, SHARD, STATE, is_own
from dynres_cli.storage import start_below
from dynres_cli.urls import below, is_url

SkipReason = Literal["not_an_image_name", "link", "link_in_archive", "special", "is_output", "unsafe_name", "duplicate"]
"""Why something that was met is no candidate. Hidden and filtered names are not counted: they are not visited.

A link in an archive is never followed, a `link` in a folder on request.
"""

SCHEMA_WORD, INDEX_WORD = b'"dynres.manifest/', b'"dynres.shard/'
START = 64
"""Bytes of a file that tell whose it is."""

FileId = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder on the way down: `prefix` is what the keys in it begin with, `above` tells loops."""

    prefix: str
    path: str
    above: frozenset[FileId] = frozenset()


@dataclass(slots=True)
class Tree:
    """The rules of one walk, and its account of what was passed over."""

    filter: Filter = EVERYTHING
    hidden: bool = False
    follow_links: bool = False
    out: str | None = None
    fold: bool = False
    skipped: Counter[SkipReason] = field(default_factory=Counter)
    failures: list[Failed] = field(default_factory=list)
    _inside_out: bool = False

    def items(self, source: str, path: str) -> Iterator[Item]:
        """Every candidate below a folder, in the order of the keys' bytes; `source` is what their names begin with."""
        self._inside_out = self.out is not None and is_inside(path, self.out)
        top = _Folder(source + "/" if source else "", path)
        names = self._names(top, top=True)
        if source:
            yield from self._emit(top, names)
            return
        reserved = {name for name in names if keys.is_reserved(name.removesuffix("/"), fold=self.fold)}
        regular = self._emit(top, [name for name in names if name not in reserved])
        yield from merged(regular, self._emit(top, list(reserved)))

    def _emit(self, top: _Folder, names: list[str]) -> Iterator[Item]:
        """Walk with a stack of its own: a path of 2,000 folders is deeper than Python's."""
        stack = [(top, iter(names))]
        while stack:
            folder, rest = stack[-1]
            name = next(rest, None)
            if name is None:
                stack.pop()
            elif name.endswith("/"):
                below = self._entered(folder, name)
                if below is not None:
                    stack.append((below, iter(self._names(below))))
            else:
                source = folder.prefix + name
                path = os.path.join(folder.path, native(name))
                yield Item(keys.key_for(source, fold=self.fold), source, path, explicit=self.follow_links)

    def _entered(self, folder: _Folder, name: str) -> _Folder | None:
        """The folder below, or None where a followed link leads into the output or back to a folder above."""
        path = os.path.join(folder.path, native(name[:-1]))
        if not self.follow_links:
            return _Folder(folder.prefix + name, path)
        if os.path.islink(path) and self._leads_into_out(path):
            self.skipped["is_output"] += 1
            return None
        here = _file_id(folder.path)
        above = folder.above | {here} if here else folder.above
        if _file_id(path) in above:
            self.skipped["link"] += 1
            return None
        return _Folder(folder.prefix + name, path, above)

    def _names(self, folder: _Folder, *, top: bool = False) -> list[str]:
        """The folder's candidates and subfolders (these with `/`), in key order; everything else is accounted for."""
        names: list[str] = []
        skipped: Counter[SkipReason] = Counter()
        try:
            if self.out is not None and same_place(folder.path, self.out):
                self.skipped["is_output"] += 1
                return []
            with os.scandir(folder.path) as entries:
                for entry in entries:
                    if self._marks_output(entry, top=top):
                        self.skipped["is_output"] += 1
                        return []
                    name = self._candidate(entry, folder.prefix, skipped)
                    if name is not None:
                        names.append(name)
        except OSError as error:
            self.failures.append(_unreadable(folder, error))
        self.skipped.update(skipped)
        return self._sorted(names, folder.prefix)

    def _candidate(self, entry: os.DirEntry[str], prefix: str, skipped: Counter[SkipReason]) -> str | None:
        """The entry's name if it is to be visited, with `/` if it is a folder."""
        name = portable(entry.name)
        if name.startswith(".") and not self.hidden:
            return None
        if entry.is_symlink() and not self.follow_links:
            skipped["link"] += 1
            return None
        if entry.is_dir():
            # A folder that is named like a picture is counted, for it is no such picture, and still visited.
            if looks_like_image(name):
                skipped["special"] += 1
            return name + "/" if self.filter.folder(prefix + name) else None
        if not self.filter.file(prefix + name):
            return None
        reason = "is_output" if self._is_made(entry) else _reason_against(entry, name)
        if reason is not None:
            skipped[reason] += 1
            return None
        return name

    def _is_made(self, entry: os.DirEntry[str]) -> bool:
        """Whether a file is of the output: left there by a run that was killed, or met by way of a link."""
        if self._inside_out:
            return is_own(entry.name)
        return entry.is_symlink() and self._leads_into_out(entry.path)

    def _leads_into_out(self, link: str) -> bool:
        """Whether a followed link leads from elsewhere into the output."""
        return self.out is not None and not self._inside_out and is_inside(link, self.out)

    def _marks_output(self, entry: os.DirEntry[str], *, top: bool) -> bool:
        """Whether this entry shows that its folder was written by dynres: its tiles are nobody's input.

        A folder that the user names, the top, may have been written by another run: that is asked before.
        """
        if entry.name == RECORD:
            return self._inside_out
        if top:
            return False
        if entry.name == STATE:
            return entry.is_dir(follow_symlinks=False)
        return entry.name == MANIFEST and _has_manifest(os.path.dirname(entry.path))

    def _sorted(self, names: list[str], prefix: str) -> list[str]:
        if not self.fold:
            return keys.in_byte_order(names)

        def final(name: str) -> bytes:
            return keys.to_bytes(prefix + name if name.endswith("/") else keys.key_for(prefix + name, fold=True))

        return sorted(names, key=final)


def merged(regular: Iterable[Item], held: Iterable[Item]) -> Iterator[Item]:
    """A stream in key order together with a few Items whose keys were changed so that they belong elsewhere."""

    def order(item: Item) -> bytes:
        return keys.to_bytes(item.key)

    moved = sorted(held, key=order)
    return heapq.merge(regular, moved, key=order) if moved else iter(regular)


def looks_like_image(name: str) -> bool:
    """Whether a name ends like a picture's."""
    return os.path.splitext(name)[1].lower() in EXTENSIONS


def _reason_against(entry: os.DirEntry[str], name: str) -> SkipReason | None:
    """Why something that is not a folder is no candidate, by `lstat` alone: nothing is opened."""
    if not looks_like_image(name):
        return "not_an_image_name"
    if entry.is_file():
        return None
    return "link" if entry.is_symlink() else "special"


def _unreadable(folder: _Folder, error: OSError) -> Failed:
    source = folder.prefix.removesuffix("/") or portable(folder.path)
    message = f"the folder cannot be listed: {error.strerror}; what it holds is missing from this run"
    return Failed(source, source, "read", "unreadable", message)


def is_output(folder: str) -> bool:
    """Whether a folder was written by dynres: finished, as its manifest says, or begun."""
    if is_url(folder):
        from dynres_cli.storage import objects  # noqa: PLC0415 - only for object stores

        return objects.has_state(folder)
    return os.path.isfile(os.path.join(folder, STATE, "lock")) or _has_manifest(folder)


def _has_manifest(folder: str) -> bool:
    """Whether a folder's manifest is ours; one that is no plain file, or may not be read, is not, nor waited for."""
    return is_of_dynres(start_below(folder, MANIFEST, START))


def is_shard(path: str) -> bool:
    """Whether an archive or a table is a shard that dynres wrote: only the index beside it tells, not its name."""
    folder, name = os.path.split(path)
    found = SHARD.fullmatch(name)
    if found is None:
        return False
    return INDEX_WORD in start_below(folder or os.curdir, f"shard-{found[1]}.index.json", START)


def is_of_dynres(start: bytes) -> bool:
    """Whether a manifest that begins with these bytes is one of ours: web pages and browsers have some of that name."""
    return SCHEMA_WORD in start[:START]


def portable(path: str) -> str:
    """A path as a key: `/` between its parts, its exact bytes as UTF-8 whatever the locale."""
    if os.sep != "/":
        path = path.replace(os.sep, "/")
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "surrogateescape")


def native(name: str) -> str:
    """The way back: a part of a key as this system's own name."""
    return name if name.isascii() else os.fsdecode(keys.to_bytes(name))


def same_place(one: str, other: str) -> bool:
    """Whether two paths lead to one file or folder; False if either does not exist."""
    try:
        return os.path.samestat(os.stat(one), os.stat(other))
    except OSError:
        return False


def is_made_in(path: str, out: str | None) -> bool:
    """Whether a file that is named by itself is one that runs have made in this output, by its name and place alone."""
    folder, name = os.path.split(path)
    if out is None or not is_own(name):
        return False
    if is_url(path):
        return is_url(out) and below(path, out) is not None
    return is_inside(folder, out)


def is_inside(path: str, folder: str) -> bool:
    """Whether a path lies in a folder or below it, links resolved."""
    real, top = os.path.realpath(path), os.path.realpath(folder)
    return real == top or real.startswith(top.rstrip(os.sep) + os.sep)


def _file_id(path: str) -> FileId | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
