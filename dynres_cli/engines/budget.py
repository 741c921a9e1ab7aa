"""The bytes of memory that running items share: bookkeeping alone, first come, first served."""

from __future__ import annotations

from collections import deque


class Budget:
    """Who holds how many bytes, and who waits for some; holders are numbers.

    Grants go strictly in the order of the requests. A small request behind a large one waits too, since the large one
    would otherwise wait for as long as small ones keep coming.
    """

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.held = 0
        self._granted: dict[int, int] = {}
        self._waiting: deque[tuple[int, int]] = deque()

    def can_ever_meet(self, need: int) -> bool:
        return self.total is None or need <= self.total

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
            self._granted[holder] = need
            self.held += need
            granted.append(holder)
        return granted
