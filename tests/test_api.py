"""The Python interface gives what the reference gives, for a path or an array."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import dynres_cli
from dynres_cli.api import Views
from dynres_cli.errors import ImageError, NotTileable, UsageError
from dynres_cli.geometry import Grid, Size
from dynres_cli.presets import PRESETS, OneSize, SizesDiffer
from dynres_cli.strategies import load
from tests.pictures import internvl_views, noise

SAMPLES = Path(__file__).parents[1] / "samples"
MEAN, STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


def test_load_image_is_internvls_own() -> None:
    """A real photograph: grid, tiles, thumbnail, float32(x)/255 minus mean over std, all views in one array."""
    path = SAMPLES / "astronaut.jpg"
    views = internvl_views(np.asarray(Image.open(path).convert("RGB")))
    expected = np.stack([((view.astype(np.float32) / 255 - MEAN) / STD).transpose(2, 0, 1) for view in views])
    tensor = dynres_cli.load_image(path)
    assert isinstance(tensor, np.ndarray)
    assert tensor.dtype == np.float32
    assert np.array_equal(tensor, expected)


def test_a_path_as_text_and_its_array_give_the_same() -> None:
    """What is decoded already needs no file."""
    path = SAMPLES / "chelsea.png"
    from_path = dynres_cli.load_image(str(path), max_num=4)
    from_array = dynres_cli.load_image(np.asarray(Image.open(path).convert("RGB")), max_num=4)
    assert np.array_equal(from_path, from_array)


def test_input_size_is_internvls_word_for_the_tile() -> None:
    """`load_image(path, input_size=224, max_num=6)` runs as in InternVL's README."""
    tensor = dynres_cli.load_image(noise(900, 600), input_size=224, max_num=6)
    assert isinstance(tensor, np.ndarray)
    assert tensor.shape == (7, 3, 224, 224)


def test_the_tensor_remembers_the_pictures_size() -> None:
    """Kept through slicing, so that views can be packed later; NumPy's own `size` stays the number of values."""
    tensor = dynres_cli.load_image(noise(90, 60))
    assert isinstance(tensor, Views)
    assert tensor.source_size == Size(90, 60)
    assert getattr(tensor[:1], "source_size", None) == Size(90, 60)
    assert np.asarray(tensor).size == 7 * 3 * 448 * 448


def test_a_tensor_is_pickled_without_a_copy_of_its_values() -> None:
    """Beside the pickle, as those of a plain array: Ray, Dask and joblib share that memory."""
    tensor = dynres_cli.load_image(noise(90, 60), max_num=1)
    beside: list[pickle.PickleBuffer] = []
    data = pickle.dumps(tensor, protocol=5, buffer_callback=beside.append)
    assert (len(data) < 1000, len(beside)) == (True, 1)
    again = pickle.loads(data, buffers=beside)
    assert np.shares_memory(again, tensor)
    for each in (again, pickle.loads(pickle.dumps(tensor[:, :, ::2]))):
        assert (type(each), each.source_size) == (Views, Size(90, 60))


def test_one_number_of_a_tensor_is_a_number() -> None:
    """As of any other array: it can be a key of a dict, and is asked for its type."""
    tensor = dynres_cli.load_image(noise(90, 60), max_num=1)
    assert isinstance(tensor, Views)
    assert type(tensor.max()) is type(tensor.mean()) is type(np.min(tensor)) is np.float32
    assert isinstance(tensor.sum(axis=0), Views)
    assert isinstance(tensor * 2, Views)
    assert isinstance(tensor.max(keepdims=True), Views)


def test_tile_image_gives_levels_in_the_models_order() -> None:
    """A list of uint8 arrays, thumbnail last for InternVL."""
    pixels = noise(500, 250)
    tiles = dynres_cli.tile_image(pixels, max_num=2)
    assert [tile.shape for tile in tiles] == [(448, 448, 3)] * 3
    assert all(map(np.array_equal, tiles, internvl_views(pixels, limit=2)))


@pytest.mark.parametrize("preset", ["internvl2", "molmo2", "minicpm-v-2.6"])
def test_a_tile_may_be_drawn_on(preset: str) -> None:
    """No other one shows it, not even where they overlap, as Molmo 2's do; each lies in one piece, as OpenCV likes."""
    tiles = dynres_cli.tile_image(noise(900, 600), preset)
    before = [tile.copy() for tile in tiles]
    tiles[1][:] = 0
    changed = [not np.array_equal(*pair) for pair in zip(tiles, before, strict=True)]
    assert changed == [number == 1 for number in range(len(tiles))]
    assert all(tile.flags.c_contiguous for tile in tiles)


def test_plan_needs_no_picture() -> None:
    """A size is enough; the family's refusal has its own type."""
    assert dynres_cli.plan(1280, 720).grid == Grid(4, 2)
    assert dynres_cli.plan(1280, 720, max_num=2, thumbnail=False).total == 2
    with pytest.raises(NotTileable):
        dynres_cli.plan(100_000, 1, preset="pixtral-12b")


def test_pack_names_the_arrays_of_the_reference() -> None:
    """LLaVA-NeXT: pixel_values beside image_sizes as (height, width); only load_image's own views are taken."""
    views = dynres_cli.load_image(noise(500, 250), "llava-v1.6-hf")
    packed = dynres_cli.pack(views, "llava-v1.6-hf")
    assert packed["image_sizes"].ravel().tolist() == [250, 500]
    with pytest.raises(UsageError, match="views"):
        dynres_cli.pack(views[:1], "llava-v1.6-hf")
    with pytest.raises(UsageError, match="size"):
        dynres_cli.pack(np.asarray(views).view(Views), "llava-v1.6-hf")


def test_a_broken_file_is_an_error_with_a_code(tmp_path: Path) -> None:
    """What the command records as a failure is raised here."""
    path = tmp_path / "cut.jpg"
    path.write_bytes((SAMPLES / "astronaut.jpg").read_bytes()[:9000])
    with pytest.raises(ImageError) as caught:
        dynres_cli.load_image(path)
    assert caught.value.code == "truncated"
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(np.zeros((4, 4), np.uint8), id="gray"),
        pytest.param(np.zeros((4, 4, 4), np.uint8), id="four channels"),
        pytest.param(np.zeros((4, 4, 3), np.float32), id="floats"),
        pytest.param(np.zeros((0, 4, 3), np.uint8), id="no rows"),
    ],
)
def test_other_arrays_are_refused(array: npt.NDArray[Any]) -> None:
    """Only uint8 (height, width, 3) is a picture; the message says what was given."""
    with pytest.raises(UsageError, match="give uint8"):
        dynres_cli.load_image(array)


def test_compiled_kernels_change_nothing() -> None:
    """Once kernels are compiled the same call gives the same tensor by another way."""
    pixels = noise(640, 480)
    before = dynres_cli.load_image(pixels, max_num=6)
    assert dynres_cli.compile_kernels()
    after = [dynres_cli.load_image(pixels, max_num=6) for _ in range(6)]
    assert "dynres_cli.kernels.driver" in sys.modules
    assert np.array_equal(before, after[-1])


def test_every_public_name_exists() -> None:
    """The names that are promised can be imported, and nothing else is listed."""
    for name in dynres_cli.__all__:
        assert getattr(dynres_cli, name) is not None
    assert dir(dynres_cli) == sorted(dynres_cli.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = dynres_cli.nothing


def test_what_is_raised_can_be_caught_by_name() -> None:
    """A loop that skips bad pictures, ImageError, must not skip all of them for a wrong call, UsageError."""
    assert issubclass(NotTileable, dynres_cli.ImageError)
    assert not issubclass(dynres_cli.UsageError, dynres_cli.ImageError)
    assert issubclass(dynres_cli.RunError, dynres_cli.DynresError)


@pytest.mark.parametrize(
    ("preset", "size", "count"),
    [
        pytest.param("internvl2", (1280, 720), 9 * 256, id="InternVL2"),
        pytest.param("llava-v1.6-hf", (500, 250), 1752, id="LLaVA-NeXT, its padding cut away"),
        pytest.param("qwen2-vl", (640, 480), 23 * 17, id="Qwen2-VL"),
    ],
)
def test_tokens_are_counted_without_a_picture(preset: str, size: tuple[int, int], count: int) -> None:
    """A server reserves them before it has pixels; a size that is refused is refused here, too."""
    assert dynres_cli.tokens(*size, preset) == count
    assert dynres_cli.tokens(1280, 720, max_num=1) == 256
    with pytest.raises(NotTileable):
        dynres_cli.tokens(100_000, 1, "pixtral-12b")


def test_type_checkers_know_which_presets_give_one_array() -> None:
    """The two lists hold every preset once."""
    one, differ = get_args(OneSize), get_args(SizesDiffer)
    assert sorted([*one, *differ]) == sorted(PRESETS)
    assert {name for name in PRESETS if load(PRESETS[name].strategy).equal_views} == set(one)


def test_importing_the_package_imports_nothing_heavy() -> None:
    """`import dynres_cli` brings neither NumPy, Pillow nor numba."""
    code = "import sys, dynres_cli; print(sorted({'numpy', 'PIL', 'numba', 'typer'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("size", [(0, 5), (-1, 5), (10.5, 5), (True, 5), ("10", 5), (10**400, 1)])
def test_what_is_no_size_is_refused(size: tuple[Any, Any]) -> None:
    """One kind of error, which says what is expected."""
    with pytest.raises(UsageError, match="whole numbers of pixels"):
        dynres_cli.plan(*size)


@pytest.mark.parametrize(
    ("source", "what"),
    [
        pytest.param(Image.new("RGB", (9, 9)), "type Image is no picture", id="a picture of Pillow"),
        pytest.param(None, "type NoneType is no picture", id="nothing"),
        pytest.param([[1, 2, 3]], "type list is no picture", id="a list"),
        pytest.param(7, "type int is no picture", id="a number"),
    ],
)
def test_what_is_neither_path_nor_array_is_refused(source: Any, what: str) -> None:  # noqa: ANN401 - that is the test
    """The sentence says what it is and what to give; of Pillow's pictures, too."""
    for call in (dynres_cli.load_image, dynres_cli.tile_image):
        with pytest.raises(UsageError, match=rf"{what}.*numpy\.asarray\(image\.convert\('RGB'\)\)"):
            call(source)


def test_a_path_may_be_bytes_and_a_long_one_is_cut() -> None:
    """As everywhere in Python; what is no path at all is not printed as a whole."""
    path = SAMPLES / "chelsea.png"
    assert np.array_equal(dynres_cli.load_image(bytes(path), max_num=1), dynres_cli.load_image(path, max_num=1))
    with pytest.raises(ImageError, match="there is no such file") as caught:
        dynres_cli.load_image("iVBORw0KGgo" * 10_000)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("preset", [5, 0, ["internvl2"], b"internvl2", ""])
def test_what_is_no_name_of_a_preset_is_refused(preset: Any) -> None:  # noqa: ANN401 - that is the test
    """Also what is false, which is not taken for the default."""
    with pytest.raises(UsageError, match="is no preset; give the name of one"):
        dynres_cli.plan(640, 480, preset)


def test_one_parameter_by_two_words_is_refused() -> None:
    """Neither of two sizes is dropped."""
    with pytest.raises(UsageError, match="image_size=224 and input_size=448 are one parameter; give one of them"):
        dynres_cli.plan(500, 500, image_size=224, input_size=448)


def test_no_option_of_the_command_is_advised(tmp_path: Path) -> None:
    """The limits of a run are its options; `max_pixels` is a budget of the model here, and no way out."""
    Image.new("1", (10000, 10000)).save(tmp_path / "large.png")
    with pytest.raises(ImageError, match=r"large\.png: .*pixels.*; read it in your own way and give its array") as told:
        dynres_cli.load_image(tmp_path / "large.png", preset="qwen2-vl")
    assert (told.value.code, "--" in str(told.value)) == ("too_many_pixels", False)


def test_a_picture_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Nobody has listed it before."""
    with pytest.raises(ImageError, match=r"none\.png: there is no such file here"):
        dynres_cli.load_image(tmp_path / "none.png")
