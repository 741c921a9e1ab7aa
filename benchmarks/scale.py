"""Every layout, on disk and on S3, by processes and by Ray: images a second, bytes, requests, memory, and equal pixels.

Every row is one run of `dynres tile` as a user would start it, against servers that this script starts (servers.py).
What it wrote is read back and compared with the tree on disk. Rows of what is not installed, or not part of this
version, are named as absent. `make bench-scale` writes the readings to results/scale/ and from them docs/scale.md.

    python benchmarks/scale.py [--pictures 66] [--only tree-disk-processes,...] [--publish]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice, product
from pathlib import Path

import corpus
import machine
import servers
from measure import ROOT, environment, watching
from servers import NotThere, Server

sys.path.insert(0, str(ROOT))
READINGS = ROOT / "benchmarks" / "results" / "scale"
LAYOUTS = ("tree", "packed", "webdataset", "parquet")
PLACES = ("disk", "S3")
ENGINES = ("processes", "Ray, 2 nodes")
WRITING = ("--tiles", "none", "--dtype", "uint8")
MEGABYTE = 1e6


@dataclass(slots=True)
class Row:
    """One run, or why there is none."""

    layout: str
    place: str
    engine: str
    absent: str | None = None
    command: str = ""
    images: int = 0
    seconds: float = 0.0
    bytes: int = 0
    files: int = 0
    requests: int | None = None
    driver_megabytes: float = 0.0
    worker_megabytes: float = 0.0
    """Of the largest worker, Ray's own processes not counted."""
    equal: bool | None = None
    """Whether every picture has the tree's pixels."""

    @property
    def name(self) -> str:
        return f"{self.layout}-{self.place}-{self.engine.split(',')[0]}".lower()


@dataclass(slots=True)
class Scene:
    """The pictures, a scratch folder, and the servers that could be started."""

    pictures: Path
    scratch: Path
    count: int
    help: str
    s3: Server | None = None
    ray: Server | None = None
    missing: dict[str, str] = field(default_factory=dict)
    pixels: dict[str, str] = field(default_factory=dict)
    """The tree's, once it is there."""

    @property
    def settings(self) -> dict[str, str]:
        return self.s3.settings if self.s3 else {}


def links(folder: Path, count: int) -> Path:
    """So many pictures in one folder, links to those of the small corpus."""
    originals = sorted(corpus.make(ROOT / ".cache" / "bench-corpus-small", small=True).iterdir())
    folder.mkdir()
    for number, original in enumerate(islice(cycle(originals), count)):
        (folder / f"{number:06d}{original.suffix}").hardlink_to(original)
    return folder


def started(scene: Scene, stack: ExitStack) -> None:
    """Start both servers, and note which of them cannot be."""
    try:
        if "s3://" not in scene.help:
            scene.missing["S3"] = "not in this version"
        else:
            scene.s3 = stack.enter_context(servers.s3(scene.scratch))
    except (NotThere, OSError) as error:
        scene.missing["S3"] = str(error)
    try:
        scene.ray = stack.enter_context(servers.ray_cluster(scene.scratch, scene.settings))
    except (NotThere, OSError) as error:
        scene.missing["Ray, 2 nodes"] = str(error)


def command_of(row: Row, scene: Scene, out: str) -> list[str]:
    """The options that make a row."""
    command = ["tile", str(scene.pictures), out, *WRITING, "--json", "-q"]
    if "--layout" in scene.help:
        command += ["--layout", row.layout]
    if row.engine == "processes":
        return [*command, "-j", "2"]
    address = scene.ray.address if scene.ray else ""
    return [*command, "--engine", "ray", "--ray-address", address, "--shared-fs"]


def why_absent(row: Row, scene: Scene) -> str | None:
    """The reason why a row cannot be measured here."""
    if row.layout not in scene.help:
        return f"the layout {row.layout} is not in this version"
    return scene.missing.get(row.place) or scene.missing.get(row.engine)


def measured(row: Row, scene: Scene) -> Row:
    """Run the row's command, weigh what it wrote, and compare the pixels."""
    row.absent = why_absent(row, scene)
    if row.absent:
        return row
    out = f"s3://bucket/{row.name}" if row.place == "S3" else str(scene.scratch / row.name)
    options = command_of(row, scene, out)
    row.command = " ".join(["dynres", *options]).replace(str(scene.scratch), ".")
    before = scene.s3.requests() if scene.s3 and row.place == "S3" else None
    try:
        _timed(row, [sys.executable, "-m", "dynres_cli", *options], scene)
        row.requests = None if before is None or scene.s3 is None else scene.s3.requests() - before
        with tempfile.TemporaryDirectory(dir=scene.scratch) as copy:
            _compared(row, scene, fetched(out, Path(copy), scene) if row.place == "S3" else Path(out))
    except (subprocess.CalledProcessError, OSError, ValueError) as error:
        words = error.stderr if isinstance(error, subprocess.CalledProcessError) else str(error)
        row.absent = f"failed: {words.strip().replace(str(scene.scratch), '.')[-300:]}"
    return row


def _timed(row: Row, command: list[str], scene: Scene) -> None:
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(scene.settings), cwd=ROOT
    ) as process:
        roots = [process.pid, *([scene.ray.pid] if scene.ray and row.engine != "processes" else [])]
        with ExitStack() as stack:
            held = [stack.enter_context(watching(pid)) for pid in roots]
            printed, complaint = process.communicate()
        row.seconds = time.perf_counter() - start
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, printed, complaint)
    row.images = json.loads(printed)["tiled"]
    row.driver_megabytes = held[0].pop(process.pid, 0) / MEGABYTE
    row.worker_megabytes = max((peak for each in held for peak in each.values()), default=0) / MEGABYTE


def fetched(out: str, to: Path, scene: Scene) -> Path:
    """A copy of what lies in the bucket, by a client that is not dynres."""
    script = (
        "import fsspec, sys; fsspec.filesystem('s3').get(sys.argv[1].rstrip('/') + '/', sys.argv[2], recursive=True)"
    )
    command = [sys.executable, "-c", script, out, f"{to}/"]
    subprocess.run(command, check=True, capture_output=True, text=True, env=environment(scene.settings))
    return to


def _compared(row: Row, scene: Scene, out: Path) -> None:
    files = [path for path in out.rglob("*") if path.is_file() and ".dynres" not in path.parts]
    row.bytes, row.files = sum(path.stat().st_size for path in files), len(files)
    found = pixels(out)
    scene.pixels = scene.pixels or found
    row.equal = bool(found) and found == scene.pixels


def pixels(out: Path) -> dict[str, str]:
    """The sha256 of every picture's array, by its key."""
    import numpy as np

    import dynres_cli

    digests = {}
    with dynres_cli.open_run(out) as run:
        for record in run:
            values = np.ascontiguousarray(record.pixel_values)
            digests[record.key] = hashlib.sha256(
                f"{values.shape}{values.dtype}".encode() + values.tobytes()
            ).hexdigest()
    return digests


def rows() -> list[Row]:
    """Every combination, the tree on disk first: the others are held against it."""
    return [Row(*each) for each in product(LAYOUTS, PLACES, ENGINES)]


def document(found: list[Row], count: int) -> dict[str, object]:
    """The readings as they are kept."""
    command = f"python benchmarks/scale.py --pictures {count}"
    return {"command": command, "machine": machine.describe(), "rows": [asdict(row) for row in found]}


def main() -> None:
    """Measure row by row; keep the readings and write the page where that is asked for."""
    parser = argparse.ArgumentParser(description="Measure every layout, place and engine.")
    parser.add_argument("--pictures", type=int, default=66, metavar="N")
    parser.add_argument("--only", help="rows by name, comma-separated; tree-disk-processes is always measured")
    parser.add_argument("--publish", action="store_true", help="keep the readings and write docs/scale.md from them")
    given = parser.parse_args()
    asked = ["tree-disk-processes", *given.only.split(",")] if given.only else [row.name for row in rows()]
    with tempfile.TemporaryDirectory(prefix="dynres-scale-") as folder, ExitStack() as stack:
        scratch = Path(folder)
        told = subprocess.run(
            [sys.executable, "-m", "dynres_cli", "tile", "--help"], check=True, capture_output=True, text=True, cwd=ROOT
        )
        scene = Scene(links(scratch / "in", given.pictures), scratch, given.pictures, told.stdout)
        started(scene, stack)
        found = []
        for row in rows():
            if row.name in asked:
                found.append(measured(row, scene))
                print(said(row), flush=True)
                shutil.rmtree(scratch / row.name, ignore_errors=True)
    if given.publish:
        import scale_page

        READINGS.mkdir(exist_ok=True)
        (READINGS / "rows.json").write_text(json.dumps(document(found, given.pictures), indent=1) + "\n", "utf-8")
        scale_page.publish()
    if any(row.equal is False for row in found):
        sys.exit("some pixels are not the tree's")


def said(row: Row) -> str:
    """A row as one line."""
    what = f"{row.layout:11}{row.place:5} {row.engine:13}"
    if row.absent:
        return f"{what} absent: {row.absent}"
    equal = "equal pixels" if row.equal else "OTHER PIXELS"
    return f"{what} {row.images / row.seconds:7.2f} images/s {row.bytes:>13,} bytes {row.files:>5} files, {equal}"


if __name__ == "__main__":
    main()
