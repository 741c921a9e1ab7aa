"""The compiled resizer equals Pillow bit for bit: any size, content, filter and order, alone or several at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dynres_cli import resample
from dynres_cli.geometry import Box, Size, whole
from dynres_cli.kernels import driver
from dynres_cli.resample import Axis, PillowFilter, Resize
from tests.pictures import Pixels, gradient, noise

SAMPLES = Path(__file__).parents[1] / "samples"
FILTERS: tuple[PillowFilter, ...] = ("bicubic", "bilinear", "lanczos")
sides = st.one_of(st.integers(1, 40), st.integers(1, 400))
sizes = st.builds(Size, sides, sides)
targets = st.builds(Resize, sizes, st.sampled_from(FILTERS), st.sampled_from(("horizontal", "vertical")))


def picture(size: Size, seed: int) -> Pixels:
    """Noise, or only black and white: there the filters overshoot most."""
    pixels = noise(size.width, size.height, seed)
    return pixels if seed % 3 else np.where(pixels > 127, 255, 0).astype(np.uint8)


def equal(pixels: Pixels, box: Box, wanted: list[Resize]) -> bool:
    """Whether the compiled code gives what Pillow gives for every target."""
    pairs = zip(driver.resize_all(pixels, box, wanted), resample.resize_all(pixels, box, wanted), strict=True)
    return all(np.array_equal(ours, pillows) for ours, pillows in pairs)


@given(sizes, st.lists(targets, min_size=1, max_size=3), st.integers(0, 99))
@settings(max_examples=250, deadline=None)
def test_equals_pillow_at_any_size(size: Size, wanted: list[Resize], seed: int) -> None:
    """One to three targets from one sweep, each in its own filter and order."""
    assert equal(picture(size, seed), whole(size), wanted)


@given(sizes, targets, st.data())
@settings(max_examples=100, deadline=None)
def test_equals_pillow_on_any_box(size: Size, wanted: Resize, data: st.DataObject) -> None:
    """A region is read where it lies, without a copy, and nothing beside it matters."""
    left, top = data.draw(st.integers(0, size.width - 1)), data.draw(st.integers(0, size.height - 1))
    right, bottom = data.draw(st.integers(left + 1, size.width)), data.draw(st.integers(top + 1, size.height))
    assert equal(picture(size, 1), Box(left, top, right, bottom), [wanted])


@given(sizes, sides, st.sampled_from(FILTERS), st.sampled_from(("horizontal", "vertical")))
@settings(max_examples=60, deadline=None)
def test_equals_pillow_where_one_axis_stays(size: Size, side: int, kind: PillowFilter, first: Axis) -> None:
    """Only the other axis is resampled, and neither where the size stays."""
    kept = [Size(size.width, side), Size(side, size.height), size]
    assert equal(picture(size, 2), whole(size), [Resize(each, kind, first) for each in kept])


@pytest.mark.parametrize("first", ["horizontal", "vertical"])
@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize(
    ("source", "target"),
    [
        pytest.param(Size(1, 1), Size(448, 448), id="one pixel"),
        pytest.param(Size(1, 3000), Size(448, 448), id="one column"),
        pytest.param(Size(3000, 1), Size(448, 448), id="one row"),
        pytest.param(Size(5003, 40), Size(448, 7), id="above 4096 across"),
        pytest.param(Size(40, 5003), Size(7, 448), id="above 4096 down"),
        pytest.param(Size(6007, 11), Size(3, 300), id="two thousand to one across"),
        pytest.param(Size(11, 6007), Size(300, 3), id="two thousand to one down"),
        pytest.param(Size(20000, 3), Size(1, 1), id="a whole row into one pixel"),
        pytest.param(Size(2, 2), Size(4200, 5), id="a pair of columns stretched"),
        pytest.param(Size(769, 33), Size(768, 32), id="one more than a window and a band"),
    ],
)
def test_equals_pillow_at_the_extremes(source: Size, target: Size, kind: PillowFilter, first: Axis) -> None:
    """Shapes where a window, a band or a vector ends at an odd place."""
    assert equal(picture(source, 3), whole(source), [Resize(target, kind, first)])


@pytest.mark.parametrize("name", ["astronaut.jpg", "chelsea.png", "page.png", "panorama.jpg", "retina.jpg"])
def test_equals_pillow_on_real_pictures(name: str) -> None:
    """Photographs and a page of text at a canvas's and a thumbnail's size, in both of Pillow's orders."""
    pixels = np.asarray(Image.open(SAMPLES / name).convert("RGB"))
    box = whole(resample.size_of(pixels))
    for order in ("pillow12", "pillow13"):
        for target in (Size(1344, 896), Size(448, 448), Size(448, 1344)):
            first = resample.first_pass(box.size, target, order)
            assert equal(pixels, box, [Resize(target, "bicubic", first)])


def test_a_result_is_not_overwritten_by_the_next() -> None:
    """Buffers are used again, results never are."""
    target = Resize(Size(60, 50), "bicubic", "horizontal")
    (one,) = driver.resize_all(noise(90, 80, 1), whole(Size(90, 80)), [target])
    before = one.copy()
    driver.resize_all(noise(90, 80, 2), whole(Size(90, 80)), [target])
    assert np.array_equal(one, before)


def test_threads_do_not_share_buffers() -> None:
    """Four threads at once, each with its own picture, all right."""
    right: list[bool] = []

    def work(seed: int) -> None:
        wanted = [Resize(Size(200, 150), "bicubic", "horizontal"), Resize(Size(44, 44), "lanczos", "vertical")]
        right.extend(equal(noise(300, 200, seed), whole(Size(300, 200)), wanted) for _ in range(5))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == [True] * 20


def test_levels_become_floats_where_they_lie() -> None:
    """A tile cut out of a canvas is looked up without a copy; so is an array of its own."""
    table = np.arange(768, dtype=np.float32).reshape(3, 256)
    canvas = gradient(50, 40)
    for view in (canvas[10:30, 20:45], canvas, np.ascontiguousarray(canvas[5:9, 3:8]), canvas[::2, ::2]):
        out = np.empty((3, *view.shape[:2]), np.float32)
        driver.normalise_into(out, view, table)
        for channel in range(3):
            assert np.array_equal(out[channel], table[channel][view[:, :, channel]])


def test_asking_whether_kernels_are_ready_loads_no_compiler() -> None:
    """A cold start must not pay for numba to learn that nothing is compiled."""
    code = (
        "import sys; from dynres_cli.kernels.cache import kernels_ready; import dynres_cli.render;"
        " kernels_ready(); print({'numba', 'llvmlite'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_no_folder_means_no_kernels(tmp_path: Path) -> None:
    """Where nothing can be kept, the answer is no, at once and without an error."""
    (tmp_path / "file").write_text("in the way")
    code = "from dynres_cli.kernels.cache import *; print(kernels_ready(), compile_kernels())"
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "file"), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "False False"


def test_more_weights_than_32_bits_can_place_are_refused() -> None:
    """A MemoryError as of Pillow, and no table whose places begin again below zero: compiled code would go there."""
    with pytest.raises(MemoryError):
        driver.taps("lanczos", 400_000_000, 448)
    half = (np.zeros(1, np.int32), np.array([0, 1 << 30], np.int32), np.zeros(1, np.int32))
    with pytest.raises(MemoryError):
        driver._joined([half, half])  # noqa: SLF001 - true ones of this size take eight gigabytes
