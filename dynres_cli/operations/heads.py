"""A manifest's head against its images: all that can be counted again, is."""

from __future__ import annotations

import json

from dynres_cli import __version__
from dynres_cli.choices import plain
from dynres_cli.errors import UsageError
from dynres_cli.keys import KeyList
from dynres_cli.manifest import ALGORITHM, Run, TiledRecord, head_of
from dynres_cli.operations.counts import Counts
from dynres_cli.operations.reading import Output
from dynres_cli.recipe import resolve


def head_agrees(output: Output, counts: Counts, keys: KeyList, example: TiledRecord | None) -> bool:
    """Whether the head is in its own form and says what the images' records say, of which `example` is one."""
    return (
        _in_form(output.head)
        and _counts_agree(output.run, counts, keys)
        and _version_agrees(output.run)
        and (example is None or _recipe_agrees(output.run, example))
    )


def _in_form(head: bytes) -> bool:
    """Whether the head is written as dynres writes it, to the byte."""
    try:
        return head.decode() == head_of(json.loads(head + b"]}")["run"])
    except ValueError:
        return False  # a number that cannot be written again, in a field that nobody knows


def _counts_agree(run: Run, counts: Counts, keys: KeyList) -> bool:
    listed = (run.keys.count, run.keys.sha256) == (keys.count, keys.digest)
    return listed and run.images == keys.count and counts == Counts.of(run)


def _version_agrees(run: Run) -> bool:
    """A version has one algorithm; of other versions nothing is known here."""
    return run.dynres != __version__ or run.algorithm == ALGORITHM


def _recipe_agrees(run: Run, record: TiledRecord) -> bool:
    if (run.preset, run.strategy, dict(run.params)) != (record.preset, record.strategy, dict(record.params)):
        return False
    try:
        own = plain(resolve(record.preset, overrides=record.params)).effective
    except UsageError:
        return True  # a preset of another version: its options cannot be known
    return dict(run.options) == own | dict(record.options or {})
