"""Guarantees 1, 4 and 8 by force: every call that writes is made to fail once, in the manner of SQLite's tests."""

from __future__ import annotations

import dataclasses
import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from dynres_cli.choices import Choices, job_for
from dynres_cli.engines.contract import Limits, Watch
from dynres_cli.errors import RunError
from dynres_cli.handling import handling_for
from dynres_cli.items import Done, Failed
from dynres_cli.job import Job
from dynres_cli.operations.order import Observer, Order
from dynres_cli.operations.tally import Tally
from dynres_cli.operations.tiling import tile_all
from dynres_cli.recipe import resolve
from dynres_cli.source import Selection
from dynres_cli.storage import Calls
from tests.guarantees import corpus
from tests.guarantees.command import check_whole, temporaries, tree


class Failing(Calls):
    """The system's calls, of which the one of this number and kind fails; `seen` counts them."""

    def __init__(self, kind: str, number: int, code: int) -> None:
        self.kind, self.number, self.code, self.seen = kind, number, code, 0

    def _due(self, kind: str) -> None:
        if kind == self.kind:
            self.seen += 1
            if self.seen == self.number:
                raise OSError(self.code, os.strerror(self.code))

    def make_folder(self, name: str, folder: int | None) -> None:
        self._due("make_folder")
        super().make_folder(name, folder)

    def open(self, name: str, flags: int, folder: int | None) -> int:
        self._due("open")
        return super().open(name, flags, folder)

    def write(self, file: int, data: memoryview) -> int:
        self._due("write")
        return super().write(file, data)

    def sync(self, file: int) -> None:
        self._due("sync")
        super().sync(file)

    def rename(self, old: str, new: str, folder: int | None) -> None:
        self._due("rename")
        super().rename(old, new, folder)

    def remove(self, name: str, folder: int | None) -> None:
        self._due("remove")
        super().remove(name, folder)


KINDS = ("make_folder", "open", "write", "sync", "rename", "remove")


def job_with(out: Path, calls: Calls, largest: int) -> Job:
    """The job of a small run whose writing goes through these calls."""
    recipe = resolve("internvl2", None, {"image_size": 28, "max_num": largest})
    job = job_for(Choices(recipe, handling_for(recipe.pixels)), str(out))
    return dataclasses.replace(job, writer=dataclasses.replace(job.writer, calls=calls))


def run(folder: Path, out: Path, calls: Calls, largest: int = 2) -> Tally:
    """One run of the serial engine."""
    order = Order(Selection((str(folder),), out=str(out)), job_with(out, calls, largest), Limits(), engine="serial")
    quiet = Observer(lambda _total: None, _no_outcome, lambda _text: None)
    return tile_all(order, quiet, Watch()).tally


def _no_outcome(_outcome: Done | Failed, _tally: Tally) -> None:
    return


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES], ids=["no space", "no permission"])
def test_no_single_failed_call_tears_anything(tmp_path: Path, code: int, kind: str) -> None:
    """Guarantees 1, 4 and 8: the first call fails, then the second ...: all is whole, and the next run completes it."""
    folder, before, undisturbed = tmp_path / "in", tmp_path / "before", tmp_path / "undisturbed"
    corpus.photos(folder, 1)
    corpus.write_all(folder, {"bad.png": b"nonsense"})
    run(folder, before, Calls(), largest=1)  # so that files have to be removed too
    run(folder, undisturbed, Calls())
    for number in range(1, 100):
        out = tmp_path / str(number)
        shutil.copytree(before, out)
        calls = Failing(kind, number, code)
        with suppress(RunError):
            run(folder, out, calls)
        check_whole(out)
        run(folder, out, Calls())
        assert tree(out) == tree(undisturbed)
        assert not temporaries(out)
        if calls.seen < number:
            assert number > 1, f"no {kind} was ever called"
            return
        shutil.rmtree(out)
    pytest.fail("the run never came to its end")
