"""A function over a stream, in order, with the next few answers already under way where they come over a network."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Answer = TypeVar("Answer")


def ahead(call: Callable[[Given], Answer], items: Iterable[Given], *, at_once: int) -> Iterator[tuple[Given, Answer]]:
    """Each item with its answer; no more than `at_once` are ever under way or waiting."""
    if at_once == 1:
        for item in items:
            yield item, call(item)
        return
    waiting: deque[tuple[Given, Future[Answer]]] = deque()
    with ThreadPoolExecutor(at_once, "ahead") as threads:
        try:
            for item in items:
                waiting.append((item, threads.submit(call, item)))
                if len(waiting) == at_once:
                    yield _first(waiting)
            while waiting:
                yield _first(waiting)
        finally:
            for _item, future in waiting:
                future.cancel()


def _first(waiting: deque[tuple[Given, Future[Answer]]]) -> tuple[Given, Answer]:
    item, future = waiting.popleft()
    return item, future.result()
