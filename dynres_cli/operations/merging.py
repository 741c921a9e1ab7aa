"""`dynres merge`: the manifests of a run's shards joined into one, once it is proved that nothing is missing."""

from __future__ import annotations

import heapq
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace

from dynres_cli.errors import RunError, Unsound, UsageError
from dynres_cli.jsontext import shown
from dynres_cli.keys import KeyList, KeyShard, to_bytes
from dynres_cli.manifest import VOLUME_IMAGES, Keys, Record, Run, exact_key
from dynres_cli.names import MANIFEST
from dynres_cli.operations.claiming import start_of_manifest
from dynres_cli.operations.counts import Counts
from dynres_cli.operations.linewise import NEWER
from dynres_cli.operations.publishing import Lines, publish
from dynres_cli.operations.reading import Output, named, open_output
from dynres_cli.operations.witness import as_line
from dynres_cli.storage import Writer, lock, safe_parts
from dynres_cli.tree import is_of_dynres, portable

FILES_A_PART, FILES_BESIDE = 3, 64
"""What may be open at the same time: of each part its folder, its manifest and a volume of it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One shard's output: its folder below the merged one, its place among the shards, and its manifest."""

    folder: str
    shard: KeyShard
    output: Output

    def records(self) -> Iterator[tuple[bytes, Record, str]]:
        """Each record with its key's bytes and this folder."""
        for record in self.output.records():
            key = exact_key(record)
            if not self.shard.holds(key):
                message = f"{self.output.where}: {record.key} does not belong to shard {self.output.run.shard}"
                raise Unsound(message, "manifest")
            yield to_bytes(key), record, self.folder


def merge(outs: Sequence[str], dest: str, volume: int = VOLUME_IMAGES) -> Run:
    """Write DEST/manifest.json over the outputs of all shards, each of which stays where it is; its head.

    UsageError for an output that does not lie below DEST; RunError, before anything is written, for one that is
    missing or there twice, and where parameters, algorithm or listing differ.
    """
    folders = [folder_below(out, dest) for out in outs]
    _ask_for_open_files(FILES_A_PART * len(outs) + FILES_BESIDE)
    with ExitStack() as stack:
        outputs = [stack.enter_context(open_output(out)) for out in outs]
        parts = checked([_part(folder, output) for folder, output in zip(folders, outputs, strict=True)])
        _refuse_other(dest)
        file = stack.enter_context(tempfile.TemporaryFile())
        lines = Lines(file, sum(part.output.run.images for part in parts), volume)
        run = _joined(parts, lines)
        with lock(dest):
            return publish(Writer(dest), run, lines)


def _ask_for_open_files(count: int) -> None:
    """Raise this process's own limit of open files: all parts are read side by side, and a thousand are common."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on every system

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def folder_below(out: str, dest: str) -> str:
    """An output's path below the merged folder, as the manifest is going to name it."""
    relative = os.path.relpath(os.path.abspath(out), os.path.abspath(dest))
    inside = portable(relative)
    if inside == os.curdir or inside.split("/")[0] == os.pardir or shown(inside) != inside:
        message = f"{out} does not lie below {dest}; move it there, for the merged manifest names its files from {dest}"
        raise UsageError(message)
    if os.path.realpath(out) != os.path.join(os.path.realpath(dest), relative):
        message = (
            f"{out} is reached through a link, which no reader of the merged manifest follows; move its folder there"
        )
        raise UsageError(message)
    safe_parts(inside)
    return inside


def _part(folder: str, output: Output) -> Part:
    if output.run.shard is None or output.run.listing is None:
        message = f"{output.where}: is not of a run with --shard, so there is nothing to merge"
        raise RunError(message, "not_a_shard")
    return Part(folder, KeyShard.parse(output.run.shard), output)


def checked(parts: Sequence[Part]) -> list[Part]:
    """The parts in the order of their shards; RunError naming what is missing, doubled or different."""
    first = parts[0]
    for part in parts[1:]:
        different = _difference(first, part)
        if different:
            message = f"{first.output.where} and {part.output.where} differ in {different}; they are not of one run"
            raise RunError(message, "differ")
    by_number: dict[int, Part] = {}
    for part in parts:
        if part.shard.index in by_number:
            twice = by_number[part.shard.index].output.root, part.output.root
            message = f"shard {part.output.run.shard} is there twice: {twice[0]} and {twice[1]}; give one of them"
            raise RunError(message, "doubled")
        by_number[part.shard.index] = part
    missing = [f"{number}/{first.shard.count}" for number in range(1, first.shard.count + 1) if number not in by_number]
    if missing:
        message = (
            f"missing of {first.shard.count} shards: {', '.join(missing)}; run `dynres tile` with --shard for each"
        )
        raise RunError(message, "missing")
    return [by_number[number] for number in sorted(by_number)]


def _difference(one: Part, other: Part) -> str | None:
    """The first thing in which two parts do not belong together."""
    a, b = one.output.run, other.output.run
    same = {
        "the number of shards": one.shard.count == other.shard.count,
        "the preset": (a.preset, a.strategy) == (b.preset, b.strategy),
        "the parameters": dict(a.params) == dict(b.params),
        "the options": dict(a.options) == dict(b.options),
        "the layout": a.layout == b.layout,
        "the algorithm": a.algorithm == b.algorithm,
        "the inputs that they were dealt from": a.listing == b.listing,
    }
    return next((name for name, agrees in same.items() if not agrees), None)


def _refuse_other(dest: str) -> None:
    """Refuse to replace a manifest that is not of an earlier merge."""
    if not os.path.lexists(os.path.join(dest, MANIFEST)):
        return
    try:
        with open_output(dest) as before:
            parts = before.run.parts
    except Unsound as error:
        _refuse_unreadable(dest, error)
        return
    if parts is None:
        message = f"{named(dest)}: belongs to a run that wrote there itself; choose another folder for -o"
        raise RunError(message, "not_ours")


def _refuse_unreadable(dest: str, error: Unsound) -> None:
    """Refuse what is no manifest of ours; one that is damaged is written anew, for the shards' own say it all."""
    if error.code == NEWER:
        raise error
    if error.code != "manifest" or not is_of_dynres(start_of_manifest(dest)):
        message = f"{named(dest)}: is not of an earlier merge; remove it and merge again, or choose another folder"
        raise RunError(message, error.code)


def _joined(parts: Sequence[Part], lines: Lines) -> Run:
    """Write all records' lines in key order, and give the head that they add up to."""
    keys, counts, last = KeyList(), Counts(), b""
    for key, record, folder in heapq.merge(*(part.records() for part in parts), key=lambda each: each[0]):
        if key <= last:
            message = f"{shown(exact_key(record))} is there twice, or out of order, in {folder}; tile that shard again"
            raise RunError(message, "doubled")
        last = key
        lines.add(as_line(record, folder))
        keys.add(exact_key(record))
        counts.add(record)
    listing, run = parts[0].output.run.listing, parts[0].output.run
    if listing is None or (keys.count, keys.digest) != (listing.count, listing.sha256):
        message = f"{keys.count:,} inputs are there and {listing.count if listing else 0:,} were listed; tile again"
        raise RunError(message, "missing")
    return replace(
        run,
        images=keys.count,
        tiled=counts.tiled,
        failed=counts.failed,
        tiles=counts.tiles,
        total=counts.total,
        tokens=counts.tokens,
        failures=dict(sorted(counts.failures.items())),
        keys=Keys(keys.count, keys.digest),
        shard=None,
        listing=None,
        manifests=None,
        parts=tuple(part.folder for part in parts),
    )
