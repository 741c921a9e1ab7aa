"""Pictures that a run's shards would lose because a folder or an archive could not be listed, or not to its end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from dynres_cli.errors import Unsound
from dynres_cli.items import Failed
from dynres_cli.job import Job
from dynres_cli.manifest import Record, exact_key, parse_record
from dynres_cli.operations.spool import Spool
from dynres_cli.sinks.index import open_index
from dynres_cli.sinks.shard import shards_in
from dynres_cli.source import Listing
from dynres_cli.tree import portable


def would_lose(job: Job, found: Listing, spool: Spool) -> bool:
    """Whether shards hold pictures of what could not be listed which are not in this run's list; not with --overwrite.

    What could not be listed before either, and a damaged archive that ends where it did, lose nothing.
    """
    if job.redo:
        return False
    places = tuple(_place(failed, found) for failed in found.failures)
    missed = {exact_key(record) for record in _recorded(job) if record.source.startswith(places)}
    if missed:
        missed.difference_update(item.key for item in spool)
    return bool(missed)


def _place(failed: Failed, found: Listing) -> str:
    """What the names of all pictures in it begin with: nothing, where it is all that the user named."""
    tops = (start.path for start in found.starts if not start.source)
    is_top = any(failed.source in (portable(path), os.path.basename(path.rstrip("/"))) for path in tops)
    return "" if is_top else failed.source + "/"


def _recorded(job: Job) -> Iterator[Record]:
    """Every record of the shards; of a damaged index those that can be read."""
    layout = job.layout
    for shard in shards_in(job.out, layout.name) if layout else ():
        with suppress(OSError, Unsound), open_index(job.out, shard.index) as index:
            for _, text in index.lines():
                yield parse_record(text, shard.index)
