"""A lock of an output that is ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """What the holder of a lock knows and has to do."""

    after_crash: bool
    """The holder before us died, so that it may have left files that it was writing."""
    keep: Callable[[], None] = lambda: None
    """To be called now and then: a lock in an object store ends if it is not renewed."""
