"""Renders pictures again from their sources with plain Pillow, and compares what comes out with what was recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from dynres_cli import normalize, probe
from dynres_cli.choices import Choices, job_for, plain
from dynres_cli.decode import Means, decode
from dynres_cli.errors import DynresError, ImageError
from dynres_cli.facts import FileLimits
from dynres_cli.handling import handling_for
from dynres_cli.items import Item
from dynres_cli.job import Job
from dynres_cli.keys import to_bytes
from dynres_cli.manifest import Record, TiledRecord, exact_key_of_file
from dynres_cli.opening import Source, read_source
from dynres_cli.operations.checking import Finding
from dynres_cli.operations.spread import is_sampled
from dynres_cli.recipe import resolve
from dynres_cli.render import render
from dynres_cli.sinks import tree
from dynres_cli.source import Selection, listing
from dynres_cli.storage import Writer

UNKNOWN = 1 << 40


def limits_of(record: TiledRecord) -> FileLimits:
    """What was tiled once may be read again, whatever the limits were; the pages before one may be larger."""
    pixels = UNKNOWN if record.frame else max(record.width * record.height, FileLimits().max_pixels)
    return FileLimits(max_pixels=pixels, max_bytes=record.bytes)


class Sources:
    """The inputs of a run beside its records: both are in key order, so neither is ever held.

    More may be listed than the run had, hidden files too: only what a record names is read.
    """

    def __init__(self, selection: Selection, sample: int | None) -> None:
        self._items = iter(listing(selection))
        self._next = next(self._items, None)
        self._passed: list[Item] = []
        self._sample = sample
        self.images = 0
        """How many images the manifest has, for an even sample; told before the first picture."""

    def findings(self, record: TiledRecord, number: int) -> Iterator[Finding]:
        """Every file of a picture that plain Pillow would write otherwise."""
        item = self.find(record)
        if not is_sampled(number, self.images, self._sample):
            return
        if item is None:
            yield Finding(record.source, "missing")
            return
        yield from compared(record, item)

    def find(self, record: Record) -> Item | None:
        """The input that a record comes from; records have to be asked for in their order."""
        key = exact_key_of_file(record)
        while self._next is not None and to_bytes(self._next.key) <= to_bytes(key):
            self._passed.append(self._next)
            self._next = next(self._items, None)
        # The frames of `a.gif` stand behind `a.gif.png`, so what begins a later file's name may still be asked for.
        self._passed = [item for item in self._passed if key.startswith(item.key)]
        return next((item for item in self._passed if item.key == key), None)


def read_again(record: TiledRecord, path: str) -> Source:
    """The file that a picture was tiled from; ImageError `changed` where another stands in its place."""
    changed = ImageError(code="changed", message="the file has changed since it was tiled")
    try:
        source = read_source(path, limits_of(record), follow=True)
    except ImageError as error:
        raise (changed if error.code == "too_large_file" else error) from error
    if source.sha256 != record.sha256:
        raise changed
    return source


def compared(record: TiledRecord, item: Item) -> Iterator[Finding]:
    """Render one picture again, and name every file of which the pixels or the values differ."""
    try:
        source = read_again(record, item.path)
    except ImageError as error:
        yield Finding(record.source, "sha256" if error.code == "changed" else "missing")
        return
    try:
        made = _made_again(record, source)
    except DynresError:
        made = {}
    for entry in record.files:
        if made.get((entry.kind == "tensor", entry.view)) != (entry.pixels_sha256 or entry.sha256):
            yield Finding(entry.path, "pixels")


def _made_again(record: TiledRecord, source: Source) -> Mapping[tuple[bool, int | None], str]:
    """Digests by view: of its levels, or where True stands before it of a tensor's whole file."""
    job = job_of(record)
    facts = probe.probe_bytes(source, job.limits, record.frame or 0)
    size = facts.tiled_size(job.handling)
    plan = job.recipe.plan(size)
    pixels = decode(source, facts, job.handling, job.limits, Means(job.look.kernel)).pixels
    views = render(pixels, plan, job.look)
    made: dict[tuple[bool, int | None], str] = {
        (False, number): hashlib.sha256(
            np.ascontiguousarray(normalize.preview(view, job.recipe.pixels)).data
        ).hexdigest()
        for number, view in enumerate(views)
    }
    if any(entry.kind == "tensor" for entry in record.files):
        rendered = tree.Rendered(record.key, size, plan, views)
        equal = job.recipe.strategy.equal_views
        for output in tree.tensors(rendered, job.recipe.pixels, job.writing.dtype, equal=equal):
            made[True, output.entry.view] = tree.described(output, record.key).sha256
    return made


def job_of(record: TiledRecord) -> Job:
    """The job that a record's picture was tiled by, with plain Pillow as its resizer.

    UsageError where this version does not know the preset, or its parameters.
    """
    recipe = resolve(record.preset, overrides=record.params)
    options: dict[str, Any] = plain(recipe).effective | dict(record.options or {})
    handling = handling_for(recipe.pixels, options["exif"], options["alpha"])
    handling = replace(handling, depth16=options["depth16"], on_truncated=options["on_truncated"])
    writing = tree.Writing(options["tiles"], options["tensor"], options["dtype"], options["png_level"])
    chosen = Choices(recipe, handling, limits_of(record), writing, options["resample"], options["frames"])
    return job_for(chosen, Writer(""))
