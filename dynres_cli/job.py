"""The way of one picture from its file to its files, where an error becomes the committed record of a failure."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dynres_cli import decode, leftovers, picture, probe, resume
from dynres_cli.arena import Arena
from dynres_cli.aside import aside_key
from dynres_cli.engines.contract import Admit, Closing, Outcome, T
from dynres_cli.errors import FailureCode, ImageError, RunError
from dynres_cli.facts import Facts, FileLimits, Handling, check_frames, check_views
from dynres_cli.geometry import Plan
from dynres_cli.items import Failed, Item, Stage, Tiled
from dynres_cli.manifest import FileEntry, LayoutEntry, TiledRecord, failed_record, line
from dynres_cli.names import RECORD
from dynres_cli.needs import need, uploading_bytes
from dynres_cli.opening import read_source
from dynres_cli.outcome import Seen, tiled_record
from dynres_cli.recipe import Recipe
from dynres_cli.render import Look, render
from dynres_cli.sinks import tree
from dynres_cli.storage import NewFile, Writer

ARENA = Arena()
"""The levels, the views and the tensor of the picture that this thread works on."""


@dataclass(frozen=True, slots=True)
class Job:
    """Everything a worker needs to know beside the picture itself; the same for all pictures of a run.

    `effective_options` are all that change what is written, as they are in force; `options` are those of them that
    differ from their defaults, `limits_given` the limits that do: they can only change whether a picture fails. The
    latter two stand in the records that they matter to.
    """

    recipe: Recipe
    handling: Handling
    limits: FileLimits
    look: Look
    writing: tree.Writing
    writer: Writer
    max_tiles: int = 1000
    max_frames: int | None = None
    """Every picture of a file is tiled where it has no more than these; None: the first of each, and no other."""
    redo: bool = False
    """Tile again what is finished."""
    retry_failed: bool = False
    fresh: bool = False
    """Nothing was at the output when the run began, so that no picture needs to be looked for there."""
    options: Mapping[str, Any] = field(default_factory=dict)
    effective_options: Mapping[str, Any] = field(default_factory=dict)
    limits_given: Mapping[str, Any] = field(default_factory=dict)
    layout: LayoutEntry | None = None
    """How the output is cut into shards; None for a tree."""

    @property
    def out(self) -> str:
        return self.writer.root

    @property
    def failed_options(self) -> dict[str, Any]:
        """What a failure depends on: its record has no other place for the recipe."""
        return {**self.recipe.differences, **self.options, **self.limits_given}

    @property
    def sameness(self) -> resume.Sameness:
        recipe = self.recipe
        names = (recipe.preset, recipe.strategy_name, recipe.params_json)
        return resume.Sameness(*names, self.options, self.failed_options, self.limits, self.max_tiles)


class Clock:
    """Knows the stage that a picture is in, and how long each took."""

    def __init__(self) -> None:
        self.stage: Stage = "read"
        self.seconds: dict[str, float] = {}

    @contextmanager
    def during(self, stage: Stage, name: str | None = None) -> Iterator[None]:
        """Everything in the block belongs to this stage, save what a block within it says of itself.

        `name` tells parts of a stage apart in a profile.
        """
        # Not in a finally: after an error the stage has to stay, for the failure is told by it.
        before, self.stage = self.stage, stage
        told, started = sum(self.seconds.values()), time.perf_counter()
        yield
        inner = sum(self.seconds.values()) - told
        label = name or stage
        self.seconds[label] = self.seconds.get(label, 0.0) + time.perf_counter() - started - inner
        self.stage = before


def process(job: Job, item: Item, admit: Admit) -> Tiled | Failed | Closing:
    """Tile one picture and commit its record, or commit the record of its failure.

    What remains when all is written is to wait for the disk: that is the end of a Closing.

    Raises RunError where no other picture would fare better (a full disk).
    """
    picture.prepare_worker()
    if not job.redo and not job.fresh:
        before = resume.still_good(item, job.out, job.sameness, retry_failed=job.retry_failed)
        if before is not None:
            return before
    attempt = Attempt(item, job)
    return _or_failure(attempt, lambda: attempt.tile(admit))


def _or_failure(attempt: Attempt, step: Callable[[], T]) -> T | Failed:
    """What a step on a picture's way gives; what goes wrong becomes the committed record of a failure."""
    try:
        return step()
    except RunError:
        raise
    except ImageError as error:
        failed = attempt.failed(error.code, str(error))
    except MemoryError:
        lacking = picture.no_memory()
        failed = attempt.failed(lacking.code, str(lacking))
    except Exception as error:  # noqa: BLE001 - whatever a picture does to us, the others go on
        failed = attempt.failed(CODES.get(attempt.clock.stage, "corrupt"), f"{type(error).__name__}: {error}")
    return record_failure(failed, attempt.job, attempt.mtime_ns)


CODES: dict[Stage, FailureCode] = {"read": "unreadable", "plan": "not_tileable", "write": "output_error"}
"""What an error that nobody foresaw is called, by the stage it came from; elsewhere the file is to blame."""


class Attempt:
    """One try at one picture: where it is on its way, and what has to be known if it fails there."""

    def __init__(self, item: Item, job: Job) -> None:
        self.item, self.job, self.clock = item, job, Clock()
        self.mtime_ns: int | None = None

    def failed(self, code: FailureCode, message: str) -> Failed:
        return self.item.failed(self.clock.stage, code, message)

    def tile(self, admit: Admit) -> Closing:
        """The whole way but its end: read, probe, plan, decode, render, encode, write."""
        job, during = self.job, self.clock.during
        with during("read"):
            source = read_source(self.item.path, job.limits, follow=self.item.explicit)
            self.mtime_ns = source.mtime_ns
        with during("probe"):
            facts = probe.probe_bytes(source, job.limits, self.item.frame or 0)
            check_alone(facts, self.item, job.max_frames)
        with during("plan"):
            plan = planned(facts, job)
            admit(need(facts, plan, job.writing) + uploading_bytes(plan, job.writing, job.out))
        ARENA.clear()
        with during("decode"):
            decoded = decode.decode(source, facts, job.handling, job.limits, decode.Means(job.look.kernel, ARENA))
        with during("render"):
            views = render(decoded.pixels, plan, job.look, ARENA)
            if not any(np.may_share_memory(view, decoded.pixels) for view in views):
                ARENA.give_back(decoded.pixels)  # the tensor can lie there
        size = facts.tiled_size(job.handling)
        rendered = tree.Rendered(self.item.key, size, plan, views, job.look.kernel, ARENA)
        seen = Seen(source, decoded.facts, plan, job.handling, truncated=decoded.truncated)
        records: list[TiledRecord] = []
        with during("write"):
            commit = job.writer.begin(self.item.key, self._files(seen, rendered, records))
        return Closing(lambda: _or_failure(self, lambda: self._committed(commit, records[0])))

    def _committed(self, commit: Callable[[], int], record: TiledRecord) -> Tiled:
        """The end of the way; its time is spent beside the next picture, and is nobody's stage."""
        self.clock.stage = "write"
        written = commit()
        made = resume.done(self.item.key, record, made=True)
        return dataclasses.replace(made, bytes_written=written, stages=self.clock.seconds)

    def _files(self, seen: Seen, rendered: tree.Rendered, records: list[TiledRecord]) -> Iterator[NewFile]:
        """Every file as it is made, the record last; it is handed out too.

        The tensor comes first, for it is large: the disk takes it while the tiles are encoded.
        """
        tensors: list[FileEntry] = []
        yield from self._handed_out(self._tensors(rendered), tensors)
        pictures: list[FileEntry] = []
        yield from self._handed_out(self._pngs(rendered), pictures)
        record = tiled_record(self.item, self.job.recipe, seen, [*pictures, *tensors], self.job.options)
        records.append(record)
        forget(self.item, self.job)
        yield NewFile(RECORD, ((line(record) + "\n").encode(),), mtime_ns=self.mtime_ns)

    def _handed_out(self, outputs: Iterator[tree.Encoded], entries: list[FileEntry]) -> Iterator[NewFile]:
        """The files of these outputs; the entry of each is completed while it is being written."""
        for output in outputs:
            yield NewFile(output.name, output.pieces)
            with self.clock.during("write", "digest"):
                entries.append(tree.described(output, self.item.key))

    def _tensors(self, rendered: tree.Rendered) -> Iterator[tree.Encoded]:
        writing, recipe = self.job.writing, self.job.recipe
        if writing.tensor == "npy":
            with self.clock.during("render", "normalise"):
                equal = recipe.strategy.equal_views
                outputs = list(tree.tensors(rendered, recipe.pixels, writing.dtype, equal=equal))
            yield from outputs

    def _pngs(self, rendered: tree.Rendered) -> Iterator[tree.Encoded]:
        if self.job.writing.tiles == "png":
            outputs = tree.pngs(rendered, self.job.recipe.pixels, self.job.writing.png_level)
            while True:
                with self.clock.during("render", "png"):
                    output = next(outputs, None)
                if output is None:
                    return
                yield output


def check_alone(facts: Facts, item: Item, most: int | None) -> None:
    """Refuse a file that is taken for one picture and is not, where every picture of a file is wanted."""
    if most is None or item.frame is not None or facts.frames == 1:
        return
    check_frames(facts, most)
    message = "the file holds more pictures than when it was listed; run again when it is at rest"
    raise ImageError(code="changed", message=message)


def planned(facts: Facts, job: Job) -> Plan:
    """The plan for the picture as it will be tiled, if it stays below the limit of tiles."""
    plan = job.recipe.plan(facts.tiled_size(job.handling))
    check_views(plan.total, job.max_tiles)
    return plan


def record_failure(failed: Failed, job: Job, mtime_ns: int | None = None) -> Failed:
    """Commit the record of a failure, in the state folder where its own cannot be written."""
    record = failed_record(failed, job.failed_options)
    marker = NewFile(RECORD, ((line(record) + "\n").encode(),), mtime_ns=mtime_ns)
    try:
        forget(failed, job)
        job.writer.write(failed.key, [marker])
    except ImageError:
        job.writer.write(aside_key(failed.key), [marker])
    return dataclasses.replace(failed, recorded=True)


def recorded(outcome: Outcome, job: Job) -> Tiled | Failed:
    """What became of a picture; a failure that no worker lived to record is recorded here."""
    if isinstance(outcome, Failed):
        return outcome if outcome.recorded else record_failure(outcome, job)
    assert isinstance(outcome, Tiled)  # noqa: S101 - `process` gives nothing else
    return outcome


def forget(one: Item | Failed, job: Job) -> None:
    """Remove what an earlier run made of a picture, if there was one, and what it made of the frames below it."""
    if job.fresh:
        return
    leftovers.forget(one.key, job.writer)
    if one.frame is None and not (isinstance(one, Failed) and one.code in resume.WORTH_RETRYING):
        leftovers.forget_frames(one.key, job.writer)
