"""Work that is handed over to threads is done once, with threads or without."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dynres_cli.storage.handing import handed_over


def _refused(_thread: threading.Thread) -> None:
    message = "can't start new thread"
    raise RuntimeError(message)


def test_guarantee_15_where_no_thread_can_be_had_the_work_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """`ulimit -v` and `ulimit -u` refuse threads first: no picture fails for the want of one, none is written twice."""
    done: list[str] = []
    with ThreadPoolExecutor(1) as threads:
        with monkeypatch.context() as without:
            without.setattr(threading.Thread, "start", _refused)
            handed_over(threads, lambda: done.append("without")).result(timeout=0)
        handed_over(threads, lambda: done.append("with")).result()
    assert done == ["without", "with"]


def test_what_goes_wrong_is_told_to_whoever_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a thread, and without one."""

    def full() -> None:
        raise OSError(28, "No space left on device")

    with ThreadPoolExecutor(1) as threads, pytest.raises(OSError, match="No space"):
        handed_over(threads, full).result()
    monkeypatch.setattr(threading.Thread, "start", _refused)
    with pytest.raises(OSError, match="No space"):
        handed_over(ThreadPoolExecutor(1), full).result(timeout=0)
