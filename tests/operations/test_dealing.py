"""Which picture goes into which shard: a pure function of costs in the order of the keys."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.manifest import LayoutEntry
from dynres_cli.operations.shards.dealing import KIND, Numbers, dealt, small_buckets, too_small


def table(views: list[int]) -> Numbers:
    """Pictures of so many views, each of 10 bytes and 4 tokens; 0 is one whose header is no good."""
    found = np.zeros(len(views), KIND)
    found["views"] = views
    found["bytes"], found["tokens"] = found["views"] * 10, found["views"] * 4
    return found


def shards(views: list[int], layout: LayoutEntry) -> list[list[int]]:
    """The numbers of the pictures in each shard."""
    found = dealt(table(views), layout)
    return [found.members(number).tolist() for number in range(found.shards)]


@pytest.mark.parametrize(
    ("views", "expected"),
    [
        pytest.param([3, 3, 3], [[0, 1], [2]], id="full at six"),
        pytest.param([7, 1, 9], [[0], [1], [2]], id="too large for any shard"),
        pytest.param([0, 0, 6, 0, 1], [[0, 1, 2, 3], [4]], id="no cost takes no room"),
        pytest.param([], [], id="nothing to deal"),
    ],
)
def test_shards_are_filled_in_the_order_of_the_keys(views: list[int], expected: list[list[int]]) -> None:
    """One after another, by views or by the same in bytes."""
    assert shards(views, LayoutEntry("packed", shard_tiles=6)) == expected
    assert shards(views, LayoutEntry("packed", shard_size=69)) == expected


def test_equal_costs_come_together_the_unknown_last() -> None:
    """A shard has one cost; within it the order is that of the keys."""
    views = [5, 2, 0, 5, 2, 2]
    assert shards(views, LayoutEntry("packed", shard_tiles=4, pack_by="tiles")) == [[1, 4], [5], [0], [3], [2]]
    assert shards(views, LayoutEntry("packed", shard_tiles=9, pack_by="tokens")) == [[1, 4, 5], [0], [3], [2]]


def test_buckets_below_a_batch_are_named() -> None:
    """With their cost and how many there are; pictures without a cost are none."""
    layout = LayoutEntry("packed", shard_tiles=9, pack_by="tokens")
    found = small_buckets(table([5, 2, 0, 5, 2, 2]), layout, 3)
    assert found == {20: 2}
    assert too_small(found, layout, 3) == ["warning: 1 bucket has fewer images than a batch of 3: 20 tokens (2)"]
    assert small_buckets(table([5]), LayoutEntry("packed", shard_tiles=9), 3) == {}


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 12), st.sampled_from([None, "tiles", "tokens"]))
def test_every_picture_has_one_place(views: list[int], limit: int, pack_by: str | None) -> None:
    """No shard is empty or too full, and nothing is lost; within a shard keys are in order."""
    layout = LayoutEntry("packed", shard_tiles=limit, pack_by=pack_by)  # type: ignore[arg-type]
    found = shards(views, layout)
    assert sorted(each for members in found for each in members) == list(range(len(views)))
    for members in found:
        assert members == sorted(members)
        assert sum(views[each] for each in members) <= limit or sum(views[each] > 0 for each in members) == 1
