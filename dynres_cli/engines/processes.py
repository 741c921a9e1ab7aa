"""A pool of processes that survives what its items do: crashes, endless loops, hunger for memory, a dying parent."""

from __future__ import annotations

import atexit
import os
import signal
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import wait

from dynres_cli.engines.budget import Budget
from dynres_cli.engines.contract import UNWATCHED, EngineLimits, Outcome, Watch, Work, out_of_memory
from dynres_cli.engines.hand import Hand, Task, dismiss, hire
from dynres_cli.engines.pacing import ATTEMPTS, POLL, POLL_FEED, paced
from dynres_cli.engines.worker import Ask, Closed, Ended, Freed, Message, Started
from dynres_cli.errors import RunError
from dynres_cli.items import Done, Failed, Item, Stage

_STILLBORN = 3
"""So many workers may die before their first item while nothing is finished; then something is wrong with the run."""
_LATE = 1.0
"""Seconds that a wait may be late on the busiest machine; one that is later was stopped on the way."""
_NOT_BY_US = -9  # SIGKILL: the kernel's way to get memory back


def run(
    work: Work, items: Iterable[Item | None], limits: EngineLimits, watch: Watch = UNWATCHED
) -> Generator[Outcome, None, None]:
    """Outcomes as they come.

    What workers shall find imported or compiled must be so before the first outcome is asked for. An item whose worker
    dies is tried once more, by another worker that has nothing else; if that one dies too, the item is blamed.
    """
    _keep_standard_handles()
    pool = _Pool(work, limits, watch)
    # A generator that nobody closes must not leave workers behind when the interpreter goes.
    atexit.register(pool.kill)
    try:
        yield from pool.outcomes(iter(items))
    finally:
        pool.kill()
        atexit.unregister(pool.kill)


class _Pool:
    def __init__(self, work: Work, limits: EngineLimits, watch: Watch) -> None:
        self.work = work
        self.limits = limits
        self.watch = watch
        self.budget = Budget(limits.memory)
        self.hands: list[Hand] = []
        self.retries: deque[Task] = deque()
        self.stillborn = 0
        self.is_feed_over = False

    def outcomes(self, feed: Iterator[Item | None]) -> Iterator[Outcome]:
        yield from paced(self, feed, self.limits, self.watch)
        if not self.is_busy:
            dismiss(self.hands)
            self.hands.clear()

    @property
    def is_busy(self) -> bool:
        return not all(hand.is_idle for hand in self.hands)

    @property
    def has_more(self) -> bool:
        return bool(self.retries) or not self.is_feed_over

    def kill(self) -> None:
        """End all workers at once."""
        for hand in self.hands:
            with suppress(ProcessLookupError):
                hand.process.kill()
        for hand in self.hands:
            hand.end(1.0)
        self.hands.clear()

    def fill(self, feed: Iterator[Item | None]) -> None:
        """Give every free place a task: first the items that lost their worker, each to a worker that has no other."""
        while self.retries and len(self.hands) < self.limits.jobs:
            self._hire(self.retries.popleft())
        for hand in self.hands:
            if self.retries:
                if hand.is_idle:
                    self._give(hand, self.retries.popleft())
            elif hand.is_free and (task := self._next(feed)):
                self._give(hand, task)
        while len(self.hands) < self.limits.jobs and (task := self._next(feed)):
            self._hire(task)

    def _next(self, feed: Iterator[Item | None]) -> Task | None:
        if self.is_feed_over:
            return None
        try:
            item = next(feed)
        except StopIteration:
            self.is_feed_over = True
            return None
        return None if item is None else Task(item)

    def _hire(self, task: Task) -> None:
        hand = hire(self.work, [end for hand in self.hands for end in hand.sources()])
        self.hands.append(hand)
        self._give(hand, task)

    def _give(self, hand: Hand, task: Task) -> None:
        share = (self.limits.memory or 0) // self.limits.jobs
        hand.give(task, self.limits.timeout, self.budget.advance(id(hand), share))

    def step(self) -> list[Outcome]:
        """Wait for something to happen, and see to it."""
        ready = set(self._wait())
        outcomes = []
        for hand in tuple(self.hands):
            if hand.noise in ready:
                hand.listen()
            if hand.pipe in ready:
                outcomes.append(self._hear(hand))
            elif hand.deadline <= time.monotonic() and not hand.pipe.poll():
                outcomes.append(self._time_out(hand))
        turns = self.budget.grants()
        for hand in self.hands:
            if id(hand) in turns:
                hand.say(None)
                hand.resume()
        return [outcome for outcome in outcomes if outcome is not None]

    def _wait(self) -> list[object]:
        has_idle = len(self.hands) < self.limits.jobs or any(hand.is_free for hand in self.hands)
        longest = POLL_FEED if has_idle and not self.is_feed_over else POLL
        nearest = min((hand.deadline for hand in self.hands), default=float("inf")) - time.monotonic()
        patience = max(0.0, min(longest, nearest))
        began = time.monotonic()
        if self.hands:
            ready: list[object] = list(wait([end for hand in self.hands for end in hand.sources()], patience))
        else:
            time.sleep(patience)
            ready = []
        pause = overslept(patience, time.monotonic() - began)
        for hand in self.hands:
            hand.deadline += pause
        return ready

    def _hear(self, hand: Hand) -> Outcome | None:
        try:
            message: Message = hand.pipe.recv()
        except (EOFError, ConnectionError):
            return self._bury(hand)
        match message:
            case Started():
                self.stillborn = 0
                hand.has_started = True
                hand.resume()
            case Ask(need):
                self._ask(hand, need)
            case Ended(code, text) | Closed(Ended(code, text)):
                raise RunError(text, code)
            case Freed():
                hand.closing = hand.task
                self._release(hand)
            case Closed(Done() | Failed() as outcome):
                self.stillborn = 0
                hand.closing = None
                return outcome
            case Done() | Failed() as outcome:
                self.stillborn = 0
                self._release(hand)
                return outcome
        return None

    def _ask(self, hand: Hand, need: int) -> None:
        hand.has_asked = True
        if need <= hand.allowance:
            self.budget.keep(id(hand), need)
            return
        if self.budget.total is not None and not self.budget.can_ever_meet(need):
            hand.say(self.budget.total)
            return
        hand.pause()
        self.budget.ask(id(hand), need)

    def _release(self, hand: Hand) -> None:
        """The task has left this worker: its memory and its noise with it."""
        self.budget.release(id(hand))
        noise = hand.heard()
        if noise and hand.task:
            self.watch.noise(hand.task.item.key, noise)
        hand.finish()

    def _time_out(self, hand: Hand) -> Outcome | None:
        item = hand.task.item if hand.task else None
        self.hands.remove(hand)
        hand.process.kill()
        hand.end(1.0)
        self._release(hand)
        if hand.closing:
            self.retries.append(hand.closing)
        if item is None:
            return None
        reason = f"took longer than {self.limits.timeout:g} s and was stopped; allow more time with --timeout"
        return item.failed(_stage(hand), "timeout", reason)

    def _bury(self, hand: Hand) -> Outcome | None:
        """A worker has died: its item gets another try, or the blame."""
        task = hand.task or hand.closing
        if hand.task and hand.closing:
            # Its pixels were made, so the other one is to blame first; alone it will show if it is not.
            self.retries.append(Task(hand.closing.item, hand.closing.attempt, is_alone=True))
        self.hands.remove(hand)
        status = hand.end(1.0)
        self._release(hand)
        if not hand.has_started:
            self._count_stillborn()
        if task is None:
            return None
        if hand.has_started and task.attempt >= ATTEMPTS:
            return _blame(task.item, status, _stage(hand))
        self.retries.append(Task(task.item, task.attempt + hand.has_started, is_alone=True))
        return None

    def _count_stillborn(self) -> None:
        self.stillborn += 1
        if self.stillborn > _STILLBORN:
            message = "worker processes die as soon as they start; look for limits on processes and memory (ulimit -a)"
            raise RunError(message, "workers")


def overslept(asked: float, passed: float) -> float:
    """Seconds by which a wait was longer than asked for because the run was stopped, as by Ctrl-Z; else 0.

    The workers were stopped with it, so their items' clocks stand still for as long.
    """
    surplus = passed - asked
    return surplus if surplus > _LATE else 0.0


def _stage(hand: Hand) -> Stage:
    # The engine sees one step only: memory is asked for after the header was read and before the pixels are.
    return "decode" if hand.has_asked else "probe"


def _blame(item: Item, status: int | None, stage: Stage) -> Failed:
    if status == _NOT_BY_US:
        return out_of_memory(
            item,
            "the system killed its worker twice, most likely for its memory; use fewer jobs (-j) or a smaller picture",
        )
    how = f"signal {signal.Signals(-status).name}" if status is not None and status < 0 else f"exit status {status}"
    reason = f"its worker died twice ({how}); the file may be damaged, or made to break a decoder: leave it out"
    return item.failed(stage, "worker_crash", reason)


def _keep_standard_handles() -> None:
    """Occupy the handles 0 to 2 where the caller closed them, so that no pipe takes the place of stdout."""
    for handle in range(3):
        try:
            os.fstat(handle)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
