"""Where the records of an output were committed: in each picture's folder, or in the indexes of its shards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from dynres_cli.aside import is_any_aside
from dynres_cli.errors import Unsound
from dynres_cli.jsontext import shown
from dynres_cli.keys import KeyShard
from dynres_cli.manifest import Record, TiledRecord, exact_key
from dynres_cli.names import MANIFEST, RECORD
from dynres_cli.operations.compiling import find_record
from dynres_cli.operations.reading import Output
from dynres_cli.operations.shards.catalogue import Catalogue
from dynres_cli.operations.shards.checking import PlacedShard, entry_of
from dynres_cli.resume import file_name
from dynres_cli.sinks.shard import Shard, part_name, shard_of
from dynres_cli.storage import stat_below
from dynres_cli.urls import joined


@dataclass(slots=True)
class Commits:
    """The committed records of an output; those of shards are found by catalogues, one for each part."""

    output: Output
    _catalogues: dict[str, Catalogue] = field(default_factory=dict)
    _any_aside: dict[str, bool] = field(default_factory=dict)
    """By part, where it was asked for."""

    @property
    def in_shards(self) -> bool:
        return self.output.run.layout is not None

    def text(self, key: str) -> bytes:
        """A key's record as it was committed; RunError where there is none."""
        if not self.in_shards:
            return self._in_tree(self.output.home(key), key)
        return self._catalogue(self.output.part(key) or "").find(key)[1] + b"\n"

    def _in_tree(self, home: str, key: str) -> bytes:
        if home not in self._any_aside:
            self._any_aside[home] = is_any_aside(home)
        return find_record(home, key, any_aside=self._any_aside[home])[1]

    def path(self, key: str, told: Record | None) -> str:
        """The file that holds the record, or should."""
        if not self.in_shards:
            return f"{shown(self.output.folder_of(key))}/{RECORD}"
        try:
            shard: Shard | None = self._catalogue(self.output.part(key) or "").find(key)[0]
        except Unsound:
            shard = self._shard_named(told)
        return MANIFEST if shard is None else self._index(shard, key)

    def whereabouts(self, record: Record) -> str:
        """Where the manifest puts a picture: into its folder, or into the index of one shard.

        No manifest says where a failure is: that is the first index which has it.
        """
        key = exact_key(record)
        if not self.in_shards:
            return self.output.folder_of(key)
        shard = self._shard_named(record)
        return entry_of(self.path(key, record) if shard is None else self._index(shard, key), key)

    def _shard_named(self, record: Record | None) -> Shard | None:
        """The shard that a record says its files are in."""
        layout = self.output.run.layout
        if layout is None or not isinstance(record, TiledRecord) or not record.files:
            return None
        return shard_of(file_name(record.files[0].path), layout.name)

    def _index(self, shard: Shard, key: str) -> str:
        part = self.output.part(key)
        return shard.index if part is None else f"{part}/{shard.index}"

    def stands(self, key: str) -> bool:
        """Whether something stands in the record's place although it cannot be read."""
        if self.in_shards:
            return False
        try:
            return stat_below(self.output.root, f"{self.output.folder_of(key)}/{RECORD}") is not None
        except (OSError, Unsound):
            return True

    def shards(self) -> Iterator[PlacedShard]:
        """Every shard that lies in the output."""
        run = self.output.run
        if run.layout is None:
            return
        for number, folder in enumerate(run.parts or ("",), 1):
            part = KeyShard(number, len(run.parts)) if run.parts else KeyShard.parse(run.shard or "1/1")
            for shard in self._catalogue(folder).shards:
                named = replace(shard, part=part_name(part.index, part.count))
                yield PlacedShard(self.output.root, folder, named, run.layout)

    def _catalogue(self, part: str) -> Catalogue:
        layout = self.output.run.layout
        assert layout is not None  # noqa: S101 - only outputs in shards have catalogues
        if part not in self._catalogues:
            self._catalogues[part] = Catalogue(joined(self.output.root, part), layout.name)
        return self._catalogues[part]
