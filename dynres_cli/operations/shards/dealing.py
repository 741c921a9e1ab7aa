"""Which picture goes into which shard: arithmetic on the headers' facts, in the order of the keys."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dynres_cli.manifest import LayoutEntry

Numbers = npt.NDArray[Any]

KIND = np.dtype([("place", "<u8"), ("bytes", "<u8"), ("views", "<u4"), ("tokens", "<u4")])
"""One picture: its place in the spool, and its costs."""
TOLD = 5
"""Small buckets that are named."""
LAST = 2**32
"""Where pictures without a cost stand among the buckets: behind all others."""


@dataclass(frozen=True, slots=True)
class Dealt:
    """The pictures by their numbers in the order of the shards, and where each shard begins among them."""

    order: Numbers
    starts: Numbers

    @property
    def shards(self) -> int:
        return len(self.starts)

    def members(self, shard: int) -> Numbers:
        """The numbers of a shard's pictures, in the order of their keys."""
        end = self.starts[shard + 1] if shard + 1 < self.shards else len(self.order)
        return self.order[self.starts[shard] : end]


def dealt(table: Numbers, layout: LayoutEntry) -> Dealt:
    """Fill one shard after another; a picture that is larger than a shard has one of its own.

    With `pack_by` a shard holds pictures of one cost only, the cheapest first.
    """
    buckets = _buckets(table, layout)
    order = np.argsort(buckets, kind="stable") if buckets is not None else np.arange(len(table))
    sizes = table["bytes"] if layout.shard_size is not None else table["views"]
    limit = layout.shard_size if layout.shard_size is not None else layout.shard_tiles
    starts: list[int] = []
    filled, bucket = 0, None
    for place, number in enumerate(order):
        size = int(sizes[number])
        mine = None if buckets is None else int(buckets[number])
        if not starts or mine != bucket or (filled and size and filled + size > (limit or 0)):
            starts.append(place)
            filled, bucket = 0, mine
        filled += size
    return Dealt(order, np.array(starts, np.int64))


def _buckets(table: Numbers, layout: LayoutEntry) -> Numbers | None:
    """Every picture's cost where equal ones are put together."""
    if layout.pack_by is None:
        return None
    costs = table["views" if layout.pack_by == "tiles" else "tokens"].astype(np.int64)
    return np.where(table["views"] == 0, LAST, costs)


def small_buckets(table: Numbers, layout: LayoutEntry, batch: int) -> Counter[int]:
    """The costs that fewer pictures have than a batch takes, with how many those are."""
    buckets = _buckets(table, layout)
    if buckets is None:
        return Counter()
    costs, pictures = np.unique(buckets, return_counts=True)
    told = zip(costs.tolist(), pictures.tolist(), strict=True)
    return Counter({cost: number for cost, number in told if number < batch and cost != LAST})


def too_small(buckets: Counter[int], layout: LayoutEntry, batch: int) -> list[str]:
    """The sentence about buckets that fill no batch, if there are any."""
    if not buckets:
        return []
    unit = "view" if layout.pack_by == "tiles" else "token"
    costs = sorted(buckets.items())[:TOLD]
    named = ", ".join(f"{cost:,} {unit}{'s' * (cost != 1)} ({number:,})" for cost, number in costs)
    more = f" and {len(buckets) - TOLD:,} more" if len(buckets) > TOLD else ""
    several = f"{len(buckets):,} buckets have" if len(buckets) > 1 else "1 bucket has"
    return [f"warning: {several} fewer images than a batch of {batch:,}: {named}{more}"]
