"""Every layout, on disk and on S3, by processes and by Ray: images a second, bytes, requests, memory, and equal pixels.

Every row is one run of `dynres tile` as a user would start it, against servers that this script starts (servers.py).
What it wrote is read back and compared with the tree on disk. A row that fails, or needs what is not installed, says
why and costs the others nothing. `make bench-scale` keeps the readings in results/scale/ and makes docs/scale.md.

    python benchmarks/scale.py [--pictures 22] [--only tree-disk-processes,...] [--publish]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, replace
from itertools import cycle, islice, product
from pathlib import Path
from typing import Any

import corpus
import machine
import servers
from measure import ROOT
from scale_rows import UPLOAD, Row, Scene, by_another_client, measured
from servers import NotThere

READINGS = ROOT / "benchmarks" / "results" / "scale"
LAYOUTS = ("tree", "packed", "webdataset", "parquet")
PLACES = ("disk", "S3")
ENGINES = ("processes", "Ray, 2 nodes")
FIRST = Row("tree", "disk", "processes")
"""All others are held against it."""
NAMES = ("layout", "place", "engine")
FEW = 2
"""Pictures of the run that shows what starting costs: one for each worker."""


def rows() -> list[Row]:
    """Every combination, the tree on disk first."""
    return [Row(*each) for each in product(LAYOUTS, PLACES, ENGINES)]


def copied(folder: Path, count: int) -> Path:
    """So many pictures in one folder, those of the small corpus again and again."""
    originals = sorted(corpus.make(ROOT / ".cache" / "bench-corpus-small", small=True).iterdir())
    folder.mkdir()
    for number, original in enumerate(islice(cycle(originals), count)):
        shutil.copyfile(original, folder / f"{number:06d}{original.suffix}")
    return folder


def start_servers(scene: Scene, stack: ExitStack) -> None:
    """Start both servers and fill the bucket, or note what cannot be done."""
    try:
        scene.s3 = stack.enter_context(servers.s3(scene.scratch))
        by_another_client(UPLOAD, str(scene.pictures), "s3://bucket/in", scene)
    except (NotThere, OSError, subprocess.SubprocessError) as error:
        scene.missing["S3"] = str(error)
    try:
        scene.ray = stack.enter_context(servers.ray_cluster(scene.scratch, scene.settings))
    except (NotThere, OSError) as error:
        scene.missing["Ray, 2 nodes"] = str(error)


def measure_start(scene: Scene) -> Row:
    """A run over hardly anything: what is left is the cost of starting."""
    few = copied(scene.scratch / "few", FEW)
    return measured(replace(FIRST), replace(scene, pictures=few, pixels={}))


def document(found: list[Row], start: Row, pictures: Path, only: str | None) -> dict[str, Any]:
    """The readings as they are kept."""
    count = len(list(pictures.iterdir()))
    return {
        "command": f"python benchmarks/scale.py --pictures {count} --publish{f' --only {only}' if only else ''}",
        **machine.when_and_where(),
        "input_bytes": sum(path.stat().st_size for path in pictures.iterdir()),
        "start": asdict(start),
        "rows": [asdict(row) for row in found],
    }


def keep(readings: dict[str, Any]) -> None:
    """Write the readings, and the page from them; rows that were not measured now stay what they were."""
    import scale_page

    READINGS.mkdir(parents=True, exist_ok=True)
    before = scale_page.load("rows") or {"rows": []}
    if len(readings["rows"]) < len(before["rows"]):
        readings["command"] = f"{before['command']} && {readings['command']}"
    known = {tuple(row[name] for name in NAMES): row for row in [*before["rows"], *readings["rows"]]}
    readings["rows"] = [known[key] for row in rows() if (key := (row.layout, row.place, row.engine)) in known]
    (READINGS / "rows.json").write_text(json.dumps(readings, indent=1) + "\n", "utf-8")
    scale_page.publish()


def said(row: Row) -> str:
    """A row as one line."""
    what = f"{row.layout:11}{row.place:5} {row.engine:13}"
    if row.absent:
        return f"{what} absent: {row.absent}"
    equal = "equal pixels" if row.equal else "OTHER PIXELS"
    return f"{what} {row.images / row.seconds:7.2f} images/s {row.bytes:>13,} bytes {row.files:>5} files, {equal}"


def main() -> None:
    """Measure row by row; keep the readings and write the page where that is asked for."""
    parser = argparse.ArgumentParser(description="Measure every layout, place and engine.")
    parser.add_argument("--pictures", type=int, default=22, metavar="N")
    parser.add_argument("--only", help=f"rows by name, comma-separated; {FIRST.name} is always measured")
    parser.add_argument("--publish", action="store_true", help="keep the readings and write docs/scale.md from them")
    given = parser.parse_args()
    asked = [FIRST.name, *given.only.split(",")] if given.only else [row.name for row in rows()]
    with tempfile.TemporaryDirectory(prefix="dynres-scale-") as folder, ExitStack() as stack:
        scratch = Path(folder)
        told = subprocess.run(
            [sys.executable, "-m", "dynres_cli", "tile", "--help"], check=True, capture_output=True, text=True, cwd=ROOT
        )
        scene = Scene(copied(scratch / "in", given.pictures), scratch, told.stdout)
        start_servers(scene, stack)
        start, found = measure_start(scene), []
        for row in rows():
            if row.name in asked:
                found.append(measured(row, scene))
                print(said(row), flush=True)
        readings = document(found, start, scene.pictures, given.only)
    if given.publish:
        keep(readings)
    if any(row.equal is False for row in found):
        sys.exit("some pixels are not the tree's")


if __name__ == "__main__":
    main()
