"""Writes the tables of docs/scale.md from the readings in results/scale/; the prose between them is left alone.

python benchmarks/scale_page.py
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "scale.md"
READINGS = ROOT / "benchmarks" / "results" / "scale"
Readings = dict[str, Any]

CORES_A_NODE = 32
IMAGES = {"1 M": 10**6, "100 M": 10**8, "5 B": 5 * 10**9}
NODES = (1, 32, 1000)
KEYS_A_LISTING = 1000  # what S3 answers to one request at the most
SHARD = 256 << 20  # bytes of views that fill a shard by default


def load(name: str) -> Readings | None:
    """The readings of one script, if there are any."""
    path = READINGS / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown; every column but the first ones that hold words is set to the right."""
    ends = ["---" if all(not cell[:1].isdigit() for cell in column) else "--:" for column in zip(*rows, strict=True)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ends, *rows])


def matrix() -> str:
    """One line a run, the absent ones with their reason."""
    readings = load("rows")
    if readings is None:
        return "Not measured yet: `make bench-scale`."
    head = [
        "layout",
        "where",
        "engine",
        "images/s",
        "MB an image",
        "files",
        "requests",
        "driver MB",
        "worker MB",
        "pixels",
    ]
    rows = [_matrix_row(row) for row in readings["rows"]]
    about = f"{readings['machine']['processor']}; {readings['machine']['versions']}. `{readings['command']}`"
    commands = [f"* {row['layout']}, {row['place']}, {row['engine']}: `{row['command']}`" for row in _present(readings)]
    return "\n".join([table(head, rows), "", about, "", "The commands:", "", *commands])


def _present(readings: Readings) -> list[Readings]:
    return [row for row in readings["rows"] if not row["absent"]]


def _matrix_row(row: Readings) -> list[str]:
    name = [row["layout"], row["place"], row["engine"]]
    if row["absent"]:
        return [*name, *["–"] * 6, f"absent: {row['absent']}"]
    return [
        *name,
        f"{row['images'] / row['seconds']:.2f}",
        f"{row['bytes'] / row['images'] / 1e6:.2f}",
        f"{row['files']}",
        "–" if row["requests"] is None else f"{row['requests']:,}",
        f"{row['driver_megabytes']:.0f}",
        f"{row['worker_megabytes']:.0f}",
        "equal" if row["equal"] else "**not equal**",
    ]


def engines() -> str:
    """What an engine costs beside the work."""
    readings = load("overhead")
    if readings is None:
        return "Not measured yet: `python benchmarks/overhead.py`."
    rows = [
        [name, f"{each['first']:.2f} s", f"{each['item'] * 1e6:,.0f} µs"] for name, each in readings["engines"].items()
    ]
    return "\n".join([table(["engine", "first outcome", "each item"], rows), "", f"`{readings['command']}`"])


def simulation() -> str:
    """Memory and time of the driver, step by step."""
    readings = load("simulation")
    if readings is None:
        return "Not measured yet: `python benchmarks/simulate.py`."
    rows = [
        [each["phase"], f"{each['images']:,}", f"{each['processor_seconds']:,.0f} s", f"{each['megabytes']:.0f} MB"]
        for each in readings["readings"]
    ]
    about = (
        f"`{readings['command']}`: peak {readings['peak_megabytes']:.0f} MB, {readings['volumes']} volumes, "
        f"{readings['manifest_bytes'] / 1e9:.1f} GB of manifest."
    )
    return "\n".join([table(["phase", "images", "processor time", "driver"], rows), "", about])


def costs() -> str:
    """Hours, bytes and requests for more images than anybody has here, as arithmetic from the readings."""
    readings = load("rows")
    tree = next((row for row in _present(readings or {"rows": []}) if row["layout"] == "tree"), None)
    if tree is None:
        return "Not measured yet: `make bench-scale`."
    core_seconds = 2 * tree["seconds"] / tree["images"]
    size, files = tree["bytes"] / tree["images"], tree["files"] / tree["images"]
    rows = []
    for name, images in IMAGES.items():
        hours = [f"{images * core_seconds / CORES_A_NODE / nodes / 3600:,.1f} h" for nodes in NODES]
        listings, small, large = images / KEYS_A_LISTING, images * files, images * size / SHARD
        requests = [f"{_short(number)}" for number in (listings, images, small, 2 * large)]
        rows.append([name, *hours, f"{images * size / 1e12:,.1f} TB", *requests])
    head = [
        "images",
        *(f"{nodes:,} nodes" for nodes in NODES),
        "written",
        "lists",
        "gets",
        "puts: tree",
        "puts: shards",
    ]
    about = (
        f"From {core_seconds:.2f} core seconds, {size / 1e6:.1f} MB and {files:.1f} files an image (tree, disk, "
        f"processes, two workers); {CORES_A_NODE} cores a node; {KEYS_A_LISTING:,} keys a listing request; shards of "
        f"{SHARD >> 20} MB, each with an index."
    )
    return "\n".join([table(head, rows), "", about])


def _short(number: float) -> str:
    for end, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= end:
            return f"{number / end:,.1f} {letter}"
    return f"{number:,.0f}"


BLOCKS: dict[str, Callable[[], str]] = {
    "matrix": matrix,
    "engines": engines,
    "simulation": simulation,
    "costs": costs,
}


def page() -> str:
    """The page with every block between its markers."""
    text = PAGE.read_text("utf-8")
    for name, made in BLOCKS.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        block = f"{begin}\n{made()}\n{end}"
        text = re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _, block=block: block, text, flags=re.DOTALL)
    return text


def publish() -> None:
    """Write the tables anew."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    publish()
