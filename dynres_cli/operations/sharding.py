"""A run whose output is cut into shards: it is planned from headers, then staged and put together shard by shard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dynres_cli.items import Failed, Tiled
from dynres_cli.operations.order import Observed, Order
from dynres_cli.operations.shards.dealing import small_buckets, too_small
from dynres_cli.operations.shards.putting import Place
from dynres_cli.operations.shards.running import Means, ShardRun, planned, staging_of
from dynres_cli.operations.spool import Spool
from dynres_cli.sinks.shard import part_name
from dynres_cli.storage import Writer


def run_shards(order: Order, spool: Spool, by: Observed, told: Callable[[Tiled | Failed], bool]) -> bool:
    """Tile what is listed into shards: pictures are staged, and put together shard by shard; False if stopped."""
    job, layout = order.job, order.job.layout
    assert layout is not None  # noqa: S101 - the caller's own question
    means = Means(by.engine, order.limits, by.watch, told)
    by.observer.note(f"reading {spool.keys.count:,} headers first, to plan the shards")
    plan = planned(job, layout, spool, means)
    if plan is None:
        return False
    table, dealt = plan
    if order.batch is not None:
        for sentence in too_small(small_buckets(table, layout, order.batch), layout, order.batch):
            by.observer.note(sentence)
    part = part_name(order.shard.index, order.shard.count)
    with staging_of(job.out, far=order.engine == "ray") as folder:
        staged = replace(job, writer=Writer(folder, sync=False, calls=job.writer.calls))
        return ShardRun(staged, Place(job.writer, layout.name, part), spool, table, dealt, means).run()
