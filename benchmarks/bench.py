"""The benchmark: every bar as a ratio, both sides in the same minutes on the same files. `make bench` runs it.

    python benchmarks/bench.py [--quick] [--rows files,png,...] [--torch-python PATH]

A full run writes its raw readings to benchmarks/results/ and makes benchmarks/RESULTS.md and stages.png from them;
`--quick` takes fewer rounds, leaves the longest rows out and only prints.
"""

from __future__ import annotations

import argparse
import compileall
import datetime as dt
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import corpus
import crowds
import in_memory
import machine
import results
import rows
from bars import BARS
from measure import ROOT, CommandError, run

CACHE = ROOT / ".cache"
SCHEMA = "dynres.bench/1"
TORCH = ROOT / ".venv-transformers5" / "bin" / "python"

ROWS: dict[str, Callable[[rows.Bench], rows.Rows]] = {
    "files": rows.files,
    "long": rows.long_runs,
    "png": rows.png_only,
    "tensor": rows.tensor_only,
    "load": in_memory.load,
    "resize": in_memory.resize,
    "floor": rows.floor,
    "bytes": crowds.bytes_and_tensors,
    "plan": crowds.plan,
    "start": rows.start_up,
    "fsync": rows.no_fsync,
    "level-1": rows.level_1,
    "worker-memory": crowds.worker_memory,
    "parent-memory": crowds.parent_memory,
}
TABLES: dict[str, Callable[[rows.Bench], Any]] = {"stages": rows.stages, "families": rows.families}
"""What is told in a table of its own, beside the bars."""
NOT_WHEN_QUICK = {"long", "level-1", "fsync", "worker-memory", "parent-memory"}


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure dynres against the plain script.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no memory rows; print only")
    parser.add_argument("--save", action="store_true", help="keep the readings of a shortened run too")
    parser.add_argument("--small", action="store_true", help="a third of the pictures, to try the benchmark itself out")
    parser.add_argument("--rows", help=f"only these, comma-separated: {', '.join([*ROWS, *TABLES])}")
    parser.add_argument("--scratch", type=Path, default=CACHE / "bench", help="where both sides write [.cache/bench]")
    parser.add_argument("--torch-python", type=Path, default=TORCH, help="a Python with torch and transformers 5")
    return parser.parse_args()


def chosen(given: argparse.Namespace) -> list[str]:
    """The rows to measure."""
    if not given.rows:
        return [name for name in [*ROWS, *TABLES] if not (given.quick and name in NOT_WHEN_QUICK)]
    names = str(given.rows).split(",")
    unknown = sorted(set(names) - set(ROWS) - set(TABLES))
    if unknown:
        sys.exit(f"no rows named {', '.join(unknown)}; there are {', '.join([*ROWS, *TABLES])}")
    return names


def prepare(given: argparse.Namespace) -> rows.Bench:
    """The pictures, an empty scratch folder, and one run of dynres, so that no row pays for compiling kernels."""
    # As pip leaves an installed package: else each process of a checkout that may not write beside its sources would.
    compileall.compile_dir(ROOT / "dynres_cli", quiet=1)
    small = bool(given.small)
    folder = corpus.make(CACHE / ("bench-corpus-small" if small else "bench-corpus"), small=small)
    shutil.rmtree(given.scratch, ignore_errors=True)
    given.scratch.mkdir(parents=True)
    torch_python = given.torch_python if given.torch_python.exists() else None
    bench = rows.Bench(folder, given.scratch, bool(given.quick), torch_python)
    with rows.room(bench) as out:
        run(rows.dynres("tile", folder, out, "-q", "--kernel", "numba"))
    return bench


def measure(bench: rows.Bench, names: list[str]) -> dict[str, Any]:
    """Every row that was asked for; one that fails is reported and left out."""
    found: dict[str, rows.Row] = {}
    tables: dict[str, Any] = {name: {} for name in TABLES}
    for name in names:
        start = time.perf_counter()
        try:
            if name in TABLES:
                tables[name] = TABLES[name](bench)
            else:
                found |= announced(ROWS[name](bench))
        except CommandError as error:
            print(f"  {name} was not measured: {error}")
        print(f"  ({name} took {time.perf_counter() - start:.0f} s)", flush=True)
    return {"rows": {key: asdict(row) for key, row in found.items()}, **tables}


def announced(found: rows.Rows) -> rows.Rows:
    """Print rows as they come in."""
    for key, row in found.items():
        bar = BARS[key]
        print(f"{bar.title}: {bar.shown(row.median)} {bar.verdict(row.median)}", flush=True)
    return found


def document(bench: rows.Bench, names: list[str]) -> dict[str, Any]:
    """All that is known about one run of the benchmark."""
    sizes = [path.stat().st_size for path in bench.paths]
    return {
        "schema": SCHEMA,
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "command": " ".join(["python benchmarks/bench.py", *shareable(sys.argv[1:])]),
        "machine": machine.describe(),
        "corpus": {"pictures": len(sizes), "bytes": sum(sizes)},
        **measure(bench, names),
    }


def shareable(arguments: list[str]) -> list[str]:
    """The arguments without the paths of this machine."""
    return ["PATH" if "/" in argument else argument for argument in arguments]


def save(readings: dict[str, Any]) -> Path:
    """Write the readings beside the earlier ones of the same day."""
    folder = ROOT / "benchmarks" / "results"
    folder.mkdir(exist_ok=True)
    number = 1 + len(list(folder.glob(f"{readings['date']}-*.json")))
    path = folder / f"{readings['date']}-{number}.json"
    path.write_text(json.dumps(readings, indent=1) + "\n", "utf-8")
    return path


def main() -> None:
    """Measure, and keep a full run's readings."""
    given = options()
    names = chosen(given)
    bench = prepare(given)
    try:
        readings = document(bench, names)
    finally:
        shutil.rmtree(given.scratch, ignore_errors=True)
    whole = not (given.quick or given.small or given.rows)
    if whole or given.save:
        print(f"saved as {save(readings).relative_to(ROOT)}")
        results.publish()
    else:
        (CACHE / "bench-last.json").write_text(json.dumps(readings, indent=1), "utf-8")
        print(results.table([readings]))


if __name__ == "__main__":
    main()
