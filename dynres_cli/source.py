"""From the inputs of a command line to a stream of Items in key order; no picture is opened here."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec

from dynres_cli import keys
from dynres_cli.addresses import Address
from dynres_cli.containers import kind_at, kind_of
from dynres_cli.errors import MissingExtra, UsageError
from dynres_cli.globs import EVERYTHING, Filter
from dynres_cli.items import Failed, Item
from dynres_cli.lists import names_in
from dynres_cli.tree import SkipReason, Tree, is_made_in, is_output, is_shard, merged, portable, same_place
from dynres_cli.urls import bare, is_url, is_web, last_name


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user asked for: files and folders, a list of files, and which of what they hold.

    `out` is the output folder, never taken as input; `fold` says that it ignores case or Unicode form.
    """

    inputs: tuple[str, ...] = ()
    files_from: str | None = None
    null_separated: bool = False
    root: str | None = None
    filter: Filter = EVERYTHING
    hidden: bool = False
    follow_links: bool = False
    out: str | None = None
    fold: bool = False
    is_stopped: Callable[[], bool] = lambda: False
    """Asked while stdin has nothing to read; a list that is stopped counts as empty."""


@dataclass(frozen=True, slots=True)
class _Start:
    """A file or folder that the user named: `source` is what its keys begin with, `named` the user's own words."""

    source: str
    path: str
    named: str
    folder: bool
    address: Address | None = None
    """Where the bytes of a single object are, which has no path."""

    @property
    def is_container(self) -> bool:
        """Whether it is one file with many pictures in it, which stands for a folder."""
        return self.folder and kind_at(self.path) is not None and (is_url(self.path) or not os.path.isdir(self.path))


@dataclass(slots=True)
class Listing:
    """An iterator of Items in key order, and the account of what it met beside them (complete once it is exhausted)."""

    selection: Selection
    starts: tuple[_Start, ...]
    skipped: Counter[SkipReason] = field(default_factory=Counter)
    failures: list[Failed] = field(default_factory=list)
    """Folders that could not be listed: reported and counted, but without a record, for they are no pictures."""
    found: int = 0

    def __iter__(self) -> Iterator[Item]:
        tree = Tree(
            self.selection.filter,
            hidden=self.selection.hidden,
            follow_links=self.selection.follow_links,
            out=self.selection.out,
            fold=self.selection.fold,
            skipped=self.skipped,
            failures=self.failures,
        )
        regular = (item for start in self.starts if not self._reserved(start) for item in self._items(start, tree))
        held = [item for start in self.starts if self._reserved(start) for item in self._items(start, tree)]
        for item in merged(regular, held):
            self.found += 1
            yield item

    def _reserved(self, start: _Start) -> bool:
        return keys.is_reserved(start.source.partition("/")[0], fold=self.selection.fold)

    def _items(self, start: _Start, tree: Tree) -> Iterator[Item]:
        if start.is_container:
            from dynres_cli.containers.members import Container  # noqa: PLC0415 - only where one is given

            return Container(start.path, tree).items(start.source)
        if start.folder and is_url(start.path):
            from dynres_cli.prefixes import Prefix  # noqa: PLC0415 - only for object stores

            return Prefix(start.path, tree).items(start.source)
        if start.folder:
            return tree.items(start.source, start.path)
        key = keys.key_for(start.source, fold=self.selection.fold)
        return iter((Item(key, start.source, str(start.address or start.path), explicit=True),))


def listing(selection: Selection) -> Listing:
    """Check everything that can be checked before any work, then list lazily.

    Raises UsageError for an input that does not exist, for a listed file outside the root, and for two inputs that
    would share a place in the output.
    """
    if selection.root is not None and selection.files_from is None:
        msg = "--root says where the keys of a list begin; give one with --files-from, or leave --root out"
        raise UsageError(msg)
    skipped: Counter[SkipReason] = Counter()
    starts = []
    for start in (*_from_command_line(selection), *_from_list(selection)):
        if not start.folder and is_made_in(start.path, selection.out):
            skipped["is_output"] += 1
        else:
            starts.append(start)
    keys.check_distinct((keys.key_for(start.source, fold=selection.fold), start.named) for start in starts)
    kept = []
    for start in starts:
        if not start.folder and start.address is None and _is_special(start.path):
            skipped["special"] += 1
        else:
            kept.append(start)
    return Listing(selection, tuple(sorted(kept, key=lambda start: _sort_key(start, selection))), skipped)


def _sort_key(start: _Start, selection: Selection) -> bytes:
    """A folder's keys all begin with its own and a slash."""
    key = start.source if start.folder else keys.key_for(start.source, fold=selection.fold)
    return keys.to_bytes(key + "/" if start.folder and key else key)


def _is_special(path: str) -> bool:
    """Whether the path is neither a file nor missing: a FIFO, a socket, a device."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _from_command_line(selection: Selection) -> Iterator[_Start]:
    inputs = _expanded(selection.inputs)
    several = len(inputs) + (selection.files_from is not None) > 1
    for given in inputs:
        if is_url(given):
            yield _remote(given, selection.out, several=several)
            continue
        folder = _is_folder(given) or kind_of(given) is not None
        _check_extra(given)
        if not folder:
            yield _Start(portable(_name(given)), given, given, folder=False)
            continue
        _refuse_output_itself(given, selection.out)
        _refuse_other_output(given, given)
        _refuse_shard(given, given)
        yield _Start(portable(_name(given)) if several else "", given, given, folder=True)


def _expanded(inputs: tuple[str, ...]) -> list[str]:
    """The inputs, with patterns in URLs replaced by what they match: no shell can do that."""
    named: list[str] = []
    for each in inputs:
        if "*" in each and is_url(each) and not is_web(each):
            from dynres_cli.prefixes import matches  # noqa: PLC0415 - only for object stores

            named += matches(each)
        else:
            named.append(each)
    return named


def _remote(url: str, out: str | None, *, several: bool) -> _Start:
    """An object, a container in a store, or a prefix with everything below."""
    from dynres_cli.prefixes import given  # noqa: PLC0415 - only for object stores

    if out is not None and is_url(out) and bare(out) == bare(url):
        msg = f"the output {out!r} is the input itself; give another prefix for the output"
        raise UsageError(msg)
    name = last_name(url)
    _check_extra(name)
    address = given(url)
    if address is not None and kind_of(name) is None:
        return _Start(name, url, url, folder=False, address=address)
    if address is None:
        _refuse_other_output(url, url)
    else:
        _refuse_shard(bare(url), url)
    return _Start(name if several else "", bare(url), url, folder=True)


def _check_extra(name: str) -> None:
    """Refuse a table that cannot be read before anything is made."""
    if kind_of(name) == "parquet" and find_spec("pyarrow") is None:
        msg = f"{name!r} needs a package that is not installed: pip install 'dynres[parquet]'"
        raise MissingExtra(msg)


def _is_folder(given: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(given).st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        msg = f"the input {given!r} does not exist; check the path (a name that begins with - needs ./ before it)"
        raise UsageError(msg) from None
    except OSError:
        return False  # trying it will give the reason, as a failed record


def _refuse_output_itself(given: str, out: str | None) -> None:
    if out is not None and same_place(given, out):
        msg = f"the output {out!r} is the input itself; give another folder for the output"
        raise UsageError(msg)


def _refuse_other_output(path: str, named: str) -> None:
    """Guarantee 34: what an earlier run made is nobody's input."""
    if is_output(path):
        msg = f"{named!r} is an output of dynres, whose tiles are no inputs; give the pictures it was made from"
        raise UsageError(msg)


def _refuse_shard(path: str, named: str) -> None:
    """The same of a shard: taken for an archive of pictures, it would give way to what is made of it."""
    if is_shard(path):
        msg = f"{named!r} is a shard that dynres wrote, and tiles are no inputs; give the pictures it was made from"
        raise UsageError(msg)


def _name(given: str) -> str:
    """The last part of a path; for `.` and `..` the real folder's own name."""
    name = os.path.basename(os.path.normpath(given))
    if name in ("", ".", ".."):
        name = os.path.basename(os.path.realpath(given))
    if not name:
        msg = f"the input {given!r} has no name to put its pictures under; give it alone, or give the folders in it"
        raise UsageError(msg)
    return name


def _from_list(selection: Selection) -> Iterator[_Start]:
    if selection.files_from is None:
        return
    root = os.path.abspath(selection.root or os.curdir)
    for line in names_in(selection.files_from, b"\0" if selection.null_separated else b"\n", selection.is_stopped):
        if is_url(line):
            msg = f"{line!r} in the list is a URL, and lists name local files; give URLs as inputs themselves"
            raise UsageError(msg)
        below = _below(_looked_up(line, root), root)
        if below is None:
            msg = f"{line!r} in the list is outside the root {root!r}; give --root a folder that holds all listed files"
            raise UsageError(msg)
        # What the key says is what is opened: behind a linked folder `..` would lead elsewhere.
        path = os.path.join(root, below) if below else root
        folder = os.path.isdir(path)
        if folder and not (selection.out and same_place(path, selection.out)):  # its own is passed over in the walk
            _refuse_other_output(path, line)
        yield _Start(portable(below), path, line, folder)


def _looked_up(line: str, root: str) -> str:
    """A listed name is meant from the root; if nothing is there, from the current folder."""
    below_root = os.path.join(root, line)
    if os.path.lexists(below_root) or not os.path.lexists(line):
        return below_root
    return os.path.abspath(line)


def _below(path: str, root: str) -> str | None:
    """The path from the root on, "" for the root itself, or None if it is outside; links may lead in."""
    plain = os.path.normpath(path)
    inside = _relative(plain, root)
    if inside is not None:
        return inside
    folder, name = os.path.split(plain)
    return _relative(os.path.join(os.path.realpath(folder), name), os.path.realpath(root))


def _relative(path: str, top: str) -> str | None:
    try:
        relative = os.path.relpath(path, top)
    except ValueError:  # another drive
        return None
    if relative == os.pardir or relative.startswith(os.pardir + os.sep):
        return None
    return "" if relative == os.curdir else relative
