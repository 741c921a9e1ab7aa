"""The options of `dynres tile` that cut an output into shards, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dynres_cli.amounts import bytes_of
from dynres_cli.errors import UsageError
from dynres_cli.manifest import LayoutEntry

Layout = Literal["tree", "packed", "webdataset", "parquet"]
PackBy = Literal["tiles", "tokens"]

SHARD_SIZE = 256 << 20
"""Some 440 views of 448 pixels: as float32 a gigabyte."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What was asked for."""

    layout: Layout
    shard_size: str | None
    shard_tiles: int | None
    pack_by: PackBy | None
    batch: int | None

    def check(self) -> None:
        """Refuse what does not go together."""
        given = {
            "--shard-size": self.shard_size,
            "--shard-tiles": self.shard_tiles,
            "--pack-by": self.pack_by,
            "--batch": self.batch,
        }
        named = [name for name, value in given.items() if value is not None]
        if self.layout == "tree" and named:
            msg = f"{', '.join(named)}: a tree has no shards; add --layout packed, webdataset or parquet"
            raise UsageError(msg)
        if self.shard_size is not None and self.shard_tiles is not None:
            msg = "--shard-size and --shard-tiles both say when a shard is full; give one of the two"
            raise UsageError(msg)
        if self.batch is not None and self.pack_by is None:
            msg = "--batch only concerns shards of equal cost; add --pack-by tiles or --pack-by tokens"
            raise UsageError(msg)
        for name in ("--shard-tiles", "--batch"):
            if (number := given[name]) is not None and int(number) < 1:
                msg = f"{name} {number}: give 1 or more"
                raise UsageError(msg)

    def entry(self) -> LayoutEntry | None:
        """The layout as it stands in the manifest; None for a tree."""
        self.check()
        if self.layout == "tree":
            return None
        if self.shard_tiles is not None:
            return LayoutEntry(self.layout, shard_tiles=self.shard_tiles, pack_by=self.pack_by)
        size = SHARD_SIZE if self.shard_size is None else byte_count("--shard-size", self.shard_size)
        return LayoutEntry(self.layout, shard_size=size, pack_by=self.pack_by)


def byte_count(option: str, text: str) -> int:
    """So many bytes: `256M`, `1G`, or a plain number."""
    size = bytes_of(text)
    if size is None:
        msg = f"{option} {text}: write bytes as 256M or 1G"
        raise UsageError(msg)
    return size
