"""Chunks of items as plain Ray tasks: a bounded window of them, and nothing but outcomes on the way back.

The driver alone holds the list and counts; a worker or a node that dies takes no outcome with it that would not be
made again. Each node has the whole budget of memory: a chunk takes one processor's share of it, and an item that needs
more is sent once more, alone, with its need as a resource that Ray keeps account of.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from types import ModuleType
from typing import Any

from dynres_cli.engines.budget import Budget
from dynres_cli.engines.cluster import Cluster, Nodes, connected, nodes_of
from dynres_cli.engines.contract import UNWATCHED, Engine, EngineLimits, Outcome, Watch, Work, out_of_memory
from dynres_cli.engines.pacing import ATTEMPTS, POLL, POLL_FEED, paced
from dynres_cli.engines.remote import Answer, Heavy, Terms, chunk
from dynres_cli.errors import RunError
from dynres_cli.items import Failed, Item

_RECOUNT = 10.0
"""Seconds after which nodes that came or went are noticed."""
_NODES_LOST = 5
"""So many nodes may die under a chunk before it is taken for the cause."""
_LAST_WORDS = 5.0
"""Seconds that cancelled chunks have to be gone."""


def on(cluster: Cluster, jobs: int = 0) -> Engine:
    """The engine on a cluster, which is joined or started here; see `connected` for what can be wrong with it."""
    return partial(run, connected(cluster, jobs))


def run(
    ray: ModuleType, work: Work, items: Iterable[Item | None], limits: EngineLimits, watch: Watch = UNWATCHED
) -> Generator[Outcome, None, None]:
    """Outcomes as they come; `limits.jobs` chunks of `limits.chunk` items are under way, with 0 one for each processor.

    A chunk whose worker dies is halved and tried again; an item that is alone and loses two workers is blamed.
    """
    window = _Window(ray, work, limits, watch)
    try:
        yield from window.outcomes(iter(items))
    finally:
        window.close()


@dataclass(frozen=True, slots=True)
class _Chunk:
    items: tuple[Item, ...]
    deaths: int = 0
    """Workers that died with it since it was last halved."""
    nodes_lost: int = 0
    need: int | None = None
    """Bytes, where it needs more than a share."""

    def halves(self) -> list[_Chunk]:
        middle = len(self.items) // 2
        return [_Chunk(self.items[:middle]), _Chunk(self.items[middle:])]


class _Window:
    """The chunks that are under way, those that wait for memory, and those that have to go again."""

    def __init__(self, ray: ModuleType, work: Work, limits: EngineLimits, watch: Watch) -> None:
        nodes = nodes_of(ray)
        self.ray, self.watch, self.limits = ray, watch, limits
        self.budget = Budget(None)
        self._fit(nodes)
        beside = max(1, min(self.size, nodes.most_cpus))
        # A task that asks for more than a node has would wait for ever, so nobody asks for more than the smallest has.
        self.most = nodes.memory
        share = None if limits.memory is None else min(limits.memory, nodes.memory or limits.memory) // beside
        self.terms = Terms(uuid.uuid4().hex, limits.timeout, share, limits.memory)
        self.work = ray.put(work)
        self.task = ray.remote(chunk)
        self.numbers = count()
        self.waiting: dict[int, _Chunk] = {}
        self.under_way: dict[Any, tuple[int, _Chunk]] = {}
        self.again: deque[_Chunk] = deque()
        self.is_feed_over = False

    def outcomes(self, feed: Iterator[Item | None]) -> Iterator[Outcome]:
        return paced(self, feed, self.limits, self.watch)

    @property
    def is_busy(self) -> bool:
        return bool(self.under_way)

    @property
    def has_more(self) -> bool:
        return bool(self.again or self.waiting) or not self.is_feed_over

    def close(self) -> None:
        """Stop what is under way, and see it gone: nobody shall write to the output any more."""
        left = list(self.under_way)
        for ref in left:
            with suppress(Exception):  # it may be done by now, or its node gone
                self.ray.cancel(ref, force=True, recursive=False)
        if left:
            self.ray.wait(left, num_returns=len(left), timeout=_LAST_WORDS, fetch_local=False)
        self.under_way.clear()

    def _fit(self, nodes: Nodes) -> None:
        """Be as large as the cluster is at the moment."""
        self.fits_until = time.monotonic() + _RECOUNT
        self.size = self.limits.jobs or max(1, nodes.cpus)
        self.budget.total = None if self.limits.memory is None else self.limits.memory * max(1, nodes.count)

    def fill(self, feed: Iterator[Item | None]) -> None:
        if time.monotonic() > self.fits_until:
            self._fit(nodes_of(self.ray))
        while len(self.under_way) + len(self.waiting) < self.size and (one := self._next(feed)):
            number = next(self.numbers)
            self.waiting[number] = one
            self.budget.ask(number, self._bytes(one) or 0)
        for number in self.budget.grants():
            self._send(number, self.waiting.pop(number))

    def _next(self, feed: Iterator[Item | None]) -> _Chunk | None:
        """A chunk that has to go again, or what the feed has at the moment."""
        if self.again:
            return self.again.popleft()
        items: list[Item] = []
        while not self.is_feed_over and len(items) < self.limits.chunk:
            try:
                item = next(feed)
            except StopIteration:
                self.is_feed_over = True
                break
            if item is None:
                break
            items.append(item)
        return _Chunk(tuple(items)) if items else None

    def _bytes(self, one: _Chunk) -> int | None:
        return self.terms.share if one.need is None else one.need

    def _send(self, number: int, one: _Chunk) -> None:
        need = self._bytes(one)
        # Ray would try a lost task again by itself, whole and without telling; who is to blame is found out here.
        task = self.task.options(num_cpus=1, max_retries=0, memory=min(need or 0, self.most) or None)
        ref = task.remote(self.work, replace(self.terms, share=need), one.items)
        self.under_way[ref] = number, one

    def step(self) -> list[Outcome]:
        """Wait for chunks that are done, and take what they bring."""
        patience = POLL if self.is_feed_over or len(self.under_way) >= self.size else POLL_FEED
        if not self.under_way:
            time.sleep(patience)
            return []
        refs = list(self.under_way)
        self.ray.wait(refs, num_returns=1, timeout=patience)
        ready, _ = self.ray.wait(refs, num_returns=len(refs), timeout=0)
        return [outcome for ref in ready for outcome in self._take(ref)]

    def _take(self, ref: Any) -> Iterator[Outcome]:  # noqa: ANN401 - Ray's own reference
        number, one = self.under_way.pop(ref)
        self.budget.release(number)
        failures = self.ray.exceptions
        try:
            answer: Answer = self.ray.get(ref)
        except failures.RayTaskError as error:
            raise _not_equipped(error) from error
        except (failures.NodeDiedError, failures.ObjectLostError, failures.TaskUnschedulableError):
            self._node_died(one)
        except (failures.WorkerCrashedError, failures.OutOfMemoryError) as error:
            yield from self._worker_died(one, by_memory=isinstance(error, failures.OutOfMemoryError))
        except failures.RayError as error:
            message = f"the Ray cluster cannot go on ({_first_line(error)}); run the same command again to go on"
            raise RunError(message, "cluster") from error
        else:
            yield from self._told(one, answer)

    def _told(self, one: _Chunk, answer: Answer) -> Iterator[Outcome]:
        if answer.ended is not None:
            code, text = answer.ended
            raise RunError(text, code)
        for key, text in answer.noise:
            self.watch.noise(key, text)
        items = {item.key: item for item in one.items}
        for outcome in answer.outcomes:
            if isinstance(outcome, Heavy):
                self.again.append(_Chunk((items[outcome.key],), need=outcome.need))
            else:
                yield outcome

    def _node_died(self, one: _Chunk) -> None:
        """Nobody's fault: the chunk goes again as it is, unless nodes die wherever it comes."""
        if one.nodes_lost < _NODES_LOST:
            self.again.append(replace(one, nodes_lost=one.nodes_lost + 1))
        else:
            message = f"{_NODES_LOST + 1} nodes died one after the other; see `ray status` and run the command again"
            raise RunError(message, "cluster")

    def _worker_died(self, one: _Chunk, *, by_memory: bool) -> Iterator[Outcome]:
        if len(one.items) > 1:
            self.again += one.halves()
        elif one.deaths + 1 < ATTEMPTS:
            self.again.append(replace(one, deaths=one.deaths + 1))
        else:
            yield _blame(one.items[0], by_memory=by_memory)


def _blame(item: Item, *, by_memory: bool) -> Failed:
    if by_memory:
        return out_of_memory(item, "Ray ended its worker twice for memory; use fewer jobs (-j) or a smaller picture")
    reason = "its Ray worker died twice; the file may be damaged, or made to break a decoder: leave it out"
    return item.failed("decode", "worker_crash", reason)


def _not_equipped(error: Exception) -> RunError:
    message = (
        f"a Ray worker cannot do its work ({_first_line(error)}); install the same dynres on every node, in the Python "
        "that Ray runs there"
    )
    return RunError(message, "cluster")


def _first_line(error: Exception) -> str:
    cause = getattr(error, "cause", None) or error
    return f"{type(cause).__name__}: {str(cause).partition(chr(10))[0]}"
