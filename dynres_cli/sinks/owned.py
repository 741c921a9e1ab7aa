"""Whose the files are that are called like a shard's: what others put there is not ours to replace."""

from __future__ import annotations

from contextlib import suppress

from dynres_cli.errors import Unsound
from dynres_cli.manifest import ShardLayout
from dynres_cli.names import TIMES
from dynres_cli.sinks.index import open_index
from dynres_cli.sinks.shard import Shard, shards_in
from dynres_cli.storage import listed_below


def by_owner(root: str, layout: ShardLayout) -> tuple[list[Shard], list[Shard]]:
    """The shards of which a file lies in a folder: those that runs of ours wrote or began, and all others."""
    there = shards_in(root, layout)
    begun = _begun(root) if there else frozenset()
    ours, others = list[Shard](), list[Shard]()
    for shard in there:
        (ours if shard.stem in begun or _has_index(root, shard) else others).append(shard)
    return ours, others


def _begun(root: str) -> frozenset[str]:
    """The stems of all shards that a run has begun to write, though it may have been killed before their index."""
    try:
        return frozenset(listed_below(root, TIMES)[0])
    except (OSError, Unsound):
        return frozenset()


def _has_index(root: str, shard: Shard) -> bool:
    """Whether an index of ours beside it names the shard's file; so also where the state was not copied along."""
    with suppress(OSError, Unsound), open_index(root, shard.index) as index:
        return index.head.file == shard.file
    return False
