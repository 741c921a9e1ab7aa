"""The law of working memory: arrays that are in use never share a byte, whatever was given back before."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.arena import Arena

ROOM = 1 << 14
STEPS = st.lists(st.one_of(st.integers(1, 5000), st.sampled_from(["give back", "clear"])), max_size=40)


@given(STEPS, st.randoms(use_true_random=False))
def test_arrays_in_use_never_share_a_byte(steps: list[int | str], dice: random.Random) -> None:
    """Each is filled with a number of its own, and keeps it until it is given back or everything is forgotten."""
    arena = Arena(ROOM)
    live: dict[int, npt.NDArray[np.uint8]] = {}
    for number, step in enumerate(steps):
        if isinstance(step, int):
            live[number] = arena.empty((step,), np.uint8)
            live[number][:] = number
        elif step == "clear":
            arena.clear()
            live.clear()
        elif live:
            arena.give_back(live.pop(dice.choice(sorted(live))))
        assert all((array == owner).all() for owner, array in live.items())


def test_what_was_given_back_is_used_again() -> None:
    """The tensor lies where the picture was; an array from elsewhere, or one that is no single piece, is let alone."""
    arena = Arena(ROOM)
    picture, tile = arena.empty((64, 64), np.uint8), arena.empty((64,), np.uint8)
    arena.give_back(np.zeros(100, np.uint8))
    arena.give_back(picture[:, ::2])
    assert not np.may_share_memory(picture, arena.empty((64,), np.uint8))
    arena.give_back(picture)
    tensor = arena.empty((16, 64), np.float32)
    assert np.may_share_memory(picture, tensor)
    assert not np.may_share_memory(tile, tensor)


def test_what_is_too_large_is_allocated() -> None:
    """Beyond its room an arena hands out arrays of their own."""
    arena = Arena(ROOM)
    first, second = arena.empty((ROOM,), np.uint8), arena.empty((ROOM,), np.uint8)
    assert not np.may_share_memory(first, second)
