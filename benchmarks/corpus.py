"""Makes the benchmark's pictures from the public-domain photographs of samples/: always the same ones, for one seed.

Real photographs of 24 megapixels would weigh more than the rest of the repository, so small ones are cut, enlarged and
given back the detail that enlarging cannot invent: their own fine grain, repeated at several scales, and sensor noise.
They then compress, decode and resize like photographs. It knows nothing of dynres.

    python benchmarks/corpus.py [--small] [--out .cache/bench-corpus]
"""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

ROOT = Path(__file__).resolve().parent.parent
SEED = 448
VERSION = 1  # raise it when any picture changes, so that old folders are made anew

# The two dark pictures come once, the everyday ones twice.
PHOTOGRAPHS = (
    *("astronaut.jpg", "coffee.jpg", "chelsea.png", "rocket.jpg") * 2,
    *("retina.jpg", "space/hubble.jpg"),
)
# As in a data set from the web: most pictures small, a few straight from a camera.
COMMON_MEGAPIXELS = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.0, 1.5, 2.0, 2.0, 3.0, 4.0, 6.0)
CAMERA_MEGAPIXELS = (8.0, 12.0, 12.0, 24.0)
SHAPES = ((3, 2), (2, 3), (4, 3), (3, 4), (16, 9), (1, 1), (9, 16), (2, 1), (4, 5), (1, 2), (5, 4), (1, 3), (3, 1))


@dataclass(frozen=True, slots=True)
class Encoding:
    """A file format and the options it is saved with."""

    name: str
    suffix: str
    options: dict[str, Any]


JPEGS = (
    Encoding("jpeg-q75", "jpg", {"quality": 75}),
    Encoding("jpeg-q85", "jpg", {"quality": 85}),
    Encoding("jpeg-q92-444", "jpg", {"quality": 92, "subsampling": 0}),
    Encoding("jpeg-q95", "jpg", {"quality": 95}),
)
PROGRESSIVE = (
    Encoding("progressive-q80", "jpg", {"quality": 80, "progressive": True}),
    Encoding("progressive-q90", "jpg", {"quality": 90, "progressive": True}),
)
OTHERS = (Encoding("png", "png", {}), Encoding("webp-q85", "webp", {"quality": 85}))


@dataclass(frozen=True, slots=True)
class Picture:
    """One file to be made: from which photograph, how large, how stored."""

    name: str
    photograph: str
    width: int
    height: int
    encoding: Encoding
    seed: int


def encoding_of(column: int, row: int) -> Encoding:
    """Two plain JPEGs, one progressive and one of the other formats for every size."""
    if column < 2:
        return JPEGS[(2 * row + column) % len(JPEGS)]
    return (PROGRESSIVE, OTHERS)[column - 2][row % 2]


def pictures(*, small: bool) -> list[Picture]:
    """Every picture of the corpus, in an order that mixes the sizes, numbered in that order."""
    wanted = [(size, encoding_of(column, row)) for row, size in enumerate(COMMON_MEGAPIXELS) for column in range(4)]
    wanted += [(size, JPEGS[row]) for row, size in enumerate(CAMERA_MEGAPIXELS)]
    if small:
        wanted = wanted[1:52:4] + wanted[2:52:12] + wanted[3:40:10]
    order = np.random.default_rng(SEED).permutation(len(wanted))
    return [picture(number, *wanted[index]) for number, index in enumerate(order)]


def picture(number: int, megapixels: float, encoding: Encoding) -> Picture:
    """The picture's shape and photograph follow from its number."""
    across, down = SHAPES[number % len(SHAPES)]
    width = round((megapixels * 1e6 * across / down) ** 0.5)
    height = round(megapixels * 1e6 / width)
    name = f"{number:02d}-{width}x{height}-{encoding.name}.{encoding.suffix}"
    return Picture(name, PHOTOGRAPHS[number % len(PHOTOGRAPHS)], width, height, encoding, SEED + number)


def cut(photograph: Image.Image, shape: float, rng: np.random.Generator) -> Image.Image:
    """A random part of the photograph in the wanted shape, seven tenths of the largest or more."""
    width = min(photograph.width, photograph.height * shape) * rng.uniform(0.7, 1.0)
    height = width / shape
    left, top = rng.uniform(0, photograph.width - width), rng.uniform(0, photograph.height - height)
    return photograph.crop((int(left), int(top), int(left + width), int(top + height)))


def grain(photograph: Image.Image, size: tuple[int, int], scale: int) -> np.ndarray:
    """What blurring takes away from the photograph, enlarged `scale` times and mirrored until it fills the size."""
    sharp = photograph.resize((photograph.width * scale, photograph.height * scale), Image.Resampling.BICUBIC)
    blurred = sharp.filter(ImageFilter.GaussianBlur(2 * scale))
    detail = np.asarray(sharp, np.int16) - np.asarray(blurred, np.int16)
    height, width = detail.shape[:2]
    after = ((0, max(0, size[1] - height)), (0, max(0, size[0] - width)), (0, 0))
    return np.pad(detail, after, mode="symmetric")[: size[1], : size[0]]


def enlarge(photograph: Image.Image, wanted: Picture) -> Image.Image:
    """The photograph at the wanted size, with detail down to the last pixel."""
    rng = np.random.default_rng(wanted.seed)
    size = (wanted.width, wanted.height)
    part = cut(photograph, wanted.width / wanted.height, rng)
    pixels = np.asarray(part.resize(size, Image.Resampling.LANCZOS), np.float32)
    scale = 1
    while scale < wanted.width / part.width:
        pixels = pixels + np.float32(0.5) * grain(photograph, size, scale)
        scale *= 3
    # One value for all three channels: a camera's own denoising leaves hardly any colour in the noise.
    noise = rng.normal(0, 2.0, (wanted.height, wanted.width, 1)).astype(np.float32)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).round().astype(np.uint8))


def make(out: Path, *, small: bool) -> Path:
    """Fill the folder, unless it holds this corpus already; return the folder of pictures."""
    wanted = pictures(small=small)
    stamp = json.dumps({"version": VERSION, "pictures": [asdict(one) for one in wanted]})
    done = out.with_suffix(".json")
    if done.exists() and done.read_text("utf-8") == stamp:
        return out
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for one in wanted:
        with Image.open(ROOT / "samples" / one.photograph) as photograph:
            enlarge(photograph.convert("RGB"), one).save(out / one.name, **one.encoding.options)
    done.write_text(stamp, "utf-8")
    return out


def main() -> None:
    """Make the corpus and say how large it is."""
    parser = argparse.ArgumentParser(description="Make the benchmark's pictures.")
    parser.add_argument("--small", action="store_true", help="a third of the pictures, none above 4 megapixels")
    parser.add_argument(
        "--out", type=Path, help="the folder to fill [.cache/bench-corpus or .cache/bench-corpus-small]"
    )
    options = parser.parse_args()
    name = "bench-corpus-small" if options.small else "bench-corpus"
    folder = make(options.out or ROOT / ".cache" / name, small=options.small)
    sizes = [path.stat().st_size for path in sorted(folder.iterdir())]
    print(f"{len(sizes)} pictures, {sum(sizes) / 1e6:.1f} MB, in {folder}")


if __name__ == "__main__":
    main()
