"""What millions and billions of images come to, as arithmetic from the readings of the scale benchmark.

Nothing here is measured; every figure that is not a reading is one of the assumptions below, which the page states.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Readings = dict[str, Any]

IMAGES = {"1 M": 10**6, "100 M": 10**8, "5 B": 5 * 10**9}
NODES = (1, 32, 1000)
CORES_A_NODE = 32
KEYS_A_LISTING = 1000
"""What S3 answers to one request at the most."""
SECONDS_A_LISTING = 0.1
WRITES_A_SECOND = 3500
"""What Amazon states for one prefix; a bucket with many prefixes grows beyond it, but not at once."""
KINDS = ("LIST", "GET", "HEAD", "PUT", "POST", "DELETE")
WRITES = ("PUT", "POST", "DELETE")
HOUR = 3600.0
CORES, DRIVER, LISTING, REQUESTS = "the cores", "one driver", "one listing", "a tree's small objects"


@dataclass(frozen=True, slots=True)
class Image:
    """What one image costs, as measured."""

    core_seconds: float
    shard_core_seconds: float
    driver_seconds: float
    """Of the driver's own serial work: listing, handing out, counting, compiling the manifest."""
    read: float
    written: float
    record: float
    """Bytes of its line in the manifest."""
    tree_writes: float
    shard_writes: float

    @property
    def node_writes(self) -> float:
        """Bytes a second of a node whose cores wait for nothing."""
        return CORES_A_NODE / self.core_seconds * self.written


def of_one(rows: Readings, simulation: Readings) -> Image | None:
    """The costs of one image, or nothing where a run is missing."""
    tree, shards = found(rows, "tree", "disk"), found(rows, "webdataset", "disk")
    stores = [found(rows, layout, "S3") for layout in ("tree", "webdataset")]
    if tree is None or shards is None or None in stores or rows["start"]["absent"]:
        return None
    tree_writes, shard_writes = (sum(requests_of(row).get(kind, 0) for kind in WRITES) for row in stores)
    return Image(
        core_seconds=core_seconds(rows, tree),
        shard_core_seconds=core_seconds(rows, shards),
        driver_seconds=sum(last["processor_seconds"] / last["images"] for last in last_of_phases(simulation)),
        read=rows["input_bytes"] / tree["images"],
        written=tree["bytes"] / tree["images"],
        record=simulation["manifest_bytes"] / last_of_phases(simulation)[-1]["images"],
        tree_writes=tree_writes,
        shard_writes=shard_writes,
    )


def found(rows: Readings, layout: str, place: str) -> Readings | None:
    """The run of a layout by processes, if it came to its end."""
    for row in rows["rows"]:
        if (row["layout"], row["place"], row["engine"], row["absent"]) == (layout, place, "processes", None):
            return dict(row)
    return None


def core_seconds(rows: Readings, row: Readings) -> float:
    """Processor time of one image, without what starting takes."""
    start = rows["start"]
    return float((row["processor_seconds"] - start["processor_seconds"]) / (row["images"] - start["images"]))


def requests_of(row: Readings | None) -> dict[str, float]:
    """Requests of each kind for one image."""
    counted = (row or {}).get("requests") or {}
    return {kind: number / row["images"] for kind, number in counted.items()} if row else {}


def last_of_phases(simulation: Readings) -> list[Readings]:
    """Where each phase ended, or where it stood when the simulation was ended."""
    return list({reading["phase"]: reading for reading in simulation["readings"]}.values())


def single(rows: Readings) -> tuple[list[str], list[list[str]]]:
    """Head and lines of the table of one image: each layout that was measured."""
    head = ["layout", "core s", "MB read", "MB written", *KINDS]
    lines = []
    for layout in dict.fromkeys(row["layout"] for row in rows["rows"]):
        disk, store = found(rows, layout, "disk"), found(rows, layout, "S3")
        if disk is None or store is None:
            continue
        counts = requests_of(store)
        sizes = [rows["input_bytes"] / disk["images"] / 1e6, disk["bytes"] / disk["images"] / 1e6]
        lines.append(
            [
                layout,
                f"{core_seconds(rows, disk):.3f}",
                *(f"{size:.2f}" for size in sizes),
                *(f"{counts.get(kind, 0):.2f}" for kind in KINDS),
            ]
        )
    return head, lines


def volumes(image: Image) -> tuple[list[str], list[list[str]]]:
    """Head and lines of the table of amounts: what does not depend on the nodes."""
    head = ["images", "read", "written", "manifest", "lists", "writes: tree", "writes: shards"]
    lines = [
        [
            name,
            f"{count * image.read / 1e12:,.1f} TB",
            f"{count * image.written / 1e12:,.1f} TB",
            f"{count * image.record / 1e9:,.1f} GB",
            *map(_short, (count / KEYS_A_LISTING, count * image.tree_writes, count * image.shard_writes)),
        ]
        for name, count in IMAGES.items()
    ]
    return head, lines


def hours(image: Image) -> tuple[list[str], list[list[str]]]:
    """Head and lines of the table of times: what each part takes alone, the longest of them, and what dynres offers."""
    head = ["images", "nodes", *(CORES, DRIVER, LISTING, REQUESTS), "waits for", "shards, a job a node"]
    return head, list(_hours(image))


def _hours(image: Image) -> Iterator[list[str]]:
    for name, count in IMAGES.items():
        for nodes in NODES:
            parts = {
                CORES: count * image.core_seconds / CORES_A_NODE / nodes / HOUR,
                DRIVER: count * image.driver_seconds / HOUR,
                LISTING: count / KEYS_A_LISTING * SECONDS_A_LISTING / HOUR,
                REQUESTS: count * image.tree_writes / WRITES_A_SECOND / HOUR,
            }
            longest = max(parts, key=lambda part: parts[part])
            # A job for each node has a prefix of its own: it lists, drives and writes a part of everything.
            divided = (parts[DRIVER] + parts[LISTING] + count * image.shard_writes / WRITES_A_SECOND / HOUR) / nodes
            best = max(count * image.shard_core_seconds / CORES_A_NODE / nodes / HOUR, divided)
            yield [name, f"{nodes:,}", *map(_time, parts.values()), longest, _time(best)]


def _time(hours_long: float) -> str:
    if hours_long >= 72:
        return f"{hours_long / 24:,.0f} days"
    if hours_long >= 1:
        return f"{hours_long:,.1f} h"
    minutes = hours_long * 60
    return f"{minutes:.1f} min" if minutes >= 1 else f"{minutes * 60:.0f} s"


def _short(number: float) -> str:
    for end, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= end:
            return f"{number / end:,.1f} {letter}"
    return f"{number:,.0f}"
