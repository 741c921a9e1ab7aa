"""`dynres diff`: two outputs beside each other, picture by picture, from their manifests alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dynres_cli.keys import to_bytes
from dynres_cli.manifest import FailedRecord, FileEntry, Record, Run, TiledRecord, exact_key
from dynres_cli.operations.reading import Output

Kind = Literal["added", "removed", "changed", "same"]
ABSENT = None


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that the two runs were told differently; None where one does not have it."""

    name: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Difference:
    """One picture in two outputs; `what` names what changed, `grids` are its grids before and after."""

    key: str
    kind: Kind
    what: tuple[str, ...] = ()
    grids: tuple[str, str] | None = None


def settings(before: Run, after: Run) -> list[Setting]:
    """Every parameter and option that differs between two runs."""
    one, other = _told(before), _told(after)
    names = [*one, *(name for name in other if name not in one)]
    return [
        Setting(name, one.get(name), other.get(name))
        for name in names
        if one.get(name, ABSENT) != other.get(name, ABSENT)
    ]


def _told(run: Run) -> Mapping[str, Any]:
    known = {"preset": run.preset, "strategy": run.strategy, "algorithm": run.algorithm}
    return {**known, **run.params, **{f"--{name.replace('_', '-')}": value for name, value in run.options.items()}}


def differences(before: Output, after: Output) -> Iterator[Difference]:
    """Every picture of either, in key order; both manifests are read side by side and never held."""
    olds, news = before.records(), after.records()
    old, new = next(olds, None), next(news, None)
    while old is not None and new is not None:
        if _order(old) < _order(new):
            yield Difference(old.key, "removed")
            old = next(olds, None)
        elif _order(new) < _order(old):
            yield Difference(new.key, "added")
            new = next(news, None)
        else:
            yield compared(old, new)
            old, new = next(olds, None), next(news, None)
    while old is not None:
        yield Difference(old.key, "removed")
        old = next(olds, None)
    while new is not None:
        yield Difference(new.key, "added")
        new = next(news, None)


def _order(record: Record) -> bytes:
    return to_bytes(exact_key(record))


def compared(old: Record, new: Record) -> Difference:
    """One picture in both."""
    if isinstance(old, FailedRecord) or isinstance(new, FailedRecord):
        what = _of_failures(old, new)
        return Difference(old.key, "changed" if what else "same", what)
    what = tuple(name for name, changed in _changes(old, new).items() if changed)
    grids = (_grid(old), _grid(new)) if "grid" in what else None
    return Difference(old.key, "changed" if what else "same", what, grids)


def _of_failures(old: Record, new: Record) -> tuple[str, ...]:
    if old.status != new.status:
        return ("status",)
    same = isinstance(old, FailedRecord) and isinstance(new, FailedRecord) and old.code == new.code
    return () if same else ("code",)


def _changes(old: TiledRecord, new: TiledRecord) -> dict[str, bool]:
    return {
        "source": old.sha256 != new.sha256,
        "size": (old.width, old.height) != (new.width, new.height),
        "grid": old.grid != new.grid,
        "views": (old.tiles, old.total) != (new.tiles, new.total),
        "tokens": old.tokens != new.tokens,
        "pixels": _pixels_differ(old, new),
        "tensor": _tensors_differ(old, new),
        "flags": old.flags != new.flags,
    }


def _pixels_differ(old: TiledRecord, new: TiledRecord) -> bool:
    """Whether a view shows other levels; where only one of them has pictures, nothing can be said."""
    one, other = _digests(old), _digests(new)
    return bool(one and other) and one != other


def _digests(record: TiledRecord) -> dict[int | None, str | None]:
    return {each.view: each.pixels_sha256 for each in record.files if each.pixels_sha256 is not None}


def _tensors_differ(old: TiledRecord, new: TiledRecord) -> bool:
    """Whether the values differ, or are of another type; where only one of them has any, nothing can be said."""
    one, other = _tensors(old), _tensors(new)
    return bool(one and other) and one != other


def _tensors(record: TiledRecord) -> dict[int | None, str]:
    def is_tensor(entry: FileEntry) -> bool:
        return entry.kind == "tensor"

    return {each.view: each.sha256 for each in filter(is_tensor, record.files)}


def _grid(record: TiledRecord) -> str:
    return str(record.grid)
