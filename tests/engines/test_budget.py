"""The laws of memory by admission: never more than there is, first come, first served, nothing kept for nobody."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dynres_cli.engines.budget import WITHOUT_LIMIT, Budget

TOTAL = 100
HOLDERS = st.integers(0, 3)


class Admission(RuleBasedStateMachine):
    """Four workers that are handed items, tell their needs, wait, and are done or die."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = Budget(TOTAL)
        self.held: dict[int, int] = {}
        self.waiting: list[tuple[int, int]] = []

    @rule(holder=HOLDERS)
    def hand_over(self, holder: int) -> None:
        """An advance is the whole share or nothing, and nothing while others wait."""
        if holder in self.held or any(holder == each for each, _ in self.waiting):
            return
        advance = self.budget.advance(holder, TOTAL // 4)
        assert advance in (0, TOTAL // 4)
        if self.waiting or sum(self.held.values()) + TOTAL // 4 > TOTAL:
            assert advance == 0
        else:
            self.held[holder] = advance

    @rule(holder=HOLDERS, need=st.integers(0, TOTAL))
    def tell(self, holder: int, need: int) -> None:
        """Within the advance nobody waits; beyond it all is asked for anew."""
        if any(holder == each for each, _ in self.waiting):
            return
        if need <= self.held.get(holder, 0):
            self.budget.keep(holder, need)
            self.held[holder] = need
        else:
            self.budget.ask(holder, need)
            self.held.pop(holder, None)
            self.waiting.append((holder, need))

    @rule(holder=HOLDERS)
    def end(self, holder: int) -> None:
        """Done or dead: its bytes return, its request is forgotten."""
        self.budget.release(holder)
        self.held.pop(holder, None)
        self.waiting = [each for each in self.waiting if each[0] != holder]

    @rule()
    def grant(self) -> None:
        """In the order of the requests, as many as there is room for."""
        expected = []
        while self.waiting and sum(self.held.values()) + self.waiting[0][1] <= TOTAL:
            holder, need = self.waiting.pop(0)
            self.held[holder] = need
            expected.append(holder)
        assert self.budget.grants() == expected

    @invariant()
    def adds_up(self) -> None:
        """What is held is what the holders have, and never more than there is."""
        assert self.budget.held == sum(self.held.values()) <= TOTAL


TestAdmission = Admission.TestCase
TestAdmission.settings = settings(max_examples=30)


def test_without_a_total_nobody_waits() -> None:
    """Whatever is needed is within the advance."""
    budget = Budget(None)
    assert budget.advance(1, 0) == WITHOUT_LIMIT
    budget.keep(1, 1 << 50)
    assert budget.can_ever_meet(1 << 61)
