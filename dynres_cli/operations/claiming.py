"""Whether a place may be a run's output: writable, empty or made by dynres, and laid out in the same way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dynres_cli.errors import NothingFound, RunError
from dynres_cli.job import Job
from dynres_cli.names import MANIFEST, STATE
from dynres_cli.storage import check_writable, is_temporary, start_below
from dynres_cli.tree import START, is_of_dynres
from dynres_cli.urls import is_url, joined


def refuse_foreign(out: str, *, into: bool) -> None:
    """Refuse an output folder that holds something and was not made by dynres; `into` it only beside what is there."""
    if into:
        _refuse_foreign_manifest(out)
    if not into and is_url(out):
        refuse_foreign_prefix(out)
    if into or not os.path.isdir(out):
        return
    try:
        # A run that was killed as it began may have left no more than what it tried the folder with.
        names = [name for name in os.listdir(out) if not is_temporary(name)]
    except OSError as error:
        msg = f"{out}: cannot be listed ({error.strerror}); check its permissions, or choose another output folder"
        raise RunError(msg, "output") from error
    if names and STATE not in names and not is_of_dynres(start_of_manifest(out)):
        _refuse_foreign_manifest(out)
        raise _foreign(out)


def refuse_foreign_prefix(out: str) -> None:
    """The same in an object store."""
    from dynres_cli.storage import objects  # noqa: PLC0415 - only for object stores

    if not objects.is_empty(out) and not objects.has_state(out) and not is_of_dynres(start_of_manifest(out)):
        _refuse_foreign_manifest(out)
        raise _foreign(out)


def _refuse_foreign_manifest(out: str) -> None:
    """Web pages and browsers have files of that name; the run's own would take its place."""
    start = start_of_manifest(out)
    if start and not is_of_dynres(start):
        msg = f"{joined(out, MANIFEST)}: was not made by dynres and would be replaced; name another folder, or move it"
        raise RunError(msg, code="not_ours")


def start_of_manifest(out: str) -> bytes:
    """What tells whose a manifest is."""
    return start_below(out, MANIFEST, START)


def _foreign(out: str) -> RunError:
    msg = f"{out}: is not empty and was not made by dynres; name a new folder, or add --into to write into it"
    return RunError(msg, code="not_ours")


def refuse_other_kind(job: Job) -> None:
    """Refuse an output that is laid out in another way, or joined of others: two kinds of files would lie there."""
    if not is_url(job.out) and not os.path.isdir(job.out):
        return
    from dynres_cli.operations.reading import head_at, layout_of  # noqa: PLC0415 - only where something is there

    before = head_at(job.out)
    if before is not None and before.parts is not None:
        msg = f"{joined(job.out, MANIFEST)}: joins the outputs below it, as `dynres merge` wrote it; name a new folder"
        raise RunError(msg, code="not_ours")
    there, wanted = layout_of(job.out, before), job.layout.name if job.layout else "tree"
    if there not in (None, wanted):
        msg = f"{job.out}: holds an output of the layout {there}; name a new folder for the layout {wanted}"
        raise RunError(msg, code="not_ours")


def refuse_foreign_shards(job: Job) -> None:
    """Refuse an output that holds others' files under the names of a shard's: they would be replaced, or removed."""
    if job.layout is None:
        return
    from dynres_cli.sinks.owned import by_owner  # noqa: PLC0415 - a tree needs none of it

    _, others = by_owner(job.out, job.layout.name)
    if others:
        place = joined(job.out, others[0].stem)
        msg = f"{place}.*: was not made by dynres and would be replaced or removed; name another folder, or move it"
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
