"""Whether the output's disk has room for a run: asked before the first picture is decoded, from headers alone."""

from __future__ import annotations

from functools import partial
from itertools import islice

from dynres_cli import probe, resume
from dynres_cli.engines import Admit, Engine, Limits, Watch
from dynres_cli.errors import RunError
from dynres_cli.items import Done, Item
from dynres_cli.job import Job
from dynres_cli.manifest import TiledRecord
from dynres_cli.operations.expecting import Planner, Variant
from dynres_cli.operations.spool import Spool
from dynres_cli.sinks.shard import shards_in
from dynres_cli.storage import free_bytes, stat_below

SAMPLE = 1000
"""So many headers stand for all."""
PLENTY = 256_000_000
"""Where so many bytes are free for each picture no header is read: twelve tiles of InternVL are 40 million."""


def check_room(job: Job, spool: Spool, engine: Engine, limits: Limits, watch: Watch) -> None:
    """Refuse a run whose files will not fit; RunError names both numbers.

    Headers are read by workers: a damaged one can end the process that looks at it.
    """
    free = free_bytes(job.out)
    if free > spool.keys.count * PLENTY:
        return
    sample = list(islice(spool, SAMPLE))
    outcomes = engine(partial(expect, job), iter(sample), limits, Watch(pace=watch.pace))
    expected = sum(outcome.bytes_written for outcome in outcomes if isinstance(outcome, Done))
    forecast = expected * spool.keys.count // max(len(sample), 1) - _in_shards(job)
    if forecast > free:
        advice = "make room, or write less with --tiles none, --tensor none or --dtype float16"
        message = f"{job.out}: about {forecast:,} bytes would be written and {free:,} are free; {advice}"
        raise RunError(message, "output")


def _in_shards(job: Job) -> int:
    """Bytes that an earlier run's shards take already."""
    if job.layout is None:
        return 0
    found = (stat_below(job.out, shard.file) for shard in shards_in(job.out, job.layout.name))
    return sum(each.st_size for each in found if each is not None)


def expect(job: Job, item: Item, _admit: Admit) -> Done:
    """What a picture's files will take beyond those that an earlier run wrote for it; ImageError as in the run."""
    facts = probe.probe(item.path, job.limits, follow=item.explicit)
    expected = Planner(Variant("run", job.recipe, job.handling), job.writing, job.max_tiles).expect(facts)
    new = expected.layout.npy + round(expected.png)
    before = resume.earlier(job.out, item.key)
    old = sum(entry.bytes for entry in before.record.files) if before and isinstance(before.record, TiledRecord) else 0
    return Done(item.key, 0, 0, 0, "", bytes_written=max(0, new - old))
