"""What workers do for a shard beside tiling: see what an earlier run left of it, and put it together."""

from __future__ import annotations

from dataclasses import dataclass

from dynres_cli.engines.contract import Admit, Closing
from dynres_cli.items import Done, Failed, Item
from dynres_cli.job import Job, process
from dynres_cli.names import STATE
from dynres_cli.operations.shards.finished import Left, judged
from dynres_cli.operations.shards.putting import Place, ShardContents, put_together
from dynres_cli.picture import prepare_worker
from dynres_cli.sinks import parquet
from dynres_cli.sinks.shard import Shard


@dataclass(frozen=True, slots=True)
class ShardItem(Item):
    """A shard in the place of a picture, with the pictures that belong into it."""

    number: int = 0
    items: tuple[Item, ...] = ()
    kept: tuple[bool, ...] = ()


def shard_item(shard: Shard, items: tuple[Item, ...], kept: tuple[bool, ...] = ()) -> ShardItem:
    """A shard's item; its key begins as no picture's can."""
    key = f"{STATE}/{shard.stem}"
    return ShardItem(key, key, "", number=shard.number, items=items, kept=kept)


@dataclass(frozen=True, slots=True)
class Judged(Done):
    """What an earlier run left of a shard."""

    left: Left


@dataclass(frozen=True, slots=True)
class Judge:
    """The work on a shard that an earlier run may have finished."""

    place: Place
    job: Job

    def __call__(self, item: Item, _admit: Admit) -> Judged:
        prepare_worker()
        assert isinstance(item, ShardItem)  # noqa: S101 - the feed is our own
        shard = self.place.shard(item.number)
        return Judged(item.key, judged(self.place.out, shard, item.items, self.job))


@dataclass(frozen=True, slots=True)
class Work:
    """The work of a run: tile a picture into the staging folder, or put a shard together from there."""

    place: Place
    job: Job

    def __call__(self, item: Item, admit: Admit) -> Done | Failed | Closing:
        if not isinstance(item, ShardItem):
            return process(self.job, item, admit)
        prepare_worker()
        if self.place.layout == "parquet":
            admit(parquet.ROOM)
        wanted = ShardContents(self.place.shard(item.number), item.items, item.kept)
        put_together(self.place, self.job, wanted)
        return Done(item.key)
