"""The manifest of a run, compiled from the records that were committed picture by picture."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial

from dynres_cli import __version__
from dynres_cli.aside import is_any_aside, places_of
from dynres_cli.errors import Unsound
from dynres_cli.items import Item
from dynres_cli.job import Job
from dynres_cli.jsontext import shown
from dynres_cli.keys import KeyShard
from dynres_cli.manifest import ALGORITHM, Run
from dynres_cli.names import RECORD
from dynres_cli.operations.ahead import ahead
from dynres_cli.operations.counts import Counts
from dynres_cli.operations.publishing import Lines, publish
from dynres_cli.operations.spool import Spool
from dynres_cli.resume import LARGEST_RECORD
from dynres_cli.storage import read_below
from dynres_cli.urls import is_url

RECORDS_AT_ONCE = 32
"""Records that are read together from an object store, which answers each of them slowly and all of them as fast."""


def compile_manifest(job: Job, items: Iterable[Item], spool: Spool, shard: KeyShard, volume: int) -> None:
    """Write manifest.json from the records of `items`, those of the spool, in volumes above so many.

    Nothing is written where it stands there, byte for byte.
    """
    counts = Counts()
    with tempfile.TemporaryFile() as file:
        lines = Lines(file, spool.keys.count, volume)
        for text in _records(job, items, counts):
            lines.add(text)
        publish(job.writer, run_of(job, spool, shard, counts), lines)


def committed_by(job: Job) -> Callable[[str], bytes]:
    """What gives the record that was committed for a key; each is durable before the manifest that names it is."""
    if job.layout is None:
        return partial(_settled, job, any_aside=is_any_aside(job.out))
    from dynres_cli.operations.shards.catalogue import Catalogue  # noqa: PLC0415 - a tree needs none of it

    job.writer.settle("")
    catalogue = Catalogue(job.out, job.layout.name)
    return lambda key: catalogue.find(key)[1]


def _settled(job: Job, key: str, *, any_aside: bool) -> bytes:
    folder, text = find_record(job.out, key, any_aside=any_aside)
    job.writer.settle(folder)
    return text


def _records(job: Job, items: Iterable[Item], counts: Counts) -> Iterator[bytes]:
    """Each record's line, in key order; RunError where one is gone."""
    committed = committed_by(job)
    at_once = RECORDS_AT_ONCE if is_url(job.out) else 1
    for item, record in ahead(lambda each: committed(each.key), items, at_once=at_once):
        text = record.rstrip(b"\n")
        counts.add_line(text, item.key)
        yield text


def find_record(out: str, key: str, *, any_aside: bool) -> tuple[str, bytes]:
    """The folder with the record that was committed for a key, and the record as it stands in its file."""
    for folder in places_of(key, any_aside=any_aside):
        with suppress(OSError, Unsound):
            return folder, read_below(out, f"{folder}/{RECORD}" if folder else RECORD, LARGEST_RECORD)
    msg = f"{shown(key)}: its record is gone although this run has seen it; run the same command again"
    raise Unsound(msg, code="record_missing")


def run_of(job: Job, spool: Spool, shard: KeyShard, counts: Counts) -> Run:
    """The manifest's head: what this output is, not how it came about."""
    recipe = job.recipe
    return Run(
        dynres=__version__,
        algorithm=ALGORITHM,
        preset=recipe.preset,
        strategy=recipe.strategy_name,
        params=recipe.params_json,
        options=job.effective_options,
        images=spool.keys.count,
        tiled=counts.tiled,
        failed=counts.failed,
        tiles=counts.tiles,
        total=counts.total,
        tokens=counts.tokens,
        failures=dict(sorted(counts.failures.items())),
        keys=spool.keys,
        shard=f"{shard.index}/{shard.count}" if shard.count > 1 else None,
        listing=spool.listing if shard.count > 1 else None,
        layout=job.layout,
    )
