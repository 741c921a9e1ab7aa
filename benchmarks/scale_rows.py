"""One row of the scale benchmark: a run of `dynres tile`, what it took, and whether it wrote the tree's pixels."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from measure import ROOT, environment, family, watching
from servers import Server

sys.path.insert(0, str(ROOT))
from dynres_cli.errors import DynresError

WRITING = ("--tiles", "none", "--dtype", "uint8")
MEGABYTE = 1e6
PATIENCE = 300.0
"""Seconds that a row may take before it counts as failed."""
LOOK = 0.2
"""Seconds between two looks at the memory of a run; more often, looking would take the cores that it needs."""
LAST_WORDS = 300

# Everything that talks to the bucket beside dynres: a client of its own, in a process of its own.
UPLOAD = "import fsspec, sys; fsspec.filesystem('s3').put(sys.argv[1] + '/', sys.argv[2] + '/', recursive=True)"
DOWNLOAD = """
import fsspec, sys
store = fsspec.filesystem("s3")
store.get(sys.argv[1] + "/", sys.argv[2] + "/", recursive=True)
store.rm(sys.argv[1], recursive=True)
"""


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
    processor_seconds: float | None = None
    """Of the command and its workers; unknown where the workers are Ray's."""
    bytes: int = 0
    files: int = 0
    requests: dict[str, int] | None = None
    driver_megabytes: float = 0.0
    worker_megabytes: float = 0.0
    """Of the largest worker; what Ray needs for itself is not counted."""
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
    help: str
    s3: Server | None = None
    ray: Server | None = None
    missing: dict[str, str] = field(default_factory=dict)
    pixels: dict[str, str] = field(default_factory=dict)
    """The tree's, once it is there."""

    @property
    def settings(self) -> dict[str, str]:
        return self.s3.settings if self.s3 else {}

    def without_names(self, text: str) -> str:
        """The text without the names that are other ones in every run."""
        text = text.replace(str(self.scratch), ".")
        return text.replace(self.ray.address, "ADDRESS") if self.ray else text


def measured(row: Row, scene: Scene) -> Row:
    """Run the row's command, weigh what it wrote, and compare the pixels; what fails is told in the row."""
    row.absent = _why_absent(row, scene)
    if row.absent:
        return row
    out = f"s3://bucket/{row.name}" if row.place == "S3" else str(scene.scratch / row.name)
    options = _options(row, scene, out)
    row.command = scene.without_names(" ".join(["dynres", *options]))
    try:
        _timed(row, [sys.executable, "-m", "dynres_cli", *options], scene)
        with tempfile.TemporaryDirectory(dir=scene.scratch) as copy:
            if row.place == "S3":
                by_another_client(DOWNLOAD, out, copy, scene)
            _compared(row, scene, Path(copy if row.place == "S3" else out))
    except (subprocess.SubprocessError, DynresError, OSError, ValueError, LookupError) as error:
        row.absent = f"failed: {_last_words(error, scene)}"
    finally:
        shutil.rmtree(scene.scratch / row.name, ignore_errors=True)
    return row


def _why_absent(row: Row, scene: Scene) -> str | None:
    """The reason why a row cannot be measured here."""
    if row.layout not in scene.help:
        return f"the layout {row.layout} is not in this version"
    return scene.missing.get(row.place) or scene.missing.get(row.engine)


def _options(row: Row, scene: Scene, out: str) -> list[str]:
    pictures = "s3://bucket/in" if row.place == "S3" else str(scene.pictures)
    command = ["tile", pictures, out, "--layout", row.layout, *WRITING, "--json", "-q"]
    if row.engine == "processes":
        return [*command, "-j", "2"]
    address = scene.ray.address if scene.ray else ""
    # A bucket is the same one from everywhere; a path has to be said to be.
    return [*command, "--engine", "ray", "--ray-address", address, "--shared-fs"]


def _timed(row: Row, command: list[str], scene: Scene) -> None:
    """Run it, and note seconds, requests and memory."""
    asked = scene.s3.requests() if scene.s3 else None
    before, start = _processor_seconds(), time.perf_counter()
    cluster = scene.ray if row.engine != "processes" else None
    there = set(family(cluster.pid)) if cluster else set()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(scene.settings), cwd=ROOT
    ) as process:
        with ExitStack() as stack:
            roots = [process.pid, *([cluster.pid] if cluster else [])]
            held = [stack.enter_context(watching(pid, LOOK)) for pid in roots]
            printed, complaint = _until_over(process)
        row.seconds = time.perf_counter() - start
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, printed, complaint)
    row.images = json.loads(printed)["tiled"]
    row.processor_seconds = None if cluster else _processor_seconds() - before
    if scene.s3 and asked is not None and row.place == "S3":
        row.requests = dict(scene.s3.requests() - asked)
    row.driver_megabytes = held[0].pop(process.pid, 0) / MEGABYTE
    workers = [peak for each in held for pid, peak in each.items() if pid not in there]
    row.worker_megabytes = max(workers, default=0) / MEGABYTE


def _until_over(process: subprocess.Popen[str]) -> tuple[str, str]:
    try:
        return process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def _processor_seconds() -> float:
    """Of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def by_another_client(script: str, one: str, other: str, scene: Scene) -> None:
    """Move files between the bucket and the disk without dynres."""
    command = [sys.executable, "-c", script, one, other]
    subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment(scene.settings), timeout=PATIENCE
    )


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


def _last_words(error: Exception, scene: Scene) -> str:
    words = str(error)
    if isinstance(error, subprocess.CalledProcessError):
        words = f"exit {error.returncode}: {(error.stderr or '').strip()[-LAST_WORDS:]}"
    elif isinstance(error, subprocess.TimeoutExpired):
        words = f"not over after {error.timeout:.0f} s"
    return scene.without_names(" ".join(words.split()))
