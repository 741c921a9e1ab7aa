"""A prefix of an object store as a stream of Items in key order: the rules of a walk through folders, without folders.

A store lists its objects in the order of their names' bytes, which is the order of keys, so nothing is held.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dynres_cli import keys
from dynres_cli.addresses import Address, extension
from dynres_cli.containers.members import plain_name
from dynres_cli.errors import UsageError
from dynres_cli.items import Item
from dynres_cli.names import STATE, is_own
from dynres_cli.ordering import in_key_order
from dynres_cli.tree import Tree, looks_like_image
from dynres_cli.urls import bare, below, is_url, joined, last_name


@dataclass(slots=True)
class Prefix:
    """One prefix, and by whose rules it is walked."""

    url: str
    rules: Tree
    _outputs: set[str] = field(default_factory=set)
    """Folders in which dynres has written: their tiles are nobody's input."""
    _asked: set[str] = field(default_factory=set)
    """Folders whose state folder was asked for before the listing came to it."""
    _inside_out: bool = False

    def items(self, source: str) -> Iterator[Item]:
        """Every candidate below the prefix; `source` is what their names begin with."""
        if self.rules.out is not None and (inside := below(self.rules.out, self.url)):
            self._outputs.add(inside + "/")
            self.rules.skipped["is_output"] += 1
        self._inside_out = self.rules.out is not None and below(self.url, self.rules.out) is not None
        yield from _without_parents(in_key_order(self._candidates(source + "/" if source else "")))

    def _candidates(self, prefix: str) -> Iterator[Item]:
        from dynres_cli.storage.objects import refusal  # noqa: PLC0415 - only for object stores
        from dynres_cli.storage.retrying import network_errors  # noqa: PLC0415
        from dynres_cli.storage.stores import store_of  # noqa: PLC0415

        store, top = store_of(self.url)
        top = top.rstrip("/")
        scheme = self.url.partition("://")[0]
        try:
            for entry in store.entries(top):
                name = entry.path[len(top) + 1 :]
                if self._is_candidate(name, prefix):
                    # The web's own paths are whole addresses.
                    url = entry.path if is_url(entry.path) else f"{scheme}://{entry.path}"
                    address = Address("object", url, entry.size, entry.stamp, (), extension(name))
                    source = prefix + name
                    yield Item(keys.key_for(source, fold=self.rules.fold), source, str(address))
        except network_errors() as error:
            raise refusal(error, bare(self.url), "cannot be listed") from error

    def _is_candidate(self, name: str, prefix: str) -> bool:
        """Whether an object is to be tiled; what is not is accounted for where a walk through folders would do so."""
        skipped = self.rules.skipped
        if not name or name.endswith("/") or self._is_output(name):
            return False  # the last is what stores' own web pages make for an empty folder
        if plain_name(name) != name:
            skipped["unsafe_name"] += 1
            return False
        if (name.startswith(".") or "/." in name) and not self.rules.hidden:
            return False
        folders = (prefix + parent for parent in keys.parents(name) if parent)
        if not self.rules.filter.file(prefix + name) or not all(map(self.rules.filter.folder, folders)):
            return False
        if looks_like_image(name):
            return True
        skipped["not_an_image_name"] += 1
        return False

    def _is_output(self, name: str) -> bool:
        """Whether an object lies in an output of dynres, whose state folder comes before nearly all that is in it."""
        if self._inside_out and is_own(name.rpartition("/")[2]):
            self.rules.skipped["is_output"] += 1
            return True
        found = name.find("/" + STATE + "/")
        if found >= 0:
            self._add_output(name[: found + 1])
        if is_own(name.rpartition("/")[2]):
            self._ask_above(name)
        return any(name.startswith(output) for output in self._outputs)

    def _ask_above(self, name: str) -> None:
        """Ask for the state of those folders above an object in which it is listed later: `!` is before `.`."""
        from dynres_cli.storage.objects import has_state  # noqa: PLC0415 - only for object stores

        for parent in keys.parents(name):
            folder = parent + "/"
            if not parent or folder in self._asked or name[len(folder) :] > STATE:
                continue
            self._asked.add(folder)
            if has_state(joined(self.url, parent)):
                self._add_output(folder)

    def _add_output(self, folder: str) -> None:
        if folder not in self._outputs:
            self._outputs.add(folder)
            self.rules.skipped["is_output"] += 1


def _without_parents(items: Iterator[Item]) -> Iterator[Item]:
    """The items, unless one's key is the folder of another: a store can hold both, an output cannot."""
    above: list[str] = []
    for item in items:
        while above and not item.key.startswith(above[-1]):
            above.pop()
        owner = next((key for key in above if item.key.startswith(key + "/")), None)
        if owner is not None:
            msg = (
                f"{owner!r} is an object and {item.key!r} would need a folder of that name in the output; "
                "tile them in two runs, or leave one out with --exclude"
            )
            raise UsageError(msg)
        above.append(item.key)
        yield item


def given(url: str) -> Address | None:
    """The object that a URL names; None where it is a prefix. UsageError where there is neither."""
    from dynres_cli.storage.objects import refusal  # noqa: PLC0415 - only for object stores
    from dynres_cli.storage.retrying import network_errors  # noqa: PLC0415
    from dynres_cli.storage.stores import store_of  # noqa: PLC0415

    store, path = store_of(url)
    try:
        entry = None if url.endswith("/") else store.head(path)
        if entry is not None:
            return Address("object", bare(url), entry.size, entry.stamp, (), extension(last_name(url)))
        if not store.is_empty(path):
            return None
    except FileNotFoundError:
        pass
    except PermissionError as error:
        raise refusal(error, url, "cannot be read") from error
    except network_errors() as error:
        raise refusal(error, url, "cannot be read") from error
    msg = f"the input {url!r} does not exist; check the bucket and the path"
    raise UsageError(msg)


def matches(pattern: str) -> list[str]:
    """The URLs that a URL with * in its path stands for, in their order; UsageError where there is none."""
    from dynres_cli.storage.objects import refusal  # noqa: PLC0415 - only for object stores
    from dynres_cli.storage.retrying import network_errors  # noqa: PLC0415
    from dynres_cli.storage.stores import store_of  # noqa: PLC0415

    store, path = store_of(pattern)
    scheme = pattern.partition("://")[0]
    try:
        # A star does not stand for a hidden name, as in any shell.
        found = [each for each in sorted(store.call("glob", path)) if not each.rpartition("/")[2].startswith(".")]
    except network_errors() as error:
        raise refusal(error, pattern, "cannot be listed") from error
    if not found:
        msg = f"nothing matches {pattern!r}; check the bucket and the path"
        raise UsageError(msg)
    return [f"{scheme}://{each}" for each in found]
