"""Files to RGB levels: as Pillow gives them, whole or not at all."""

import contextlib
import io
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps, TiffImagePlugin

from dynres_cli import headers
from dynres_cli.decode import Decoded, decode
from dynres_cli.errors import ImageError
from dynres_cli.facts import Facts, FileLimits, Handling
from dynres_cli.opening import Source, read_source
from dynres_cli.probe import probe_bytes
from tests.files import SIZE, damaged, every_file, exif, picture, saved
from tests.pictures import noise

FILES = every_file()
CODES = {"truncated", "corrupt", "unidentified", "unsupported_mode", "too_many_pixels", "empty", "format_not_allowed"}
whatever_pillow_warns_of = pytest.mark.filterwarnings("ignore")


def read(data: bytes, handling: Handling | None = None) -> tuple[Facts, Decoded]:
    """Probe and decode bytes."""
    source = Source(data)
    facts = probe_bytes(source)
    return facts, decode(source, facts, handling or Handling())


def plain(data: bytes) -> np.ndarray:
    """The reference: open, convert."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("name", FILES)
def test_levels_are_those_of_convert_rgb(name: str) -> None:
    """Guarantee 31: every format and mode gives exactly what `Image.open(path).convert("RGB")` gives."""
    facts, decoded = read(FILES[name])
    assert np.array_equal(decoded.pixels, plain(FILES[name]))
    assert decoded.pixels.shape == (facts.height, facts.width, 3)
    assert decoded.pixels.flags.c_contiguous
    assert not decoded.truncated


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.98])
@pytest.mark.parametrize("name", FILES)
@whatever_pillow_warns_of
def test_a_cut_file_is_an_error(name: str, share: float) -> None:
    """Guarantee 16: never a gray or black tail in silence, wherever the file was cut."""
    data = FILES[name]
    try:
        _, decoded = read(data[: int(len(data) * share)])
    except ImageError as error:
        assert error.code in CODES  # noqa: PT017 - either outcome is right, each on its own terms
    else:
        assert np.array_equal(decoded.pixels, plain(data)), "the first picture is whole, or there is none"


@pytest.mark.parametrize(
    "name", ["baseline.jpg", "rgb.png", "still.gif", "rgb.bmp", "rgb.ppm", "rgb.avif", "lossy.webp"]
)
def test_half_a_file_is_called_truncated(name: str) -> None:
    """A cut file has a code of its own: somebody may still have the whole one."""
    with pytest.raises(ImageError) as caught:
        read(FILES[name][: len(FILES[name]) // 2])
    assert caught.value.code == "truncated"


@pytest.mark.parametrize("name", ["baseline.jpg", "rgb.png", "rgb.bmp"])
def test_what_there_is_can_be_tiled_and_says_so(name: str) -> None:
    """Guarantee 16: the option accepts a cut file; the first rows are the picture's, and the outcome is marked."""
    data = FILES[name]
    _, decoded = read(data[: len(data) * 19 // 20], Handling(on_truncated="tile"))
    rows = plain(data)
    whole = rows[::-1][:8] if name == "rgb.bmp" else rows[:8]
    found = decoded.pixels[::-1][:8] if name == "rgb.bmp" else decoded.pixels[:8]
    assert decoded.truncated
    assert np.array_equal(found, whole)
    with pytest.raises(ImageError):
        read(data[: len(data) * 19 // 20])


TALL = Image.fromarray(noise(60, 500))
"""Its PNG has many rows behind any place."""


@pytest.mark.parametrize("share", [0.3, 0.8, 0.99])
def test_room_made_for_a_png_that_never_came_is_told(share: float) -> None:
    """Guarantee 16: zeros in the place of the tail, which Pillow reads as pixels, as from a download that broke off."""
    data = saved(TALL.convert("L").quantize(7), "PNG")
    kept = int(len(data) * share)
    hollow = data[:kept] + bytes(len(data) - kept)
    assert read(hollow, Handling(on_truncated="tile"))[1].truncated
    with contextlib.suppress(ImageError):
        assert read(hollow)[1].truncated


def test_some_hollow_pngs_are_whole_to_pillow() -> None:
    """Which is why they are looked at here: what a PNG of 1-bit rows lacks is decoded as something else."""
    data = saved(TALL.convert("1"), "PNG")
    hollow = data[: len(data) * 9 // 10] + bytes(len(data) - len(data) * 9 // 10)
    decoded = read(hollow)[1]
    assert np.array_equal(decoded.pixels, plain(hollow))
    assert decoded.truncated


@pytest.mark.parametrize("tail", [b"", bytes(9000), b"rubbish" * 2000, FILES["rgb.png"][:-40]], ids=len)
@pytest.mark.parametrize("name", ["rgb.png", "one.png", "moving.png"])
def test_a_whole_png_may_have_anything_behind_it(name: str, tail: bytes) -> None:
    """An editor that overwrites a longer file leaves the rest of that."""
    assert np.array_equal(read(FILES[name] + tail)[1].pixels, plain(FILES[name]))


def test_a_hole_in_a_later_frame_leaves_the_first_one_whole() -> None:
    """Guarantee 32: the pixels of an animated PNG's first picture are there, those of its second are not."""
    data = FILES["moving.png"][:-200] + bytes(200)
    assert np.array_equal(read(data)[1].pixels, plain(FILES["moving.png"]))
    assert headers.png_pixels_cut(data, 1)
    assert not headers.png_pixels_cut(data, 0)


@pytest.mark.parametrize("name", FILES)
@whatever_pillow_warns_of
def test_damage_gives_a_code_or_what_pillow_gives(name: str) -> None:
    """Guarantees 12 and 17: 30 damaged files a format; each fails with a code, or has the pixels of one fresh load."""
    for data in damaged(FILES[name], name, 30):
        try:
            _, decoded = read(data)
        except ImageError as error:
            assert error.code in CODES  # noqa: PT017 - either outcome is right, each on its own terms
        else:
            assert np.array_equal(decoded.pixels, plain(data))


@whatever_pillow_warns_of
def test_a_broken_stream_is_never_a_blank_picture() -> None:
    """Guarantee 17, trap 1: Pillow's second load() of a broken PNG succeeds with one colour; ours is an error."""
    data = bytearray(FILES["rgb.png"])
    start = data.index(b"IDAT") + 6
    data[start : start + 40] = b"\xff" * 40
    source = Source(bytes(data))
    facts = probe_bytes(source)
    for _ in range(2):
        with pytest.raises(ImageError) as caught:
            decode(source, facts, Handling())
        assert caught.value.code == "corrupt"


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "MPO"])
def test_orientation_is_applied_exactly_once(kind: str, tag: int) -> None:
    """Guarantee 30, trap 2: turned as ImageOps.exif_transpose turns it, in all six formats and eight ways."""
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(picture(), kind, exif=exif(tag), **options)
    facts, decoded = read(data, Handling(exif="apply"))
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    assert np.array_equal(decoded.pixels, upright)
    assert facts.orientation == tag
    assert decoded.pixels.shape[:2] == (facts.upright_size().height, facts.upright_size().width)
    assert facts.oriented(Handling(exif="apply")) is (tag > 1)
    _, stored = read(data)
    assert np.array_equal(stored.pixels, plain(data))


def test_a_tiff_that_only_its_xmp_turns() -> None:
    """Guarantee 30, trap 2: Pillow turns it while decoding, and the header's facts already say so."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[700] = 1
    tags[700] = b'<x tiff:Orientation="6"/>'
    data = saved(picture(), "TIFF", tiffinfo=tags)
    facts, decoded = read(data)
    assert (facts.width, facts.height, facts.orientation) == (SIZE[1], SIZE[0], 6)
    assert np.array_equal(decoded.pixels, plain(data))


@pytest.mark.parametrize("alpha", ["white", (10, 20, 30)])
@pytest.mark.parametrize("name", ["rgba.png", "la.png", "transparent.png", "lossless.webp", "key.png", "rgb.png"])
def test_alpha_over_a_colour(name: str, alpha: str | tuple[int, int, int]) -> None:
    """Guarantee 31: as transformers 5 puts it over white: an RGB picture with a transparent colour, too."""
    image = Image.open(io.BytesIO(FILES[name]))
    image.load()
    colour = (255, 255, 255) if alpha == "white" else alpha
    canvas = Image.new("RGBA", image.size, (*colour, 255))
    expected = Image.alpha_composite(canvas, image.convert("RGBA")).convert("RGB")
    _, decoded = read(FILES[name], Handling(alpha=alpha))  # type: ignore[arg-type]  # a literal, through the parameters
    assert np.array_equal(decoded.pixels, np.asarray(expected))


@pytest.mark.parametrize("depth16", ["scale", "clip"])
@pytest.mark.parametrize("key", [0, 200, 255, 256, 30000, 65535])
def test_the_transparent_value_of_16_bits_is_put_over_a_colour(key: int, depth16: str) -> None:
    """Guarantee 31: one value of 65,536 is transparent; one pixel takes the colour, all others stay as they are."""
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    data = saved(Image.fromarray(ramp), "PNG", transparency=key)
    _, opaque = read(data, Handling(depth16=depth16))  # type: ignore[arg-type]  # a literal, through the parameters
    _, over_red = read(data, Handling(alpha=(255, 0, 0), depth16=depth16))  # type: ignore[arg-type]
    assert over_red.pixels[ramp == key].tolist() == [[255, 0, 0]]
    assert np.array_equal(over_red.pixels[ramp != key], opaque.pixels[ramp != key])


def test_white_behind_16_bits_is_what_the_reference_shows() -> None:
    """What Pillow converts, composited: it takes 256 for a transparent 0, and above 255 all is white anyway."""
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    for key in (0, 200, 255, 256, 511, 30000):
        data = saved(Image.fromarray(ramp), "PNG", transparency=key)
        image = Image.open(io.BytesIO(data))
        canvas = Image.new("RGBA", image.size, (255, 255, 255, 255))
        expected = Image.alpha_composite(canvas, image.convert("RGBA")).convert("RGB")
        assert np.array_equal(read(data, Handling(alpha="white"))[1].pixels, np.asarray(expected)), key


def test_a_16_bit_ramp_stays_a_ramp() -> None:
    """Guarantee 31, trap 5: clipping makes a 16-bit ramp white, scaling keeps it."""
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    data = saved(Image.fromarray(ramp), "PNG")
    _, scaled = read(data, Handling(depth16="scale"))
    assert np.array_equal(scaled.pixels[:, :, 0], np.floor(ramp * (255 / 65535) + 0.5).astype(np.uint8))
    _, clipped = read(data)
    assert clipped.pixels.min() == 0
    assert (clipped.pixels == 255).mean() > 0.99


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        pytest.param([0.0, 0.5, 1.0], [0, 128, 255], id="floats from 0 to 1"),
        pytest.param([0.0, 128.0, 255.0], [0, 128, 255], id="floats that are levels"),
        pytest.param([-1.0, 0.0, 3.0], [0, 64, 255], id="any other range is stretched"),
        pytest.param([np.nan, np.inf, -np.inf, 0.0, 1.0], [0, 255, 0, 0, 255], id="what is no number is black"),
        pytest.param([7.0, 7.0], [7, 7], id="one value"),
    ],
)
def test_floats_are_scaled(values: list[float], levels: list[int]) -> None:
    """Guarantee 31: the documented mapping of floats, NaN and infinities included."""
    data = saved(Image.fromarray(np.array([values], np.float32)), "TIFF")
    _, decoded = read(data, Handling(depth16="scale"))
    assert decoded.pixels[0, :, 0].tolist() == levels


@whatever_pillow_warns_of
def test_a_broken_second_frame_does_not_spoil_the_first() -> None:
    """Guarantee 32: the first frame is tiled, the count is recorded, later damage does not matter."""
    data = bytearray(FILES["moving.gif"])
    data[-60:-20] = b"\xff" * 40
    facts, decoded = read(bytes(data))
    assert np.array_equal(decoded.pixels, plain(FILES["moving.gif"]))
    assert facts.frames == 2


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
def test_extreme_shapes(shape: tuple[int, int]) -> None:
    """Guarantee 33: a picture of one row or column is a picture."""
    _, decoded = read(saved(Image.new("RGB", shape, (1, 2, 3)), "PNG"))
    assert decoded.pixels.shape == (shape[1], shape[0], 3)
    assert (decoded.pixels == (1, 2, 3)).all()


def test_the_hash_belongs_to_the_bytes_that_are_decoded(tmp_path: Path) -> None:
    """Guarantee 35: a file is read once; later changes of it reach neither hash nor pixels."""
    path = tmp_path / "a.png"
    path.write_bytes(FILES["rgb.png"])
    source = read_source(str(path), FileLimits())
    path.write_bytes(FILES["rgba.png"])
    assert np.array_equal(decode(source, probe_bytes(source), Handling()).pixels, plain(FILES["rgb.png"]))
    assert len(source.sha256) == 64


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda _path: None, "vanished", id="not there"),
        pytest.param(lambda path: path.mkdir(), "unreadable", id="a folder"),
        pytest.param(os.mkfifo, "unreadable", id="a pipe"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), "changed", id="a link"),
        pytest.param(lambda path: path.touch(), "empty", id="no bytes"),
        pytest.param(lambda path: path.write_bytes(b"x" * 1001), "too_large_file", id="too many bytes"),
    ],
)
def test_only_plain_files_are_read(tmp_path: Path, make: object, code: str) -> None:
    """Guarantees 22 and 35: nothing blocks, nothing endless is read, and each has its code."""
    path = tmp_path / "a.jpg"
    make(path)  # type: ignore[operator]  # one of the lambdas above
    with pytest.raises(ImageError) as caught:
        read_source(str(path), FileLimits(max_bytes=1000))
    assert caught.value.code == code
    assert str(tmp_path) not in str(caught.value), "records hold no machine paths"


def test_the_size_of_the_corpus() -> None:
    """Guarantee 12: over a thousand damaged files are tried."""
    assert len(FILES) * 30 >= 1000
    assert SIZE == (48, 40)
