"""The bytes of memory that running items share: bookkeeping alone, first come, first served."""

from __future__ import annotations

from collections import deque

WITHOUT_LIMIT = 1 << 62


class Budget:
    """Who holds how many bytes, and who waits for some; holders are numbers.

    Grants go strictly in the order of the requests. A small request behind a large one waits too, since the large one
    would otherwise wait for as long as small ones keep coming.

    Most items need little, and to be answered takes a worker longer than it should: where nobody waits a share is
    granted in advance, and what of it an item turns out not to need goes back as soon as its need is known.
    """

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.held = 0
        self._granted: dict[int, int] = {}
        self._waiting: deque[tuple[int, int]] = deque()

    def can_ever_meet(self, need: int) -> bool:
        return self.total is None or need <= self.total

    def advance(self, holder: int, share: int) -> int:
        """Bytes that are granted to a holder of none before it has asked: the share, or 0 where there is a queue."""
        if self.total is None:
            return WITHOUT_LIMIT
        if self._waiting or not self.can_ever_meet(self.held + share):
            return 0
        self._grant(holder, share)
        return share

    def keep(self, holder: int, need: int) -> None:
        """Take back what an advance is more than the need."""
        self.held -= self._granted.pop(holder, 0)
        self._grant(holder, need)

    def ask(self, holder: int, need: int) -> None:
        """Queue a request; what the holder has been granted before goes back first."""
        self.release(holder)
        self._waiting.append((holder, need))

    def release(self, holder: int) -> None:
        """Take back what the holder has or waits for."""
        self.held -= self._granted.pop(holder, 0)
        self._waiting = deque(request for request in self._waiting if request[0] != holder)

    def grants(self) -> list[int]:
        """The holders whose turn has come; their bytes are now theirs."""
        granted = []
        while self._waiting and self.can_ever_meet(self.held + self._waiting[0][1]):
            holder, need = self._waiting.popleft()
            self._grant(holder, need)
            granted.append(holder)
        return granted

    def _grant(self, holder: int, size: int) -> None:
        self._granted[holder] = size
        self.held += size
