"""PNG files that every decoder reads back exactly, with bytes that never change by themselves."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dynres_cli.kernels.entries import SUB
from dynres_cli.sinks import png
from tests.pictures import Pixels, gradient, noise

LEVELS = ["fast", "small"]
SAMPLE = Path(__file__).parents[2] / "samples" / "astronaut.jpg"


def opened(data: bytes) -> Pixels:
    """The picture as Pillow decodes it, checksums looked at too."""
    Image.open(io.BytesIO(data)).verify()
    return np.asarray(Image.open(io.BytesIO(data)))


def photograph() -> Pixels:
    """A real 448×448 tile."""
    return np.asarray(Image.open(SAMPLE).convert("RGB"))[:448, :448]


def test_bytes_depend_on_nothing_but_the_picture() -> None:
    """Guarantee 29: wherever deflate's own memory lies, which differs from process to process and thread to thread.

    Rows that begin with a colour and go on with it: one in a hundred such streams differed in every tenth thread.
    """
    rows = np.zeros((12, 448, 1345), np.uint8)
    rows[:, :, 0] = SUB
    rows[:, :, 1:4] = np.random.default_rng(29).integers(0, 256, (12, 448, 3), np.uint8)
    made: set[tuple[str, ...]] = set()

    def make() -> None:
        made.add(tuple(hashlib.sha256(png.deflated(each)).hexdigest() for each in rows))

    before = threading.stack_size()
    try:
        for number in range(150):
            threading.stack_size((4 + number % 37) << 16)
            thread = threading.Thread(target=make)
            thread.start()
            thread.join()
    finally:
        threading.stack_size(before)
    assert len(made) == 1


@pytest.mark.parametrize("level", LEVELS)
@given(width=st.integers(1, 70), height=st.integers(1, 40), seed=st.integers(0, 99), coarse=st.booleans())
@settings(max_examples=60, deadline=None)
def test_compiled_filters_give_the_same_bytes(
    level: png.Level, width: int, height: int, seed: int, coarse: bool
) -> None:
    """A cold start writes with NumPy what a warm one writes with compiled code."""
    view = noise(width, height, seed) // (100 if coarse else 1)
    assert png.encode(view, level, "numba") == png.encode(view, level)


@pytest.mark.parametrize("level", LEVELS)
@given(width=st.integers(1, 40), height=st.integers(1, 40), seed=st.integers(0, 99), coarse=st.booleans())
@settings(max_examples=60, deadline=None)
def test_reads_back_exactly(level: png.Level, width: int, height: int, seed: int, coarse: bool) -> None:
    """Any picture of any size, flat or noisy, comes back value for value."""
    view = noise(width, height, seed) // (100 if coarse else 1)
    assert np.array_equal(opened(png.encode(view, level)), view)


@pytest.mark.parametrize("level", LEVELS)
def test_a_cut_of_a_larger_array_needs_no_copy_by_the_caller(level: png.Level) -> None:
    """A tile is a slice of its canvas, not contiguous."""
    view = gradient(60, 50)[10:30, 20:50]
    assert np.array_equal(opened(png.encode(view, level)), view)


@pytest.mark.parametrize("level", LEVELS)
def test_a_photograph_is_at_most_1_15_times_pillows_size(level: png.Level) -> None:
    """Pillow's own default encoder is the measure; `small` is not larger than `fast`."""
    view, plain = photograph(), io.BytesIO()
    Image.fromarray(view).save(plain, "PNG")
    size = len(png.encode(view, level))
    assert size <= 1.15 * len(plain.getvalue())
    assert size <= len(png.encode(view, "fast"))


@pytest.mark.parametrize(
    ("level", "digest"),
    [
        pytest.param("fast", "2ff634048f9701fc", id="fast"),
        pytest.param("small", "2ff634048f9701fc", id="small"),
    ],
)
def test_bytes_are_pinned(level: png.Level, digest: str) -> None:
    """The same picture gives the same file on every machine and with every version of the libraries."""
    data = b"".join(png.encode(view, level) for view in (gradient(300, 200), noise(64, 64), gradient(1, 1)))
    assert hashlib.sha256(data).hexdigest()[:16] == digest


@pytest.mark.skipif(shutil.which("pngcheck") is None, reason="pngcheck is not installed")
@pytest.mark.parametrize("level", LEVELS)
def test_pngcheck_has_no_complaint(level: png.Level, tmp_path: Path) -> None:
    """An independent checker finds the structure and all checksums right."""
    path = tmp_path / "tile.png"
    path.write_bytes(png.encode(gradient(333, 222), level))
    subprocess.run(["pngcheck", "-q", str(path)], check=True, capture_output=True)


@pytest.mark.parametrize("level", LEVELS)
def test_opencv_reads_the_same_values(level: png.Level) -> None:
    """A second decoder agrees, where OpenCV is installed."""
    cv2 = pytest.importorskip("cv2")
    view = photograph()
    decoded = cv2.imdecode(np.frombuffer(png.encode(view, level), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(decoded[:, :, ::-1], view)
