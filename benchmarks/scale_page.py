"""Writes the tables of docs/scale.md from the readings in results/scale/; the prose between them is left alone.

python benchmarks/scale_page.py
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import scale_costs

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "scale.md"
READINGS = ROOT / "benchmarks" / "results" / "scale"
Readings = dict[str, Any]
SHOWN = (10**6, 3 * 10**6, 10**7)
"""The steps of the simulation that the page shows; all of them are in the readings."""
MISSING = "Not measured yet: `make bench-scale`."


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
        return MISSING
    head = ["layout", "where", "engine", "images/s", "core s", "MB", "files", "requests", "driver", "worker", "pixels"]
    rows = [_matrix_row(row) for row in readings["rows"]]
    start = readings["start"]
    about = (
        f"{_about(readings)} {_images(readings)} pictures a row; {readings['machine']['versions']}. Images a second "
        f"include the start of the command, which takes {start['seconds']:.1f} s and {start['processor_seconds']:.1f} "
        f"core seconds (processes, {start['images']} pictures). Core seconds are those of the whole command by image; "
        "a dash is what was not counted. Megabytes and files are what was written; driver and worker are the "
        "most that they ever held."
    )
    return "\n".join([table(head, rows), "", about, "", "The commands:", "", *_commands(readings)])


def _images(readings: Readings) -> int:
    return max((row["images"] for row in readings["rows"]), default=0)


def _commands(readings: Readings) -> list[str]:
    """One line for each way to run; the layouts differ in one word."""
    lines = {}
    for row in readings["rows"]:
        command = re.sub(rf"\b{row['layout']}\b", "LAYOUT", row["command"])
        if command:
            lines[f"* {row['place']}, {row['engine']}: `{command}`"] = None
    return list(lines)


def _matrix_row(row: Readings) -> list[str]:
    name = [row["layout"], row["place"], row["engine"]]
    if row["absent"]:
        return [*name, *["–"] * 7, row["absent"]]
    return [
        *name,
        f"{row['images'] / row['seconds']:.2f}",
        "–" if row["processor_seconds"] is None else f"{row['processor_seconds'] / row['images']:.3f}",
        f"{row['bytes'] / 1e6:.1f}",
        f"{row['files']}",
        "–" if row["requests"] is None else f"{sum(row['requests'].values()):,}",
        f"{row['driver_megabytes']:.0f} MB",
        f"{row['worker_megabytes']:.0f} MB",
        "equal" if row["equal"] else "**not equal**",
    ]


def engines() -> str:
    """What an engine costs beside the work."""
    readings = load("overhead")
    if readings is None:
        return MISSING
    rows = [
        [name, f"{each['first']:.2f} s", f"{each['item'] * 1e6:,.0f} µs"] for name, each in readings["engines"].items()
    ]
    return "\n".join([table(["engine", "first outcome", "each item"], rows), "", _about(readings)])


def _about(readings: Readings) -> str:
    return f"`{readings['command']}` on {readings['date']}; {readings['machine']['processor']}."


def simulation() -> str:
    """Memory and time of the driver, step by step."""
    readings = load("simulation")
    if readings is None:
        return MISSING
    head = ["phase", "images", "time", "processor time", "an image", "driver"]
    rows = [
        [
            each["phase"],
            f"{each['images']:,}",
            f"{each['seconds']:,.0f} s",
            f"{each['processor_seconds']:,.0f} s",
            f"{each['processor_seconds'] / each['images'] * 1e6:.1f} µs",
            f"{each['megabytes']:.0f} MB",
        ]
        for each in readings["readings"]
        if each["images"] in SHOWN or each in scale_costs.last_of_phases(readings)
    ]
    last = scale_costs.last_of_phases(readings)[-1]["images"]
    ended = "" if last == readings["keys"] else f"It was ended after {last:,} images of the last phase. "
    about = (
        f"{_about(readings)} {ended}At most {readings['peak_megabytes']:.0f} MB were ever held. The manifest has "
        f"{readings['manifest_bytes'] / 1e9:.1f} GB in {readings['volumes']} volumes."
    )
    return "\n".join([table(head, rows), "", about])


def costs() -> str:
    """What one image costs, and what very many would."""
    rows, driver = load("rows"), load("simulation")
    image = scale_costs.of_one(rows, driver) if rows and driver else None
    if rows is None or image is None:
        return MISSING
    assumed = (
        f"Assumed, not measured: {scale_costs.CORES_A_NODE} cores a node, each like the one measured; "
        f"{scale_costs.KEYS_A_LISTING:,} keys a listing request, and {scale_costs.SECONDS_A_LISTING} s for each; "
        f"{scale_costs.WRITES_A_SECOND:,} writes a second under one prefix, which is what Amazon states. "
        f"Such a node would write {image.node_writes / 1e9:.1f} GB a second; a slower network "
        "is what it waits for instead."
    )
    one = "**One image**, without the start: core seconds from the rows on disk, requests from those on S3."
    microseconds = image.driver_seconds * 1e6
    driver_part = f"It takes {microseconds:.0f} µs of the driver, and {image.record:.0f} bytes of the manifest."
    amounts = (
        "**Amounts.** Writes are PUT, POST and DELETE; shards are those of `--layout webdataset`, at most: what a run "
        "asks once is counted for its few pictures."
    )
    times = (
        "**Times.** What each part would take if it were alone, which of them the run waits for, and what is left with "
        "shards and a job for each node that has a prefix of its own."
    )
    parts = [
        *(one, table(*scale_costs.single(rows)), driver_part),
        *(amounts, table(*scale_costs.volumes(image))),
        *(times, table(*scale_costs.hours(image)), assumed),
    ]
    return "\n\n".join(parts)


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
