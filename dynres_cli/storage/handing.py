"""Work handed over to a thread, or done on the spot where the system has no thread to give."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count


def handed_over(threads: ThreadPoolExecutor, work: Callable[[], None]) -> Future[None]:
    """The work's outcome to be; it is there at once where a limit on memory or processes refuses another thread."""
    outcome: Future[None] = Future()
    turns = count()

    def once() -> None:
        # Work that no thread could be started for stays in the queue of those to come.
        if next(turns) or not outcome.set_running_or_notify_cancel():
            return
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - whoever waits for the outcome gets it
            outcome.set_exception(error)
        else:
            outcome.set_result(None)

    try:
        threads.submit(once)
    except RuntimeError:
        once()
    return outcome
