"""What each preset costs from decoded pixels to normalised views: milliseconds beside the pixels read and made.

All presets get the same pictures, in one process on one thread; the best of several rounds counts. A picture's cost
has two parts: every family reads the source, and makes as many pixels as its rule wants. `results.py` holds each
preset's time against what InternVL2 takes for as many of both.

    python benchmarks/families.py CORPUS [ROUNDS]
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dynres_cli import compile_kernels, load_image
from dynres_cli.presets import PRESETS

SIZES = ((640, 480), (1280, 720), (2000, 1500), (1200, 2400))
"""What the source is cut and scaled to: small and large, wide and tall, all within every family's range."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One preset on one picture."""

    preset: str
    width: int
    height: int
    """Of the source."""
    made: int
    """Pixels of all views together."""
    seconds: float


def photographs(corpus: Path) -> list[np.ndarray]:
    """The corpus's largest photograph at each of the sizes."""
    largest = max(corpus.iterdir(), key=lambda path: np.prod(Image.open(path).size))
    image = Image.open(largest).convert("RGB")
    return [np.asarray(image.resize(size, Image.Resampling.LANCZOS)) for size in SIZES]


def cost(pixels: np.ndarray, preset: str, rounds: int) -> Cost:
    """The best of several rounds."""
    best = float("inf")
    made = 0
    for _ in range(rounds):
        start = time.perf_counter()
        views = load_image(pixels, preset)
        best = min(best, time.perf_counter() - start)
        made = sum(view.shape[1] * view.shape[2] for view in views)
        del views
    return Cost(preset, pixels.shape[1], pixels.shape[0], made, best)


def main() -> None:
    """One JSON list on stdout."""
    compile_kernels()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    pictures = photographs(Path(sys.argv[1]))
    for preset in PRESETS:  # families are loaded, tables made
        load_image(pictures[0], preset)
    print(json.dumps([asdict(cost(pixels, preset, rounds)) for pixels in pictures for preset in PRESETS]))


if __name__ == "__main__":
    main()
