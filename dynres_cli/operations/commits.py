"""Where the records of an output were committed: in each picture's folder, or in the indexes of its shards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from dynres_cli.errors import RunError
from dynres_cli.jsontext import shown
from dynres_cli.manifest import Record, TiledRecord
from dynres_cli.names import MANIFEST, RECORD
from dynres_cli.operations.compiling import record_text
from dynres_cli.operations.reading import Output
from dynres_cli.operations.shards.catalogue import Catalogue
from dynres_cli.operations.shards.checking import PlacedShard
from dynres_cli.resume import file_name
from dynres_cli.sinks.shard import shard_of
from dynres_cli.storage import stat_below


@dataclass(slots=True)
class Commits:
    """The committed records of an output; those of shards are found by catalogues, one for each part."""

    output: Output
    _catalogues: dict[str, Catalogue] = field(default_factory=dict)

    @property
    def in_shards(self) -> bool:
        return self.output.run.layout is not None

    def text(self, key: str) -> bytes:
        """A key's record as it was committed; RunError where there is none."""
        if not self.in_shards:
            return record_text(self.output.home(key), key)
        return self._catalogue(self.output.part(key) or "").find(key)[1] + b"\n"

    def path(self, key: str, told: Record | None) -> str:
        """The file that holds the record, or should."""
        layout = self.output.run.layout
        if layout is None:
            return f"{shown(self.output.folder_of(key))}/{RECORD}"
        part = self.output.part(key)
        try:
            shard = self._catalogue(part or "").find(key)[0]
        except RunError:
            named = told.files[0].path if isinstance(told, TiledRecord) and told.files else ""
            found = shard_of(file_name(named), layout.name)
            if found is None:
                return MANIFEST
            shard = found
        return shard.index if part is None else f"{part}/{shard.index}"

    def stands(self, key: str) -> bool:
        """Whether something stands in the record's place although it cannot be read."""
        if self.in_shards:
            return False
        try:
            return stat_below(self.output.root, f"{self.output.folder_of(key)}/{RECORD}") is not None
        except (OSError, RunError):
            return True

    def shards(self) -> Iterator[PlacedShard]:
        """Every shard that lies in the output."""
        cut = self.output.run.layout
        if cut is not None:
            for part in self.output.run.parts or ("",):
                for shard in self._catalogue(part).shards:
                    yield PlacedShard(self.output.root, part, shard, cut)

    def _catalogue(self, part: str) -> Catalogue:
        layout = self.output.run.layout
        assert layout is not None  # noqa: S101 - only outputs in shards have catalogues
        if part not in self._catalogues:
            self._catalogues[part] = Catalogue(os.path.join(self.output.root, part), layout.name)
        return self._catalogues[part]
