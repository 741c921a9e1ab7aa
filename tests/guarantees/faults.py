"""Runs whose calls that write fail once, or end the process in their middle, in the manner of SQLite's tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from dynres_cli.choices import Choices, job_for
from dynres_cli.engines.contract import EngineLimits, Watch
from dynres_cli.handling import handling_for
from dynres_cli.items import Done, Failed
from dynres_cli.job import Job
from dynres_cli.operations.order import Observer, Order
from dynres_cli.operations.tally import Tally
from dynres_cli.operations.tiling import tile_all
from dynres_cli.recipe import resolve
from dynres_cli.source import Selection
from dynres_cli.storage import Calls, Writer

KINDS = ("make_folder", "open", "write", "sync", "rename", "remove")


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


def job_with(out: Path, calls: Calls, largest: int) -> Job:
    """The job of a small run whose writing goes through these calls."""
    recipe = resolve("internvl2", None, {"image_size": 28, "max_num": largest})
    return job_for(Choices(recipe, handling_for(recipe.pixels)), Writer(str(out), calls=calls))


def run(folder: Path, out: Path, calls: Calls, largest: int = 2) -> Tally:
    """One run of the serial engine."""
    order = Order(
        Selection((str(folder),), out=str(out)), job_with(out, calls, largest), EngineLimits(), engine="serial"
    )
    quiet = Observer(lambda _total: None, _no_outcome, lambda _text: None)
    return tile_all(order, quiet, Watch()).tally


def _no_outcome(_outcome: Done | Failed, _tally: Tally) -> None:
    return


class Deadly(Failing):
    """The same, but the call is the last thing that the process does: of a write, half."""

    def __init__(self, kind: str, number: int) -> None:
        super().__init__(kind, number, 0)

    def _due(self, kind: str) -> None:
        if kind == self.kind:
            self.seen += 1
            if self.seen == self.number:
                os.kill(os.getpid(), signal.SIGKILL)

    def write(self, file: int, data: memoryview) -> int:
        if self.kind == "write" and self.seen + 1 == self.number:
            os.write(file, data[: len(data) // 2])
        return super().write(file, data)


def run_to_death(folder: Path, out: Path, kind: str, number: int) -> None:
    """A run in a process of its own that does not outlive this call."""
    run(folder, out, Deadly(kind, number))
