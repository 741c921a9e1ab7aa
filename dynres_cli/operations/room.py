"""Whether the output's disk has room for a run: asked before the first picture is decoded, from headers alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice

from dynres_cli import probe, resume
from dynres_cli.engines.contract import Admit, EngineLimits, Watch
from dynres_cli.errors import ImageError, RunError
from dynres_cli.items import Done, Item
from dynres_cli.job import Job
from dynres_cli.manifest import FailedRecord
from dynres_cli.operations.batching import Batch, in_batches
from dynres_cli.operations.expecting import Planner, Variant, npy_bytes
from dynres_cli.operations.order import Observed
from dynres_cli.operations.spool import Spool
from dynres_cli.storage import free_bytes, stat_below

SAMPLE, WEIGHED = 1000, 32
"""So many headers, and so many pictures' PNG where they are made, spread evenly over all pictures, stand for all."""
BLOCK = 4096
"""What a disk gives out at least: a folder takes one, a record about one, every file half a one more than it has."""


@dataclass(frozen=True, slots=True)
class Room(Done):
    """Bytes that an item's files will take: at the `least`, and as they are `likely` to, with PNG as of photographs."""

    least: int
    likely: int


def check_room(job: Job, spool: Spool, limits: EngineLimits, by: Observed) -> None:
    """Refuse a run whose files will not fit; RunError names both numbers.

    Where that hangs on its PNG some are made to see how large they get: a screenshot's takes a tenth of a photograph's.
    Headers are read by workers: a damaged one can end the process that looks at it.
    """
    free, count = free_bytes(job.out), spool.keys.count
    most = most_bytes(job)
    if most is not None and most * count <= free:
        return  # not even the largest of pictures would fill it
    sample = islice(spool, 0, None, count // SAMPLE + 1)
    least = likely = seen = 0
    work, quiet = partial(expect, job), Watch(pace=by.watch.pace)
    for batch, outcome in in_batches(lambda items: by.engine(work, items, limits, quiet), sample):
        seen += len(batch.items)
        if isinstance(outcome, Room):
            least, likely = least + outcome.least, likely + outcome.likely
    there = _in_shards(job)
    surely, forecast = (each * count // max(seen, 1) - there for each in (least, likely))
    if surely <= free < forecast:
        forecast = surely + round((forecast - surely) * _true_share(job, spool, limits, by))
    if forecast > free:
        advice = ", or ".join(["make room", *_writing_less(job)])
        message = f"{job.out}: about {forecast:,} bytes would be written and {free:,} are free; {advice}"
        raise RunError(message, "output")


def _true_share(job: Job, spool: Spool, limits: EngineLimits, by: Observed) -> float:
    """How large a run's PNG are by those of a few of its pictures, as a share of what is expected of these."""
    from dynres_cli.operations.sampling import Compared, compare, encoding, share  # noqa: PLC0415 - most runs fit

    count = spool.keys.count
    # As for a single picture: by compiled code if it is at hand, but nothing is compiled to answer this.
    how = encoding(Variant("run", job.recipe, job.handling), job.limits, job.writing, 1)
    work, quiet = partial(compare, how, job.max_tiles), Watch(pace=by.watch.pace)
    outcomes = by.engine(work, islice(spool, 0, None, count // WEIGHED + 1), limits, quiet)
    pairs = [(each.expected, each.true) for each in outcomes if isinstance(each, Compared)]
    _, likely, _ = share(pairs, count, spread=1.0)
    return likely


def _writing_less(job: Job) -> list[str]:
    """What would make this run's files smaller, as far as there is anything."""
    writing, has_both = job.writing, job.writing.tiles == "png" and job.writing.tensor == "npy"
    options = ["--tiles none", "--tensor none"] if has_both else []
    if writing.tensor == "npy" and writing.dtype == "float32":
        options.append("--dtype float16")
    return ["write less with " + " or ".join(options)] if options else []


def most_bytes(job: Job) -> int | None:
    """What one picture's files take at the most; None where its size decides."""
    largest = job.recipe.strategy.largest
    if largest is None:
        return None
    plan = largest(job.recipe.params)
    values = 3 * sum(view.box.size.area for view in plan.views)
    # A PNG of noise is a little larger than its pixels.
    pictures = values + values // 50 if job.writing.tiles == "png" else 0
    return npy_bytes(plan, job.writing, equal=job.recipe.strategy.equal_views) + pictures + (plan.total + 4) * BLOCK


def _in_shards(job: Job) -> int:
    """Bytes that an earlier run's shards take already."""
    if job.layout is None:
        return 0
    from dynres_cli.sinks.shard import shards_in  # noqa: PLC0415 - a tree needs none of it

    found = (stat_below(job.out, shard.file) for shard in shards_in(job.out, job.layout.name))
    return sum(each.st_size for each in found if each is not None)


def expect(job: Job, item: Item, _admit: Admit) -> Room:
    """What the files of a batch will take beyond those that an earlier run wrote for it."""
    planner = Planner(Variant("run", job.recipe, job.handling), job.writing, job.max_tiles)
    items = item.items if isinstance(item, Batch) else (item,)
    told = [_new_bytes(each, job, planner) for each in items]
    return Room(item.key, sum(least for least, _ in told), sum(likely for _, likely in told))


def _new_bytes(item: Item, job: Job, planner: Planner) -> tuple[int, int]:
    """At the least, and likely."""
    found = resume.earlier(job.out, item.key)
    before = found.record if found else None
    if isinstance(before, FailedRecord):
        return 0, 0  # what failed once takes no more
    try:
        facts = probe.probe(item.path, job.limits, follow=item.explicit, frame=item.frame or 0)
        expected = planner.expect(facts)
    except ImageError:
        return 2 * BLOCK, 2 * BLOCK
    least = expected.layout.npy + expected.layout.total * BLOCK // 2
    likely = least + round(expected.png)
    if before is None:
        return least + 2 * BLOCK, likely + 2 * BLOCK
    there = sum(entry.bytes + BLOCK // 2 for entry in before.files)
    return max(0, least - there), max(0, likely - there)
