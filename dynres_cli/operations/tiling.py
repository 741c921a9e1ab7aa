"""A whole run of `dynres tile`: list, lock, tile what is missing, and compile the manifest last."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial

from dynres_cli.addresses import parsed
from dynres_cli.engines import ENGINES, on_ray
from dynres_cli.engines.cluster import Cluster
from dynres_cli.engines.contract import Engine, Limits, Pace, Watch
from dynres_cli.errors import NothingFound, RunError
from dynres_cli.items import Done, Failed, Item
from dynres_cli.job import Job, forget, process, recorded
from dynres_cli.keys import Shard
from dynres_cli.manifest import MANIFEST, VOLUME_IMAGES
from dynres_cli.operations.arriving import HERE, arriving
from dynres_cli.operations.compiling import compile_manifest
from dynres_cli.operations.every_frame import every_frame, frame_counts
from dynres_cli.operations.feeding import largest_first
from dynres_cli.operations.kernel_choice import Asked, prepared
from dynres_cli.operations.reading import layout_of
from dynres_cli.operations.room import check_room
from dynres_cli.operations.shards.dealing import small_buckets, too_small
from dynres_cli.operations.shards.putting import Place
from dynres_cli.operations.shards.running import Means, ShardRun, planned, staging_of
from dynres_cli.operations.spool import Spool
from dynres_cli.operations.tally import Tally
from dynres_cli.picture import prepare_worker
from dynres_cli.source import Listing, Selection, listing
from dynres_cli.storage import Held, Writer, check_writable, clean_tree, is_fresh, lock
from dynres_cli.urls import is_url, joined

STATE = ".dynres"
LARGEST_CHUNK, CHUNKS = 16, 64
"""Where images travel in chunks, there are so many in one at the most, and so many chunks in a run at the least."""


@dataclass(frozen=True, slots=True)
class Order:
    """What one run is asked to do."""

    selection: Selection
    job: Job
    limits: Limits
    engine: str = "processes"
    cluster: Cluster = field(default_factory=Cluster)
    """Where the Ray engine works."""
    kernel: Asked = "auto"
    max_failures: int | None = None
    into: bool = False
    shard: Shard = field(default_factory=Shard)
    volume: int = VOLUME_IMAGES
    """Above so many images the manifest is written in volumes of so many."""
    batch: int | None = None
    """Images that a batch is going to have; fewer of one cost are told of."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Who is told while a run goes on."""

    started: Callable[[int], None]
    """With the number of inputs, once they are listed."""
    outcome: Callable[[Done | Failed, Tally], None]
    note: Callable[[str], None]
    """With a sentence that a person should read."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended."""

    tally: Tally
    manifest: str | None
    """Where the manifest is; None where the run stopped before its end."""
    stopped: bool


def tile_all(order: Order, observer: Observer, watch: Watch) -> Result:
    """Tile every input that is not finished yet, and write the manifest of all of them.

    Raises UsageError for inputs that are missing or collide, NothingFound where there is none, and RunError where the
    output cannot be written, is not ours, or is in use.
    """
    started = time.monotonic()
    found = listing(order.selection)
    refuse_foreign(order.job.out, into=order.into)
    engine = engine_for(order)
    tally = Tally()
    refuse_other_layout(order.job)
    with own_output(order.job.out), lock(order.job.out) as held:
        if held.after_crash:
            clean_tree(order.job.out)
        order = replace(order, job=replace(order.job, fresh=is_fresh(order.job.out)))
        watch = replace(watch, pace=_keeping(held, watch.pace))
        prepare_worker()  # what is loaded here need not be loaded by each worker
        try:
            _tile(order, found, tally, Observed(engine, observer, watch))
        except Stopped:
            return Result(tally, None, stopped=True)
        except RunError:
            # Every worker is gone: what others were writing when one met the end is of no use, and takes room.
            with suppress(OSError):
                clean_tree(order.job.out)
            raise
        finally:
            tally.seconds = time.monotonic() - started
    return Result(tally, joined(order.job.out, MANIFEST), stopped=False)


def _keeping(held: Held, pace: Callable[[], Pace]) -> Callable[[], Pace]:
    """The pace, asked for often enough that a lock which has to be renewed can be renewed on the way."""

    def asked() -> Pace:
        held.keep()
        return pace()

    return asked


class Stopped(Exception):  # noqa: N818 - read as a sentence: "raise Stopped"
    """The run was told to end before it was done: nothing is wrong, but there is no manifest."""


@dataclass(frozen=True, slots=True)
class Observed:
    """An engine with those who steer and hear it."""

    engine: Engine
    observer: Observer
    watch: Watch


def engine_for(order: Order) -> Engine:
    """The engine that was asked for; a cluster is joined here, before anything is written."""
    return on_ray(order.cluster, order.limits.jobs) if order.engine == "ray" else ENGINES[order.engine]()


def _tile(order: Order, found: Listing, tally: Tally, by: Observed) -> None:
    """List, run, compile."""
    observer, watch = by.observer, by.watch
    with closing(_listed(order, found, by)) as spool:
        tally.passed_over.update({str(reason): number for reason, number in found.skipped.items()})
        if not spool.listing.count and not found.failures:
            raise NothingFound(nothing_in(order.selection, found))
        check_room(order.job, spool, by.engine, order.limits, watch)
        observer.started(spool.keys.count)
        job = prepared(order.job, order.kernel, spool.keys.count, observer.note)
        if order.engine == "ray":
            job = from_anywhere(job)
        run = _run if job.layout is None else _run_shards
        is_whole = run(replace(order, job=job), spool, tally, by)
        for failed in found.failures:
            tally.add(failed)
        if not is_whole:
            raise Stopped
        compile_manifest(order.job, _until_stopped(spool, watch), spool, order.shard, order.volume)


def _listed(order: Order, found: Listing, by: Observed) -> Spool:
    """The run's pictures: a file each, or every frame of it; under paths that hold wherever the engine works."""
    most, watch = order.job.max_frames, by.watch
    items = _until_stopped(map(_item_from_anywhere, found) if order.engine == "ray" else found, watch)
    if most is None:
        return Spool(items, order.shard)
    with closing(Spool(items, Shard())) as files:
        quiet = Watch(pace=watch.pace)
        number, asked = files.keys.count, order.job.limits
        counts = frame_counts(files, number, asked, lambda work, given: by.engine(work, given, order.limits, quiet))
        for item, count in zip(files, counts, strict=True):
            if 1 < count <= most:
                forget(item.key, order.job)  # what a run over first frames made of it
        return Spool(_until_stopped(every_frame(files, counts, most), watch), order.shard)


def _until_stopped(items: Iterable[Item], watch: Watch) -> Iterator[Item]:
    """Listing a million files and compiling their manifest take long enough to be stopped too."""
    for item in items:
        if watch.pace() is not Pace.RUN:
            raise Stopped
        yield item


def _run(order: Order, spool: Spool, tally: Tally, by: Observed) -> bool:
    """Put every input through the engine; False if the run stopped before its end."""
    items = spool if order.limits.jobs == 1 else largest_first(spool)
    limits = replace(order.limits, chunk=max(1, min(LARGEST_CHUNK, spool.keys.count // CHUNKS)))
    far = spool.has_addresses and order.engine in HERE
    with (
        arriving(items, order.job, order.limits.jobs, far=far) as feed,
        closing(by.engine(partial(process, order.job), feed, limits, by.watch)) as outcomes,
    ):
        for outcome in outcomes:
            feed.release(outcome.key)
            if not _goes_on(recorded(outcome, order.job), order, tally, by.observer):
                return False
    return tally.tiled + tally.finished_before + tally.failed == spool.keys.count


def from_anywhere(job: Job) -> Job:
    """The job for a worker in another folder, or on another machine that has the same files."""
    if is_url(job.out):
        return job
    return replace(job, writer=replace(job.writer, root=os.path.abspath(job.out)))


def _item_from_anywhere(item: Item) -> Item:
    is_whole = os.path.isabs(item.path) or parsed(item.path) is not None
    return item if is_whole else replace(item, path=os.path.abspath(item.path))


def _goes_on(outcome: Done | Failed, order: Order, tally: Tally, observer: Observer) -> bool:
    """Count and tell an outcome; False if it was one failure too many."""
    tally.add(outcome)
    observer.outcome(outcome, tally)
    return order.max_failures is None or tally.failed - tally.repeated < order.max_failures


def _run_shards(order: Order, spool: Spool, tally: Tally, by: Observed) -> bool:
    """The same for an output that is cut into shards: pictures are staged, and put together shard by shard."""
    job, layout = order.job, order.job.layout
    assert layout is not None  # noqa: S101 - the caller's own question
    means = Means(by.engine, order.limits, by.watch, lambda each: _goes_on(each, order, tally, by.observer))
    by.observer.note(f"reading {spool.keys.count:,} headers first, to plan the shards")
    plan = planned(job, layout, spool, means)
    if plan is None:
        return False
    table, dealt = plan
    if order.batch is not None:
        for sentence in too_small(small_buckets(table, layout, order.batch), layout, order.batch):
            by.observer.note(sentence)
    part = f"{order.shard.index}-" if order.shard.count > 1 else ""
    staged = replace(job, writer=Writer(staging_of(job.out), sync=False, calls=job.writer.calls))
    return ShardRun(staged, Place(job.writer, layout.name, part), spool, table, dealt, means).run()


def nothing_in(selection: Selection, found: Listing) -> str:
    """The sentence for a run that found no candidate."""
    places = ", ".join(repr(each) for each in selection.inputs) or "the list"
    passed = sum(found.skipped.values())
    hint = f"; {passed:,} other files were passed over, see --help for the names that are tried" if passed else ""
    return f"found no image in {places}{hint}"


def refuse_foreign(out: str, *, into: bool) -> None:
    """Refuse an output folder that holds something and was not made by dynres."""
    if not into and is_url(out):
        refuse_foreign_prefix(out)
    if into or not os.path.isdir(out):
        return
    names = os.listdir(out)
    if names and STATE not in names and MANIFEST not in names:
        raise _foreign(out)


def refuse_foreign_prefix(out: str) -> None:
    """The same in an object store."""
    from dynres_cli.storage import objects  # noqa: PLC0415 - only for object stores

    if not objects.is_empty(out) and not objects.is_ours(out, MANIFEST):
        raise _foreign(out)


def _foreign(out: str) -> RunError:
    msg = f"{out}: is not empty and was not made by dynres; name a new folder, or add --into to write into it"
    return RunError(msg, code="not_ours")


def refuse_other_layout(job: Job) -> None:
    """Refuse an output that is laid out in another way: the old files would stay beside the new ones."""
    there, wanted = layout_of(job.out), job.layout.name if job.layout else "tree"
    if there not in (None, wanted):
        msg = f"{job.out}: holds an output of the layout {there}; name a new folder for the layout {wanted}"
        raise RunError(msg, code="not_ours")


@contextmanager
def own_output(out: str) -> Iterator[None]:
    """Make the output folder, and leave no empty one behind where the run came to nothing."""
    is_new = not is_url(out) and not os.path.lexists(out)
    check_writable(out)
    try:
        yield
    except NothingFound:
        if is_new:
            _remove_empty(out)
        raise


def _remove_empty(out: str) -> None:
    state = os.path.join(out, STATE)
    with suppress(OSError):
        for name in os.listdir(state):
            os.unlink(os.path.join(state, name))
        os.rmdir(state)
        os.rmdir(out)


def folds(out: str) -> bool:
    """Whether the file system that holds `out` takes names of different case for one, asked without writing to it."""
    if is_url(out):
        return False
    place = os.path.abspath(out)
    while not os.path.exists(place) or os.path.basename(place).swapcase() == os.path.basename(place):
        parent = os.path.dirname(place)
        if parent == place:
            return False
        place = parent
    other = os.path.join(os.path.dirname(place), os.path.basename(place).swapcase())
    try:
        return os.path.samefile(place, other)
    except OSError:
        return False
