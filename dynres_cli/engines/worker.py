"""The worker's side of the process pool: take an item, work on it, send its outcome, until the parent is gone."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock

from dynres_cli.engines.contract import Closing, Outcome, T, Work, begin, close, refuse
from dynres_cli.engines.threads import hold_to_one_thread
from dynres_cli.errors import RunError
from dynres_cli.items import Item

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl


@dataclass(frozen=True, slots=True)
class Given:
    """What the parent hands over: an item, and the bytes that it may take without waiting for an answer."""

    item: Item
    allowance: int


@dataclass(frozen=True, slots=True)
class Started:
    """The worker is ready for its first item; dying before that is nobody's fault but its own."""


@dataclass(frozen=True, slots=True)
class Ask:
    """The item in work needs so many bytes; beyond its allowance the answer is None, or the budget that it exceeds."""

    need: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A RunError, whose class need not be picklable: the whole run cannot go on."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Freed:
    """The item in work waits for nothing but its end, which Closed will tell; another item can be given now."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The end of the item that the worker was freed of before."""

    outcome: Outcome | Ended


Message = Started | Ask | Ended | Freed | Closed | Outcome


@dataclass(frozen=True, slots=True)
class Line:
    """What a worker is born with."""

    pipe: Connection
    noise: Connection | None
    parent: int
    inherited: tuple[Connection, ...] = ()
    """The parent's ends of all pipes, which a forked child has too: it must not keep its siblings' open."""


def main(work: Work, line: Line) -> None:
    """Serve until the parent says None or goes away."""
    settle(line)
    bench = _Bench(work, line.pipe)
    with suppress(EOFError, ConnectionError), bench.closer:
        bench.say(Started())
        while (given := line.pipe.recv()) is not None:
            bench.take(given)


class _Bench:
    """Where items are worked on: one at a time, while the one before may be waiting for its end."""

    def __init__(self, work: Work, pipe: Connection) -> None:
        self.work, self.pipe = work, pipe
        self.closer = ThreadPoolExecutor(1, "close")
        self.closer.submit(int)  # its thread begins before pictures take what a limit on memory leaves
        self.waiting: Future[None] | None = None
        self._sending = Lock()

    def say(self, message: Message) -> None:
        with self._sending:
            self.pipe.send(message)

    def take(self, given: Given) -> None:
        """Work on an item, and say what came of it or that this will be said later."""
        item = given.item
        answer = _told(lambda: begin(self.work, item, partial(self._admit, given.allowance)))
        if self.waiting is not None:
            self.waiting.result()
            self.waiting = None
        if isinstance(answer, Closing):
            self.say(Freed())
            self.waiting = self.closer.submit(self._close, answer, item)
        else:
            self.say(answer)

    def _close(self, closing: Closing, item: Item) -> None:
        self.say(Closed(_told(lambda: close(closing, item))))

    def _admit(self, allowance: int, need: int) -> None:
        try:
            self.say(Ask(need))
            budget = None if need <= allowance else self.pipe.recv()
        except (EOFError, ConnectionError):
            os._exit(1)  # without a parent nothing may be written any more
        if budget is not None:
            raise refuse(need, budget)


def _told(step: Callable[[], T]) -> T | Ended:
    """What a step gives, or that the run has to end."""
    try:
        return step()
    except RunError as error:
        return Ended(error.code, str(error))


def settle(line: Line) -> None:
    """Make this process a worker: its signals, its handles, its end."""
    # The terminal sends SIGINT, and a scheduler SIGTERM, to the whole group: the parent alone decides what they mean.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    for connection in line.inherited:
        connection.close()
    _redirect(line.noise)
    hold_to_one_thread(os.environ)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != line.parent:
            os._exit(1)  # it died before it could be watched
        # Where memory runs out the kernel shall choose a worker, which is replaced, not the parent.
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500", "ascii")


def _redirect(noise: Connection | None) -> None:
    """Point stdout to nowhere and stderr to the parent: C libraries write there past Python's own objects."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere if noise is None else noise.fileno(), 2)
    os.close(nowhere)
    if noise is not None:
        noise.close()
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="backslashreplace")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    if faulthandler.is_enabled():
        faulthandler.enable(sys.stderr)  # it keeps the handle that it was given, which is the parent's
