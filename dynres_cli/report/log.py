"""The log of a run: JSON lines with what records must not hold, times and versions above all."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any

from dynres_cli import __version__
from dynres_cli.errors import RunError, UsageError
from dynres_cli.items import Failed, Tiled
from dynres_cli.jsontext import raw, shown, to_json
from dynres_cli.operations.order import Order
from dynres_cli.operations.tally import Tally
from dynres_cli.urls import discreet

BEGINNING = b'{"time"'
LIBRARIES = ("pillow", "numpy", "numba", "isal", "simplejpeg")


@dataclass(frozen=True, slots=True)
class Log:
    """Writes one line an event; each is whole before the next begins, so a log that was cut ends with a whole line."""

    file: IO[bytes]

    def start(self, order: Order) -> None:
        """What a person needs who asks why this run was slow or other than the last one."""
        from importlib.metadata import version  # noqa: PLC0415 - slow to import, and few runs keep a log

        limits = order.limits
        versions = {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
        machine = {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()}
        options = {**order.job.effective_options, **order.job.limits_given}
        engine = {"name": order.engine, "jobs": limits.jobs, "memory": limits.memory, "timeout": limits.timeout}
        recipe = {"preset": order.job.recipe.preset, "params": order.job.recipe.params_json}
        about = {"dynres": __version__, "versions": versions, "machine": machine, "engine": engine}
        inputs = [discreet(each) for each in order.selection.inputs]
        self._write("start", {**about, "recipe": recipe, "options": options, "inputs": inputs})

    def listed(self, count: int) -> None:
        self._write("listed", {"images": count})

    def outcome(self, outcome: Tiled | Failed) -> None:
        """One picture: its seconds by stage where it was tiled, the reason where it failed."""
        if isinstance(outcome, Failed):
            why = {"stage": outcome.stage, "code": outcome.code, "message": shown(outcome.message)}
            self._write("failed", {**_named(outcome.key), **why, "repeated": outcome.repeated})
        elif outcome.made:
            stages = {name: round(seconds, 6) for name, seconds in outcome.stages.items()}
            made = {"total": outcome.total, "bytes": outcome.bytes_written, "seconds": stages}
            self._write("tiled", {**_named(outcome.key), **made})
        else:
            self._write("finished_before", _named(outcome.key))

    def noise(self, key: str, text: str) -> None:
        """What C libraries wrote to stderr about a picture: bounded by the engine, and nobody's words to trust."""
        self._write("noise", {**_named(key), "text": shown(text)})

    def end(self, tally: Tally, status: int) -> None:
        counts = {"found": tally.found, "tiled": tally.tiled, "skipped": tally.skipped, "failed": tally.failed}
        self._write("end", {**counts, "seconds": round(tally.seconds, 3), "exit_status": status})

    def _write(self, event: str, data: Mapping[str, Any]) -> None:
        now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
        try:
            self.file.write((to_json({"time": now, "event": event, **data}) + "\n").encode())
            self.file.flush()
        except OSError as error:
            raise _unwritable(str(self.file.name), error) from error


def _named(key: str) -> dict[str, str]:
    exact = raw(key)
    return {"key": shown(key)} if exact is None else {"key": shown(key), "raw": exact}


@contextmanager
def opened(path: str | None) -> Iterator[Log | None]:
    """The log at `path`, begun anew; None where none was asked for."""
    if path is None:
        yield None
        return
    if not _is_replaceable(path):
        msg = f"--log {path}: a file stands there that is no log of dynres; remove it, or give another name"
        raise UsageError(msg)
    try:
        file = open(path, "wb")  # noqa: SIM115 - closed below; only opening may fail here
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        yield Log(file)
    finally:
        with suppress(OSError):  # every line was flushed, and told of where that failed
            file.close()


def _is_replaceable(path: str) -> bool:
    """Whether nothing would be lost: there is no such file, or it is empty, a pipe, or an earlier log."""
    try:
        if not os.path.isfile(path):
            return True
        with open(path, "rb") as file:
            start = file.read(len(BEGINNING))
    except OSError:
        return True  # opening it will say why not
    return not start or start == BEGINNING


def _unwritable(path: str, error: OSError) -> RunError:
    return RunError(f"--log {path}: cannot be written ({error.strerror}); name a file in a folder that exists", "log")
