"""The rows that need many inputs, or one very large one: headers only, and memory."""

from __future__ import annotations

import os
import shutil
from itertools import cycle
from pathlib import Path

import numpy as np
from measure import Peaks, peaks, run
from PIL import Image
from rows import Bench, Row, Rows, dynres, interleave, reference, room

LINKS_A_FILE = 50_000  # ext4 allows 65,000
A_FOLDER = 1000
MEGABYTE = 1e6
LARGEST = (9459, 9459)  # just below the default of --max-pixels


def links(folder: Path, originals: list[Path], count: int) -> Path:
    """A tree of so many pictures, all of them links to a few files."""
    shutil.rmtree(folder, ignore_errors=True)
    for number, original in zip(range(count), cycle(originals), strict=False):
        parent = folder / f"{number // A_FOLDER:03d}"
        if number % A_FOLDER == 0:
            parent.mkdir(parents=True)
        os.link(original, parent / f"{number:06d}{original.suffix}")
    return folder


def plan(bench: Bench) -> Rows:
    """How many headers a second `dynres plan` reads and plans, its start included."""
    count = 10_000
    crowd = links(bench.scratch / "crowd", bench.paths, count)
    readings = interleave({"seconds": lambda: run(dynres("plan", crowd, "--json")).seconds}, bench.rounds(5, 2))
    shutil.rmtree(crowd)
    return {"plan": Row([count / seconds for seconds in readings["seconds"]], readings)}


def specks(bench: Bench, count: int) -> Path:
    """A crowd of pictures of one pixel."""
    originals = [bench.scratch / f"speck-{number}.png" for number in range(count // LINKS_A_FILE + 1)]
    for original in originals:
        Image.new("RGB", (1, 1), (200, 100, 50)).save(original)
    return links(bench.scratch / f"crowd-{count}", originals, count)


def parent_memory(bench: Bench) -> Rows:
    """What the parent holds for 99,000 inputs more; the tiles are as small as can be, for only the number matters."""
    held: list[float] = []
    for count in (1_000, 100_000):
        crowd = specks(bench, count)
        small = ("--tensor", "none", "--image-size", "28", "--max-num", "1", "--no-fsync", "-q")
        with room(bench) as out:
            held.append(peaks(dynres("tile", crowd, out, *small)).parent / MEGABYTE)
        shutil.rmtree(crowd)
    return {"parent-memory": Row([held[1] - held[0]], {"megabytes at 1,000 and 100,000": held})}


def worker_memory(bench: Bench) -> Rows:
    """The largest picture that is taken by default, stored in the three ways that need most."""
    folder = bench.scratch / "largest"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with Image.open(bench.paths[0]) as photograph:
        huge = photograph.convert("RGB").resize(LARGEST)
    huge.save(folder / "baseline.jpg", quality=90, subsampling=0)
    huge.save(folder / "progressive.jpg", quality=90, subsampling=0, progressive=True)
    huge.save(folder / "lossless.png", compress_level=1)
    held = []
    for path in sorted(folder.iterdir()):
        with room(bench) as out:
            held.append(largest_process(peaks(dynres("tile", path, out, "-q", "-j", "2"))) / MEGABYTE)
    shutil.rmtree(folder)
    return {"worker-memory": Row([max(held)], {"megabytes: baseline, lossless, progressive": held})}


def largest_process(held: Peaks) -> int:
    """The worker, or the command's own process where one picture needs no worker."""
    return max(held.parent, held.worker)


def bytes_and_tensors(bench: Bench) -> Rows:
    """One run of each side kept and laid side by side: the sizes of the PNG files, and the tensors byte for byte."""
    ours, theirs = bench.scratch / "ours", bench.scratch / "theirs"
    for folder in (ours, theirs):
        shutil.rmtree(folder, ignore_errors=True)
    run(reference(bench.corpus, theirs))
    # The plain script resizes in the order of the Pillow that is installed; dynres must be told to.
    order = "pillow13" if int(Image.__version__.split(".")[0]) >= 13 else "pillow12"
    run(dynres("tile", bench.corpus, ours, "-q", "--resample", order))
    sizes = [sum(path.stat().st_size for path in folder.glob("*/*.png")) for folder in (ours, theirs)]
    equal = [same(path, ours / path.relative_to(theirs)) for path in sorted(theirs.glob("*/*.npy"))]
    for folder in (ours, theirs):
        shutil.rmtree(folder)
    return {
        "bytes": Row([sizes[0] / sizes[1]], {"bytes: dynres, reference": [float(size) for size in sizes]}),
        "same-tensors": Row([float(np.mean(equal))]),
    }


def same(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes."""
    return other.exists() and one.read_bytes() == other.read_bytes()
