"""The parent's side of one worker process: hire it, hand it an item, keep its clock, hear it, end it."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from dynres_cli.engines.contract import Work
from dynres_cli.engines.worker import Given, Line, main
from dynres_cli.errors import RunError
from dynres_cli.items import Item

if sys.platform == "linux":
    # A fork has everything imported and compiled already; elsewhere system libraries do not survive one.
    _CONTEXT = multiprocessing.get_context("fork")
else:
    _CONTEXT = multiprocessing.get_context("spawn")

NOISE_KEPT = 4096
"""Bytes of stderr kept for one item."""
_LAST_WORDS = 2.0
"""Seconds that a worker has to leave by itself."""


@dataclass(frozen=True, slots=True)
class Task:
    """An item on its way: at which attempt, and whether a worker that has it may take another one before it ends."""

    item: Item
    attempt: int = 1
    is_alone: bool = False


class Hand:
    """One worker process, the task it has in hand, and the one before that if its end has not been told yet."""

    def __init__(self, process: BaseProcess, pipe: Connection, noise: Connection | None) -> None:
        self.process = process
        self.pipe = pipe
        self.noise = noise
        self.task: Task | None = None
        self.closing: Task | None = None
        self.has_started = False
        self.has_asked = False
        self.allowance = 0
        self.deadline = math.inf
        self._seconds_left = math.inf
        self._heard = bytearray()

    def give(self, task: Task, timeout: float | None, allowance: int) -> None:
        """Hand over a task and the memory granted to it in advance; its clock runs once the worker has started."""
        self.task = task
        self.allowance = allowance
        self.has_asked = False
        self._seconds_left = math.inf if timeout is None else timeout
        self.say(Given(task.item, allowance))
        if self.has_started:
            self.resume()

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing to do."""
        return self.task is None and self.closing is None

    @property
    def is_free(self) -> bool:
        """Whether it can be given a task; an item that is tried again has its worker to itself to the end."""
        return self.task is None and (self.closing is None or not self.closing.is_alone)

    def say(self, word: Given | int | None) -> None:
        """Send something; that the worker is dead is noticed by listening to it."""
        with suppress(ConnectionError):
            self.pipe.send(word)

    def resume(self) -> None:
        self.deadline = time.monotonic() + self._seconds_left

    def pause(self) -> None:
        """Stop the clock while the task waits for others' memory."""
        self._seconds_left = self.deadline - time.monotonic()
        self.deadline = math.inf

    def finish(self) -> None:
        self.task = None
        self.deadline = math.inf

    def sources(self) -> list[Connection]:
        """What to wait for."""
        return [self.pipe] if self.noise is None else [self.pipe, self.noise]

    def listen(self) -> None:
        """Empty the worker's stderr, so that it never blocks, and keep its beginning."""
        while self.noise is not None:
            try:
                heard = os.read(self.noise.fileno(), 1 << 16)
            except BlockingIOError:
                return
            if not heard:
                self.noise.close()
                self.noise = None
            self._heard += heard[: NOISE_KEPT - len(self._heard)]

    def heard(self) -> str:
        """What the worker wrote to stderr since the last call."""
        self.listen()
        text = self._heard.decode("utf-8", "backslashreplace")
        self._heard.clear()
        return text

    def end(self, patience: float = 0.0) -> int | None:
        """The worker's exit status; None when it had to be killed, because it did not leave by itself in time."""
        self.process.join(patience)
        status = self.process.exitcode
        if status is None:
            self.process.kill()
            self.process.join()
        self.listen()
        self.pipe.close()
        if self.noise is not None:
            self.noise.close()
            self.noise = None
        self.process.close()
        return status


def hire(work: Work, inherited: Iterable[Connection], serve: Callable[[Work, Line], None] = main) -> Hand:
    """Start a worker that serves in its way; RunError where the system has no process left to give."""
    ours, theirs = _CONTEXT.Pipe()
    noise, noise_end = (None, None) if sys.platform == "win32" else _CONTEXT.Pipe(duplex=False)
    is_fork = _CONTEXT.get_start_method() == "fork"
    parents = tuple(end for end in (*inherited, ours, noise) if end is not None) if is_fork else ()
    process = _CONTEXT.Process(target=serve, args=(work, Line(theirs, noise_end, os.getpid(), parents)), daemon=True)
    try:
        with _signals_held(), warnings.catch_warnings():
            # Python 3.12 and later warn of a fork beside other threads; a worker needs no lock that those hold.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
    except OSError as error:
        message = (
            f"no worker process can be started ({error.strerror}); use fewer jobs (-j) or raise the system's limits"
        )
        raise RunError(message, "workers") from error
    theirs.close()
    if noise is not None and noise_end is not None:
        noise_end.close()
        os.set_blocking(noise.fileno(), False)
    return Hand(process, ours, noise)


def dismiss(hands: Iterable[Hand]) -> None:
    """Let idle workers go; those that do not leave are killed."""
    leaving = list(hands)
    for hand in leaving:
        hand.say(None)
    deadline = time.monotonic() + _LAST_WORDS
    for hand in leaving:
        hand.end(max(0.0, deadline - time.monotonic()))


@contextmanager
def _signals_held() -> Iterator[None]:
    """Hold back SIGINT and SIGTERM, so that a child never runs the parent's handlers."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
