"""The plain way to prepare pictures for InternVL2: what people write today with Pillow and NumPy. It is never tuned.

It shares no code with dynres. For every picture it writes the tiles as PNG, the float32 tensor as .npy, and at the end
one JSON list; on stdout it says, as JSON, how many pictures and views there were and where the seconds went.

    python benchmarks/reference.py IN OUT [--no-png] [--no-tensor] [--pool N] [--compress-level N]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIDE, MIN_NUM, MAX_NUM = 448, 1, 12
MEAN = np.array([0.485, 0.456, 0.406], np.float32).reshape(3, 1, 1)
STD = np.array([0.229, 0.224, 0.225], np.float32).reshape(3, 1, 1)
STAGES = ("decode", "render", "normalise", "png", "write")


@dataclass(frozen=True, slots=True)
class Options:
    """What is written, and how PNG compresses: None is Pillow's default."""

    out: Path
    png: bool = True
    tensor: bool = True
    compress_level: int | None = None


@dataclass(slots=True)
class Clock:
    """Seconds by stage: `lap` books the time since the last one."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    last: float = field(default_factory=time.perf_counter)

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] += now - self.last
        self.last = now


def shapes() -> list[tuple[int, int]]:
    """Grids of up to twelve tiles in InternVL's own order: those of one area as the set yields them."""
    allowed = {
        (cols, rows)
        for n in range(MIN_NUM, MAX_NUM + 1)
        for cols in range(1, n + 1)
        for rows in range(1, n + 1)
        if MIN_NUM <= cols * rows <= MAX_NUM
    }
    return sorted(allowed, key=lambda shape: shape[0] * shape[1])


def choose(width: int, height: int) -> tuple[int, int]:
    """The grid nearest to the picture's shape; of equals the larger one, if the picture has half its pixels."""
    best, smallest = (1, 1), float("inf")
    for cols, rows in shapes():
        difference = abs(width / height - cols / rows)
        if difference < smallest:
            best, smallest = (cols, rows), difference
        elif difference == smallest and width * height > 0.5 * SIDE * SIDE * cols * rows:
            best = (cols, rows)
    return best


def views(image: Image.Image) -> tuple[tuple[int, int], list[Image.Image]]:
    """The grid, and its tiles row by row, with the thumbnail last."""
    cols, rows = choose(image.width, image.height)
    canvas = image.resize((cols * SIDE, rows * SIDE))
    tiles = [
        canvas.crop((col * SIDE, row * SIDE, (col + 1) * SIDE, (row + 1) * SIDE))
        for row in range(rows)
        for col in range(cols)
    ]
    if len(tiles) > 1:
        tiles.append(image.resize((SIDE, SIDE)))
    return (cols, rows), tiles


def normalise(tile: Image.Image) -> np.ndarray:
    """One view as the model is fed it: (3, SIDE, SIDE) float32."""
    values = np.asarray(tile).astype(np.float32) / 255
    return (values.transpose(2, 0, 1) - MEAN) / STD


def file_name(index: int, cols: int, tiles: int) -> str:
    """The tile's file name; the one beyond the grid is the thumbnail."""
    return "thumbnail.png" if index == tiles else f"tile_r{index // cols}_c{index % cols}.png"


def tile(path: Path, options: Options) -> tuple[dict[str, Any], Clock]:
    """Cut one picture, write what was asked for, and return its entry in the list and where the time went."""
    clock = Clock()
    image = Image.open(path).convert("RGB")
    clock.lap("decode")
    (cols, rows), tiles = views(image)
    clock.lap("render")
    folder = options.out / path.name
    folder.mkdir(parents=True)
    clock.lap("write")
    if options.tensor:
        values = np.stack([normalise(one) for one in tiles])
        clock.lap("normalise")
        np.save(folder / "pixel_values.npy", values)
        clock.lap("write")
    if options.png:
        level = {} if options.compress_level is None else {"compress_level": options.compress_level}
        for index, one in enumerate(tiles):
            one.save(folder / file_name(index, cols, cols * rows), **level)
        clock.lap("png")
    size = {"width": image.width, "height": image.height}
    return {"source": path.name, **size, "grid": [cols, rows], "total": len(tiles)}, clock


def run(paths: list[Path], options: Options, pool: int) -> list[tuple[dict[str, Any], Clock]]:
    """Every picture in this process, or over a pool of several."""
    work = partial(tile, options=options)
    if not pool:
        return [work(path) for path in paths]
    with multiprocessing.Pool(pool) as workers:
        return list(workers.imap(work, paths))


def main() -> None:
    """Tile a folder."""
    parser = argparse.ArgumentParser(description="Tile pictures for InternVL2 the plain way.")
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--no-png", action="store_true")
    parser.add_argument("--no-tensor", action="store_true")
    parser.add_argument("--pool", type=int, default=0, metavar="N")
    parser.add_argument("--compress-level", type=int, metavar="N")
    given = parser.parse_args()
    options = Options(given.out, not given.no_png, not given.no_tensor, given.compress_level)
    paths = sorted(path for path in given.source.iterdir() if path.is_file())
    outcomes = run(paths, options, given.pool)
    entries = [entry for entry, _ in outcomes]
    stages = {stage: sum(clock.seconds[stage] for _, clock in outcomes) for stage in STAGES}
    (given.out / "list.json").write_text(json.dumps(entries), "utf-8")
    print(json.dumps({"images": len(entries), "views": sum(entry["total"] for entry in entries), "stages": stages}))


if __name__ == "__main__":
    main()
