"""Runs commands and says how long they took and how much memory they held; the benchmark's stop-watch and scales."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB")
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in LIBRARIES}
LAST_WORDS = 400


class CommandError(Exception):
    """A command that was to be measured did not end well."""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished command: its wall-clock seconds, from start to exit, and what it printed."""

    seconds: float
    output: str


@dataclass(frozen=True, slots=True)
class Peaks:
    """The most memory (bytes resident) that a command's own process and the largest of its children ever held."""

    parent: int
    worker: int


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """The caller's environment, with the project importable."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **(extra or {})}


def run(command: list[str], extra: dict[str, str] | None = None) -> Run:
    """Run a command to its end, with so much more in its environment; CommandError if it failed."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=environment(extra), check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        words = done.stderr.strip().replace(str(ROOT), ".")[-LAST_WORDS:]
        msg = f"exit code {done.returncode}: {words}"
        raise CommandError(msg)
    return Run(seconds, done.stdout)


def peaks(command: list[str]) -> Peaks:
    """Run a command and watch its memory. Looking costs time: never time a run that is watched."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()) as process:
        with watching(process.pid) as held:
            code = process.wait()
        if code:
            msg = f"exit code {code}"
            raise CommandError(msg)
    own = held.pop(process.pid, 0)
    return Peaks(own, max(held.values(), default=0))


@contextmanager
def watching(pid: int, every: float = 0.01) -> Iterator[dict[int, int]]:
    """Note the high-water mark of a process and its descendants, again and again after so many seconds."""
    held: dict[int, int] = {}
    over = threading.Event()

    def look() -> None:
        while not over.wait(every):
            for one in family(pid):
                held[one] = max(held.get(one, 0), high_water(one))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield held
    finally:
        over.set()
        watcher.join()


def family(pid: int) -> list[int]:
    """A process and all its descendants, as Linux knows them."""
    found = [pid]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            found += [int(child) for child in read(children).split()]
    return found


def high_water(pid: int) -> int:
    """The most bytes that a process has held so far; 0 once it is gone."""
    for line in read(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def read(path: Path) -> str:
    """A file of /proc, or nothing if its process ended meanwhile."""
    try:
        return path.read_text()
    except OSError:
        return ""
