"""The short way for plain JPEG gives Pillow's pixels and Pillow's outcome, on whole and on damaged files."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dynres_cli import decode, jpeg
from dynres_cli.errors import ImageError
from dynres_cli.facts import FileLimits, Handling
from dynres_cli.geometry import Size
from dynres_cli.opening import Source
from dynres_cli.picture import in_memory, opened_picture
from dynres_cli.probe import probe_bytes
from tests.files import battered, saved
from tests.pictures import Pixels, gradient, noise

SAMPLES = Path(__file__).parents[1] / "samples"


def written(picture: Image.Image, **options: object) -> bytes:
    """A picture as JPEG."""
    out = io.BytesIO()
    picture.save(out, "JPEG", **options)
    return out.getvalue()


def photograph() -> Image.Image:
    """A real picture with odd sides, so that the last blocks are cut."""
    return Image.open(SAMPLES / "astronaut.jpg").convert("RGB").resize((333, 251))


def outcome(data: bytes) -> Pixels | str:
    """What our decoder makes of a file: its levels, or the code of its failure."""
    try:
        source = Source(data, "x.jpg")
        return decode.decode(source, probe_bytes(source, FileLimits()), Handling()).pixels
    except ImageError as error:
        return error.code


def pillows(data: bytes) -> Pixels | None:
    """What Pillow alone makes of it: its levels, or None."""
    try:
        with opened_picture(in_memory(data), FileLimits()) as picture:
            picture.load()
            return np.asarray(picture.convert("RGB"))
    except ImageError:
        return None


def agrees(data: bytes) -> bool:
    """Whether both ways end alike, in every level or in a failure."""
    ours, theirs = outcome(data), pillows(data)
    if theirs is None:
        return isinstance(ours, str)
    return not isinstance(ours, str) and np.array_equal(ours, theirs)


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("quality", [10, 75, 100])
@pytest.mark.parametrize("size", [(333, 251), (1, 1), (16, 16), (17, 1), (1, 17)], ids=str)
def test_plain_files_take_the_short_way_to_the_same_pixels(
    subsampling: str, quality: int, progressive: bool, size: tuple[int, int]
) -> None:
    """Photograph, coarse noise in colour and in gray, every usual subsampling, sizes that end inside a block."""
    coarse = Image.fromarray(noise(40, 30)).resize(size, Image.Resampling.NEAREST)
    for picture in (photograph().resize(size), coarse, coarse.convert("L")):
        data = written(picture, quality=quality, subsampling=subsampling, progressive=progressive)
        short = jpeg.decode_plain(data, Size(*size))
        assert short is not None
        assert np.array_equal(short, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


@pytest.mark.parametrize("name", [path.name for path in sorted(SAMPLES.glob("*.jpg"))])
def test_real_photographs_agree(name: str) -> None:
    """The samples, with the metadata that they carry."""
    assert agrees((SAMPLES / name).read_bytes())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(written(photograph().convert("L")), id="gray"),
        pytest.param(written(photograph().convert("CMYK")), id="CMYK"),
        pytest.param(written(photograph(), keep_rgb=True), id="RGB without chroma"),
        pytest.param(written(photograph(), subsampling="4:1:1") + b"", id="4:2:0 by another name"),
        pytest.param(written(photograph()).replace(b"\xff\xc0", b"\xff\xc9", 1), id="arithmetic coding"),
        pytest.param(written(photograph())[:-2], id="no end marker"),
        pytest.param(written(photograph()) + b"what follows", id="something behind the end"),
        pytest.param(written(photograph()) * 2, id="two pictures"),
        pytest.param(b"\xff\xd8\xff" + written(photograph())[2:], id="a fill byte"),
        pytest.param(written(photograph(), restart_marker_blocks=2), id="restart markers"),
        pytest.param(written(photograph(), comment=b"x" * 60000), id="a long comment"),
    ],
)
def test_odd_files_agree(data: bytes) -> None:
    """Whatever is not plain goes through Pillow, and whatever is plain ends alike."""
    assert agrees(data)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": "4:4:4"}, {"restart_marker_blocks": 1}])
def test_damaged_files_agree(options: dict[str, object], mode: str) -> None:
    """300 files a kind with flipped bits, overwritten, removed and repeated pieces, cut at any place."""
    whole = written(photograph().resize((120, 90)).convert(mode), quality=80, **options)
    chance = random.Random(4)
    for _ in range(300):
        data = battered(whole, chance, 200, kept=200)
        assert agrees(data), data.hex()


KINDS = {
    "baseline": written(photograph()),
    "progressive": written(photograph(), progressive=True),
    "restart markers": written(photograph(), restart_marker_blocks=2),
    "gray": written(photograph().convert("L")),
    "CMYK": written(photograph().convert("CMYK")),
    "RGB without chroma": written(photograph(), keep_rgb=True),
    "two pictures": saved(photograph(), "MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))]),
}
"""Whole JPEGs, some of which only Pillow decodes."""


def taken(data: bytes) -> decode.Decoded:
    """The picture as a run takes it that asks for nothing."""
    source = Source(data)
    return decode.decode(source, probe_bytes(source, FileLimits()), Handling())


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_that_is_closed_by_an_end_marker_is_told(kind: str, share: float) -> None:
    """Guarantee 16: a repair tool's work has a grey tail, which Pillow takes for whole: so do we, with the flag."""
    whole = KINDS[kind]
    first = whole[: whole.index(b"\xff\xd9") + 2]
    start = first.index(b"\xff\xda") + 20
    cut = first[: start + int((len(first) - start) * share)] + b"\xff\xd9"
    by_pillow = pillows(cut)
    assert by_pillow is not None
    assert taken(cut).truncated
    assert np.array_equal(taken(cut).pixels, by_pillow)
    assert not taken(whole).truncated


def test_a_cut_before_a_restart_marker_is_told() -> None:
    """Guarantee 16: there libjpeg names the marker that it found instead."""
    whole = KINDS["restart markers"]
    cut = whole[: whole.rindex(b"\xff\xd4")] + b"\xff\xd9"
    assert taken(cut).truncated


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tail", [b"", bytes(5000), b"rubbish" * 1000, b"\xff\xd8\xff" + bytes(99)])
def test_a_whole_picture_with_something_behind_it_is_whole(kind: str, tail: bytes) -> None:
    """Phones write films, and tools their notes, behind the end marker."""
    assert agrees(KINDS[kind] + tail)
    assert not taken(KINDS[kind] + tail).truncated


@pytest.mark.parametrize("kind", ["baseline", "gray", "CMYK"])
def test_bytes_that_nobody_needs_cut_nothing(kind: str) -> None:
    """Rubbish before the end marker is no missing tail: the levels are all there."""
    data = KINDS[kind][:-2] + b"1234" + KINDS[kind][-2:]
    assert np.array_equal(taken(data).pixels, taken(KINDS[kind]).pixels)
    assert not taken(data).truncated


def test_a_damaged_file_never_takes_the_short_way_with_a_warning() -> None:
    """Bytes too many in the scan are something that libjpeg only warns of: the answer is None."""
    data = bytearray(written(Image.fromarray(gradient(200, 200))))
    data[-2:-2] = bytes(40)
    assert jpeg.decode_plain(bytes(data), Size(200, 200)) is None
