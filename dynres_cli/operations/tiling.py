"""A whole run of `dynres tile`: list, lock, tile what is missing, and compile the manifest last."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial

from dynres_cli import leftovers
from dynres_cli.addresses import parsed
from dynres_cli.aside import forget_aside
from dynres_cli.engines import ENGINES, on_ray
from dynres_cli.engines.contract import UNWATCHED, Engine, Pace, Watch
from dynres_cli.errors import NothingFound, RunError, UsageError
from dynres_cli.globs import EVERYTHING
from dynres_cli.items import Failed, Item, Tiled
from dynres_cli.job import Job, process, recorded
from dynres_cli.keys import KeyShard
from dynres_cli.names import MANIFEST
from dynres_cli.operations.arriving import HERE, arriving
from dynres_cli.operations.claiming import own_output, refuse_foreign, refuse_foreign_shards, refuse_other_kind
from dynres_cli.operations.compiling import compile_manifest
from dynres_cli.operations.feeding import largest_first
from dynres_cli.operations.kernel_choice import prepared
from dynres_cli.operations.order import Observed, Observer, Order, Result
from dynres_cli.operations.publishing import refuse_foreign_volumes
from dynres_cli.operations.room import check_room
from dynres_cli.operations.spool import Spool
from dynres_cli.operations.tally import Tally
from dynres_cli.picture import prepare_worker
from dynres_cli.source import Listing, Selection, listing
from dynres_cli.storage import Held, clean_tree, is_fresh, lock
from dynres_cli.urls import is_url, joined

SHARDS_STAY = (
    "; pictures of it are in the shards, so these stay as they are and nothing was tiled: "
    "bring it back and run the same command again, or name another output"
)
LARGEST_CHUNK, CHUNKS = 16, 64
"""Where images travel in chunks, there are so many in one at the most, and so many chunks in a run at the least."""


def tile_all(order: Order, observer: Observer, watch: Watch) -> Result:
    """Tile every input that is not finished yet, and write the manifest of all of them.

    Raises UsageError for inputs that are missing or collide, NothingFound where there is none, and RunError where the
    output cannot be written, is not ours, or is in use.
    """
    started = time.monotonic()
    found = listing(replace(order.selection, is_stopped=lambda: watch.pace() is not Pace.RUN))
    tally = Tally(follows_links=order.selection.follow_links)
    if watch.pace() is not Pace.RUN:
        return Result(tally, None, stopped=True)
    refuse_foreign(order.job.out, into=order.into)
    engine = engine_for(order)
    refuse_other_kind(order.job)
    refuse_foreign_shards(order.job)
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
        except NothingListed:
            return Result(tally, None, stopped=False)
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


class NothingListed(Exception):  # noqa: N818 - the same
    """No folder could be listed, as on a disk that is not mounted: what an earlier run wrote stays as it is.

    Nor is anything done where shards hold pictures of a folder that could not be listed, which they would lose.
    """


def engine_for(order: Order) -> Engine:
    """The engine that was asked for; a cluster is joined here, before anything is written."""
    if order.engine == "ray":
        return on_ray(order.cluster, order.limits.jobs)
    return ENGINES[order.engine]()


def _tile(order: Order, found: Listing, tally: Tally, by: Observed) -> None:
    """List, run, compile."""
    observer, watch = by.observer, by.watch
    if order.engine == "ray":
        order = replace(order, job=from_anywhere(order.job))
    with closing(_listed(order, found, by)) as spool:
        tally.passed_over.update({str(reason): number for reason, number in found.skipped.items()})
        if watch.pace() is not Pace.RUN:
            raise Stopped
        if not spool.listing.count and not found.failures:
            raise NothingFound(nothing_in(order.selection, found))
        check_room(order.job, spool, order.limits, by)
        observer.started(spool.keys.count)
        if not spool.listing.count:
            _tell(found.failures, tally, observer)
            raise NothingListed
        if _would_lose(order.job, found, spool):
            _tell([replace(each, message=each.message + SHARDS_STAY) for each in found.failures], tally, observer)
            raise NothingListed
        refuse_foreign_volumes(order.job.out, spool.keys.count, order.volume)
        if not order.job.fresh:
            forget_aside(order.job.writer)
        job = prepared(order.job, order.kernel, spool.keys.count, observer.note)
        is_whole = _run(replace(order, job=job), spool, tally, by)
        _tell(found.failures, tally, observer)
        if not is_whole:
            raise Stopped
        compile_manifest(order.job, _until_stopped(spool, watch), spool, order.shard, order.volume)


def _tell(failures: Iterable[Failed], tally: Tally, observer: Observer) -> None:
    """Count and tell what could not be listed."""
    for failed in failures:
        tally.add(failed)
        observer.outcome(failed, tally)


def _would_lose(job: Job, found: Listing, spool: Spool) -> bool:
    """Whether shards would lose pictures that are only out of reach."""
    if job.layout is None or not found.failures:
        return False
    from dynres_cli.operations.shards.unlisted import would_lose  # noqa: PLC0415 - a tree needs none of it

    return would_lose(job, found, spool)


def candidates(order: Order, found: Listing) -> Generator[Item, None, None]:
    """What a run would tile, in its order; nothing is written, and nothing removed."""
    if order.job.max_frames is None:
        yield from (item for item in found if order.shard.holds(item.key))
        return
    idle = Observer(lambda _total: None, lambda _outcome, _tally: None, lambda _text: None)
    order = replace(order, job=replace(order.job, fresh=True))
    with closing(_listed(order, found, Observed(engine_for(order), idle, UNWATCHED))) as spool:
        yield from spool


def _listed(order: Order, found: Listing, by: Observed) -> Spool:
    """The run's pictures: a file each, or every frame of it; under paths that hold wherever the engine works."""
    most, watch = order.job.max_frames, by.watch
    are_many = order.cluster is not None and order.cluster.shared
    travelling = (item_from_anywhere(item, many=are_many) for item in found)
    items = _until_stopped(travelling if order.engine == "ray" else found, watch)
    if most is None:
        return Spool(items, order.shard)
    from dynres_cli.operations.every_frame import every_frame, frame_counts  # noqa: PLC0415 - most runs tile one each
    from dynres_cli.operations.out_of_reach import recounted  # noqa: PLC0415 - the same

    with closing(Spool(items, KeyShard())) as files:
        quiet = Watch(pace=watch.pace)
        number, asked = files.keys.count, order.job.limits
        counts = frame_counts(files, number, asked, lambda work, given: by.engine(work, given, order.limits, quiet))
        if not order.job.fresh:
            counts = recounted(files, counts, order.job, most)
        for item, count in zip(files, counts, strict=True):
            if 1 < count <= most and not order.job.fresh:
                # What a run over first frames made of it, and what was made of frames that it has no longer.
                leftovers.forget(item.key, order.job.writer)
                leftovers.forget_frames(item.key, order.job.writer, count)
        return Spool(_until_stopped(every_frame(files, counts, most), watch), order.shard)


def _until_stopped(items: Iterable[Item], watch: Watch) -> Iterator[Item]:
    """Listing a million files and compiling their manifest take long enough to be stopped too."""
    for item in items:
        if watch.pace() is not Pace.RUN:
            raise Stopped
        yield item


def _run(order: Order, spool: Spool, tally: Tally, by: Observed) -> bool:
    """Put every input through the engine; False if the run stopped before its end."""
    if order.job.layout is not None:
        from dynres_cli.operations.sharding import run_shards  # noqa: PLC0415 - a tree needs none of it

        return run_shards(order, spool, by, lambda each: _goes_on(each, order, tally, by.observer))
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


def item_from_anywhere(item: Item, *, many: bool) -> Item:
    """The item under a path that holds in another folder; UsageError where `many` machines cannot all have its file."""
    address = parsed(item.path)
    if address is None:
        return item if os.path.isabs(item.path) else replace(item, path=os.path.abspath(item.path))
    if address.kind not in {"tar", "zip", "parquet"} or is_url(address.container):
        return item
    from dynres_cli.containers.tars import unpacked_here  # noqa: PLC0415 - only where pictures come from archives

    if many and unpacked_here(address.container):
        msg = (
            f"{item.source}: its archive is compressed, so it was unpacked here, where other machines cannot read it; "
            "with --shared-fs unpack it into a folder, or into a plain .tar"
        )
        raise UsageError(msg)
    return replace(item, path=str(replace(address, container=os.path.abspath(address.container))))


def _goes_on(outcome: Tiled | Failed, order: Order, tally: Tally, observer: Observer) -> bool:
    """Count and tell an outcome; False if it was one failure too many."""
    tally.add(outcome)
    observer.outcome(outcome, tally)
    return order.max_failures is None or tally.failed - tally.repeated < order.max_failures


def nothing_in(selection: Selection, found: Listing) -> str:
    """The sentence for a run that found no candidate."""
    places = ", ".join(repr(each) for each in selection.inputs) or "the list"
    hints = []
    if found.skipped:
        hints.append(f"passed over: {', '.join(f'{reason} {number:,}' for reason, number in found.skipped.items())}")
    if found.skipped["not_an_image_name"]:
        hints.append("`dynres tile --help` lists the names that are tried")
        hints.append("an archive or a table in a folder is not looked into, name it itself")
    if found.skipped["link"] and not selection.follow_links:
        hints.append("-L follows links")
    if selection.filter != EVERYTHING:
        hints.append("only names that pass --include and --exclude count")
    return "; ".join([f"found no image in {places}", *hints])
