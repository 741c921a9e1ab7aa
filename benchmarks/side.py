"""One side of a comparison in memory: a process that is told paths and answers how long each picture took.

Two sides may need different environments, and must still take turns within the same second; so each is a process of its
own that reads one path a line and prints one JSON object a line, the seconds under "seconds". It holds every library to
one thread (the environment variables are set by whoever starts it).

    python benchmarks/side.py dynres|plain|hf-pil|hf-torchvision|dynres-resize|pillow-resize
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from reference import MAX_NUM, MEAN, SIDE, STD, choose, normalise, views

Timed = Callable[[Path], float]


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes; its result is freed after the clock has stopped."""
    start = time.perf_counter()
    result = work()
    took = time.perf_counter() - start
    del result
    return took


def dynres() -> Timed:
    """The library's own load_image: a path in, a float32 array out."""
    from dynres_cli import load_image

    return lambda path: seconds(lambda: load_image(path))


def plain() -> Timed:
    """The same by Pillow and NumPy, as the reference script does it."""

    def load(path: Path) -> np.ndarray:
        _, tiles = views(Image.open(path).convert("RGB"))
        return np.stack([normalise(one) for one in tiles])

    return lambda path: seconds(lambda: load(path))


def dynres_resize() -> Timed:
    """From decoded pixels to tiles and thumbnail, nothing else, by the compiled resizer that long runs use."""
    from dynres_cli import plan
    from dynres_cli.render import Look, render

    def timed(path: Path) -> float:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        tiles = plan(pixels.shape[1], pixels.shape[0])
        return seconds(lambda: render(pixels, tiles, Look(kernel="numba")))

    return timed


def pillow_resize() -> Timed:
    """The same two resizes by Pillow: to the canvas, and to the thumbnail where there is one."""

    def resize(image: Image.Image) -> list[Image.Image]:
        cols, rows = choose(image.width, image.height)
        sizes = [(cols * SIDE, rows * SIDE)] + [(SIDE, SIDE)] * (cols * rows > 1)
        return [image.resize(size) for size in sizes]

    def timed(path: Path) -> float:
        image = Image.open(path).convert("RGB")
        return seconds(lambda: resize(image))

    return timed


def processor(kind: str) -> Timed:
    """A Hugging Face processor with InternVL's numbers, from path to tensor."""
    import torch

    torch.set_num_threads(1)
    # Without CUDA's libraries torchvision cannot define these two operators, and then refuses to be imported.
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    if kind == "pil":
        from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil as Processor
    else:
        from transformers.models.got_ocr2.image_processing_got_ocr2 import GotOcr2ImageProcessor as Processor
    process = Processor(
        crop_to_patches=True,
        max_patches=MAX_NUM,
        size={"height": SIDE, "width": SIDE},
        image_mean=MEAN.ravel().tolist(),
        image_std=STD.ravel().tolist(),
    )
    return lambda path: seconds(lambda: process(images=Image.open(path).convert("RGB"), return_tensors="pt"))


SIDES: dict[str, Callable[[], Timed]] = {
    "dynres": dynres,
    "plain": plain,
    "hf-pil": lambda: processor("pil"),
    "hf-torchvision": lambda: processor("torchvision"),
    "dynres-resize": dynres_resize,
    "pillow-resize": pillow_resize,
}


def answer(value: dict[str, Any]) -> None:
    """One line of JSON, at once."""
    print(json.dumps(value), flush=True)


def main() -> None:
    """Answer until there are no more paths."""
    timed = SIDES[sys.argv[1]]()
    answer({"ready": sys.argv[1]})
    for line in sys.stdin:
        answer({"seconds": timed(Path(line.rstrip("\n")))})


if __name__ == "__main__":
    main()
