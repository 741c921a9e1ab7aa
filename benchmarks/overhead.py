"""What an engine costs beside the work: seconds to the first outcome, microseconds for an item that does nothing.

python benchmarks/overhead.py [--items 500] [--rounds 3] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import machine  # noqa: E402 - the path comes first

from dynres_cli.engines import ENGINES, on_ray  # noqa: E402 - path first
from dynres_cli.engines.cluster import Cluster  # noqa: E402 - path first
from dynres_cli.engines.contract import Admit, Engine, EngineLimits, Outcome, Watch  # noqa: E402 - path first
from dynres_cli.items import Item, Tiled  # noqa: E402

TWO = EngineLimits(jobs=2, timeout=120)
ENGINES_MEASURED: dict[str, Callable[[], Engine]] = {
    "processes": ENGINES["processes"],
    "Ray, one by one": lambda: on_ray(Cluster(), 2),
    "Ray, chunks of 16": lambda: on_ray(Cluster(), 2),
}


def nothing(item: Item, admit: Admit) -> Outcome:
    """The least that a worker can do: ask for memory, answer."""
    admit(1)
    return Tiled(item.key, tiles=6, total=7, tokens=1792, grid="3x2")


def items(count: int) -> Iterator[Item]:
    """So many items that are no files."""
    return (Item(str(number), str(number), str(number)) for number in range(count))


def measure(name: str, count: int) -> dict[str, float]:
    """One start of an engine, and a run over so many items once it is warm."""
    start = time.perf_counter()
    limits = replace(TWO, chunk=16 if name.endswith("16") else 1)
    engine = ENGINES_MEASURED[name]()
    list(engine(nothing, items(1), limits, Watch()))
    first = time.perf_counter() - start
    list(engine(nothing, items(count // 10), limits, Watch()))
    start = time.perf_counter()
    done = sum(1 for _ in engine(nothing, items(count), limits, Watch()))
    return {"first": first, "item": (time.perf_counter() - start) / done}


def taken(count: int, rounds: int) -> dict[str, dict[str, float]]:
    """The medians of every engine, each start in a process of its own and in turns; one that fails is told."""
    readings: dict[str, list[dict[str, float]]] = {name: [] for name in ENGINES_MEASURED}
    for name in [name for _ in range(rounds) for name in ENGINES_MEASURED]:
        command = [sys.executable, __file__, "--one", name, "--items", str(count)]
        told = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
        if told.returncode:
            print(f"{name:20} failed: {' '.join(told.stderr.split())[-300:]}", flush=True)
        else:
            readings[name].append(json.loads(told.stdout.splitlines()[-1]))
    return {
        name: {what: statistics.median(each[what] for each in found) for what in ("first", "item")}
        for name, found in readings.items()
        if found
    }


def main() -> None:
    """Measure, print, and keep the medians where that is asked for."""
    parser = argparse.ArgumentParser(description="Measure what engines cost beside the work.")
    parser.add_argument("--items", type=int, default=500, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--one", choices=ENGINES_MEASURED, help="one engine, in this process")
    parser.add_argument("--out", type=Path, help="write the medians there as JSON")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.one, given.items)))
        return
    medians = taken(given.items, given.rounds)
    for name, median in medians.items():
        print(f"{name:20} first outcome {median['first']:6.2f} s, each item {median['item'] * 1e6:7.0f} µs")
    if given.out:
        command_line = f"python benchmarks/overhead.py --items {given.items} --rounds {given.rounds}"
        document = {"command": command_line, **machine.when_and_where(), "engines": medians}
        given.out.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
