"""A container as a stream of Items in key order, whatever its maker wrote into it: nothing in it is trusted."""

from __future__ import annotations

import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from dynres_cli import keys
from dynres_cli.addresses import Address
from dynres_cli.containers import Kind, kind_at
from dynres_cli.errors import ImageError, Unsound
from dynres_cli.items import Failed, Item
from dynres_cli.ordering import in_key_order
from dynres_cli.storage import safe_parts
from dynres_cli.tree import Tree, looks_like_image
from dynres_cli.urls import is_url, last_name

DAMAGE = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(OSError, EOFError, ValueError, IndexError, KeyError, OverflowError, NotImplementedError, RecursionError),
)
"""What reading a damaged archive raises."""


@dataclass(frozen=True, slots=True)
class Member:
    """What an archive says of one of its parts: its name as it stands, and where its bytes are, or why they are not."""

    name: str
    address: Address
    is_link: bool = False
    is_special: bool = False


@dataclass(slots=True)
class Container:
    """One container, read by the rules of a walk through folders, which also keep the account."""

    path: str
    rules: Tree

    def items(self, source: str) -> Iterator[Item]:
        """Every candidate in it; `source` is what their names begin with."""
        prefix = source + "/" if source else ""
        kind = kind_at(self.path)
        named = self._rows(prefix, source) if kind == "parquet" else self._members(prefix, source, kind)
        items = (
            Item(keys.key_for(name, fold=self.rules.fold), name, str(address), explicit=True) for name, address in named
        )
        yield from in_key_order(items)

    def _rows(self, prefix: str, source: str) -> Iterator[tuple[str, Address]]:
        """The rows of a table, which are in order already; every one whose column's name can be a folder's is taken."""
        from dynres_cli.containers import tables  # noqa: PLC0415 - needs an extra

        try:
            for member in tables.members(self.path):
                name = prefix + member.name
                if plain_name(member.name) != member.name:
                    self.rules.skipped["unsafe_name"] += 1
                elif self._is_wanted(name) and member.is_special:
                    self.rules.skipped["special"] += 1
                elif self._is_wanted(name):
                    yield name, member.address
        except ImageError as error:
            self._fail(source, str(error))
        except tables.damage() as error:
            self._fail(source, _in_words(error))

    def _members(self, prefix: str, source: str, kind: Kind | None) -> Iterator[tuple[str, Address]]:
        """An archive's candidates in the order of their names.

        Of two with one name the later one counts, as it would if both were unpacked.
        """
        found: dict[str, Address] = {}
        try:
            for member in _opened(self.path, kind):
                name = self._candidate(member, prefix)
                if name is None:
                    continue
                if name in found:
                    self.rules.skipped["duplicate"] += 1
                found[name] = member.address
        except ImageError as error:
            self._fail(source, str(error))
        except DAMAGE as error:
            self._fail(source, _in_words(error))
        for name in keys.in_byte_order(list(found)):
            if any(parent in found for parent in keys.parents(name)):
                self.rules.skipped["duplicate"] += 1  # a picture cannot be a folder too
                continue
            yield name, found[name]

    def _candidate(self, member: Member, prefix: str) -> str | None:
        """The name of a member that is to be tiled; everything else is accounted for."""
        skipped = self.rules.skipped
        plain = plain_name(member.name)
        if plain is None:
            skipped["unsafe_name"] += 1
            return None
        if not plain or not self._is_wanted(prefix + plain, hidden_in=plain):
            return None
        if member.is_link or member.is_special:
            skipped["link_in_archive" if member.is_link else "special"] += 1
            return None
        if not looks_like_image(plain):
            skipped["not_an_image_name"] += 1
            return None
        return prefix + plain

    def _is_wanted(self, name: str, hidden_in: str = "") -> bool:
        is_hidden = hidden_in.startswith(".") or "/." in hidden_in
        if is_hidden and not self.rules.hidden:
            return False
        folders = (parent for parent in keys.parents(name) if parent)
        return self.rules.filter.file(name) and all(map(self.rules.filter.folder, folders))

    def _fail(self, source: str, why: str) -> None:
        """What cannot be listed is reported and counted; what was found before the damage stays."""
        message = f"{why}; what could not be listed is missing from this run"
        name = source or (last_name(self.path) if is_url(self.path) else os.path.basename(self.path))
        self.rules.failures.append(Failed(name, name, "read", "unreadable", message))


def _opened(path: str, kind: Kind | None) -> Iterator[Member]:
    if kind == "zip":
        from dynres_cli.containers import zips  # noqa: PLC0415 - a kind is loaded when it is met

        return zips.members(path)
    from dynres_cli.containers import tars  # noqa: PLC0415

    return tars.members(path)


def plain_name(name: str) -> str | None:
    """A member's name without idle parts, "" for the top itself; None where it leads elsewhere."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    plain = "/".join(parts)
    if name.startswith("/") or ".." in parts or "\\" in name or any(len(keys.to_bytes(part)) > 255 for part in parts):
        return None
    try:
        safe_parts(plain or "top")
    except Unsound:
        return None
    return plain


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"it cannot be read to its end: {error.strerror}"
    return f"it is damaged or not what its name says ({type(error).__name__})"
