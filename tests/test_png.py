"""The short way for plain PNG gives Pillow's pixels and Pillow's outcome, on whole, odd and damaged files."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dynres_cli import decode, png
from dynres_cli.errors import ImageError
from dynres_cli.facts import FileLimits, Handling
from dynres_cli.formats import PNG_SIGNATURE
from dynres_cli.geometry import Size
from dynres_cli.opening import Source
from dynres_cli.probe import probe_bytes
from dynres_cli.resample import Kernel
from tests.files import battered
from tests.pictures import Pixels, noise

SAMPLES = Path(__file__).parents[1] / "samples"
COLOURS = {1: 0, 3: 2, 4: 6}
Chunk = tuple[bytes, bytes]


def chunked(chunks: Iterable[Chunk]) -> bytes:
    """A file of these chunks, with the right lengths and checksums."""
    bodies = (struct.pack(">L", len(body)) + name + body + _checksum(name + body) for name, body in chunks)
    return PNG_SIGNATURE + b"".join(bodies)


def _checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")


def head(size: Size, channels: int) -> Chunk:
    """The header of a plain picture."""
    return b"IHDR", struct.pack(">2L5B", size.width, size.height, 8, COLOURS[channels], 0, 0, 0)


def picture(lines: bytes, size: Size, channels: int, level: int = 6) -> bytes:
    """A plain file of filtered lines."""
    return chunked([head(size, channels), (b"IDAT", zlib.compress(lines, level)), (b"IEND", b"")])


def outcome(data: bytes, kernel: Kernel, handling: Handling | None = None) -> Pixels | str:
    """What becomes of a file: its levels, or the code of its failure."""
    try:
        source = Source(data, "x.png")
        facts = probe_bytes(source, FileLimits())
        return decode.decode(source, facts, handling or Handling(), FileLimits(), decode.Means(kernel)).pixels
    except ImageError as error:
        return error.code


def agrees(data: bytes, handling: Handling | None = None) -> bool:
    """Whether both ways end alike, in every level or in the same failure."""
    ours, pillows = outcome(data, "numba", handling), outcome(data, "pillow", handling)
    if isinstance(ours, str) or isinstance(pillows, str):
        return isinstance(ours, str) and ours == pillows
    return np.array_equal(ours, pillows)


def is_plain(data: bytes, size: Size, *, drops_alpha: bool = True) -> bool:
    """Whether a file takes the short way."""
    return png.decode_plain(data, size, drops_alpha=drops_alpha) is not None


@st.composite
def plain_files(draw: st.DrawFn) -> tuple[bytes, Size]:
    """Any size, kind and content, a filter of its own for every row, in pieces of any length."""
    size = draw(st.builds(Size, st.integers(1, 40), st.integers(1, 40)))
    channels = draw(st.sampled_from((1, 3, 4)))
    chance = np.random.default_rng(draw(st.integers(0, 999)))
    spread = draw(st.sampled_from((1, 4, 256)))
    lines = chance.integers(0, spread, (size.height, 1 + size.width * channels), np.uint8)
    lines[:, 0] = chance.choice(draw(st.lists(st.integers(0, 4), min_size=1, max_size=5)), size.height)
    stream = zlib.compress(lines.tobytes(), draw(st.integers(0, 9)), draw(st.integers(9, 15)))
    piece = draw(st.integers(1, len(stream)))
    pieces = [(b"IDAT", stream[at : at + piece]) for at in range(0, len(stream), piece)]
    return chunked([head(size, channels), *pieces, (b"IEND", b"")]), size


@given(plain_files())
@settings(max_examples=400, deadline=None)
def test_every_plain_file_takes_the_short_way_to_the_same_pixels(file: tuple[bytes, Size]) -> None:
    """Each filter beside each other one, in any order, over any bytes."""
    data, size = file
    assert is_plain(data, size)
    assert agrees(data)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", [Size(1, 1), Size(1, 700), Size(700, 1), Size(2, 3), Size(90_000, 2)], ids=str)
def test_extreme_sizes_agree(size: Size, channels: int) -> None:
    """Rows of one pixel, one row, and rows that are longer than a band."""
    for kind in range(5):
        lines = noise(size.width * channels + 1, size.height, kind)[:, :, 0].copy()
        lines[:, 0] = kind
        data = picture(lines.tobytes(), size, channels)
        assert is_plain(data, size)
        assert agrees(data)


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in sorted(SAMPLES.glob("*.png"))])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_real_pictures_agree(path: Path, mode: str) -> None:
    """The samples as any program would write them, in several bands."""
    out = io.BytesIO()
    Image.open(path).convert("RGB").resize((701, 503)).convert(mode).save(out, "PNG")
    assert is_plain(out.getvalue(), Size(701, 503))
    assert agrees(out.getvalue())


@pytest.mark.parametrize("handling", [Handling(alpha="drop"), Handling(alpha="white"), Handling(alpha=(10, 20, 30))])
@pytest.mark.parametrize("opaque", [True, False])
def test_alpha_is_dropped_or_seen_through(handling: Handling, opaque: bool) -> None:
    """What is put over a colour is left to Pillow, where anything shows through."""
    levels = np.dstack([noise(61, 47), np.full((47, 61), 255, np.uint8)])
    if not opaque:
        levels[40, 50, 3] = 254
    out = io.BytesIO()
    Image.fromarray(levels).save(out, "PNG")
    drops = handling.alpha == "drop"
    assert is_plain(out.getvalue(), Size(61, 47), drops_alpha=drops) is (opaque or drops)
    assert agrees(out.getvalue(), handling)


def _saved(mode: str = "RGB", text: str | None = None, **options: object) -> bytes:
    out, info = io.BytesIO(), PngInfo()
    if text is not None:
        info.add_text("Comment", text)
    Image.fromarray(noise(33, 21)).convert(mode).save(out, "PNG", pnginfo=info, **options)
    return out.getvalue()


PLAIN = _saved()
AT_PIXELS, AT_END = PLAIN.index(b"IDAT") - 4, PLAIN.index(b"IEND") - 4
TEXT = chunked([(b"tEXt", b"Comment\0a tail")])[8:]


def _with(chunk: Chunk, at: int) -> bytes:
    return PLAIN[:at] + chunked([chunk])[8:] + PLAIN[at:]


@pytest.mark.parametrize(
    ("data", "plain"),
    [
        pytest.param(PLAIN, True, id="plain"),
        pytest.param(_saved(text="x" * 1000), True, id="a comment"),
        pytest.param(_saved(dpi=(300, 300)), True, id="a resolution"),
        pytest.param(_saved(icc_profile=b"no profile"), True, id="a profile"),
        pytest.param(_with((b"tEXt", b"Comment\0late"), AT_END), True, id="text behind the pixels"),
        pytest.param(_with((b"tEXt", b""), AT_END), True, id="empty text behind the pixels"),
        pytest.param(_with((b"tIME", b"1234567"), AT_END), True, id="the time behind the pixels"),
        pytest.param(_with((b"zTXt", b"Comment\0\0damaged"), AT_END), False, id="damaged text behind the pixels"),
        pytest.param(_with((b"pHYs", b"short"), AT_END), False, id="a short resolution behind the pixels"),
        pytest.param(_with((b"tEXt", b"k\0" + b"x" * (2 << 20)), AT_END), False, id="much text"),
        pytest.param(_with((b"IDAT", b""), AT_END), True, id="an empty piece of pixels"),
        pytest.param(PLAIN[:AT_END] + chunked([(b"IDAT", b"")] * 90_000)[8:] + PLAIN[AT_END:], False, id="many pieces"),
        pytest.param(_with((b"IDAT", b"more"), AT_END), False, id="more pixels than there are"),
        pytest.param(PLAIN[:AT_END] + TEXT + PLAIN[AT_PIXELS:], False, id="pixels twice"),
        pytest.param(PLAIN + b"what follows", False, id="something behind the end"),
        pytest.param(PLAIN + PLAIN, False, id="two pictures"),
        pytest.param(PLAIN[:-12], False, id="no end"),
        pytest.param(PLAIN[:-4], False, id="an end without its checksum"),
        pytest.param(PLAIN[:AT_PIXELS] + PLAIN[AT_END:], False, id="no pixels"),
        pytest.param(_saved(transparency=(1, 2, 3)), False, id="a colour that is transparent"),
        pytest.param(_saved("L", transparency=7), False, id="a gray that is transparent"),
        pytest.param(_saved("P"), True, id="a palette"),
        pytest.param(_saved("P", transparency=7), False, id="a place that is transparent"),
        pytest.param(_saved("1"), False, id="one bit"),
        pytest.param(_saved("I;16"), False, id="16 bits"),
        pytest.param(_saved("LA"), False, id="gray with alpha"),
        pytest.param(_with((b"PLTE", b"\0\1\2"), AT_PIXELS), False, id="a palette beside RGB"),
        pytest.param(_with((b"acTL", struct.pack(">2L", 1, 0)), AT_PIXELS), False, id="an animation of one frame"),
        pytest.param(_saved(save_all=True, append_images=[Image.new("RGB", (33, 21))]), False, id="an animation"),
        pytest.param(PLAIN.replace(b"\x08\x02\0\0\0", b"\x08\x02\0\0\1"), False, id="a wrong checksum of the header"),
    ],
)
def test_odd_files_agree(data: bytes, plain: bool) -> None:
    """Whatever is not plain goes through Pillow, and whatever is plain ends alike."""
    assert is_plain(data, Size(33, 21)) is plain
    assert agrees(data)


def _lines(height: int = 21, width: int = 33, kind: int = 1) -> bytes:
    lines = noise(3 * width + 1, height)[:, :, 0].copy()
    lines[:, 0] = kind
    return lines.tobytes()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(picture(_lines(kind=5), Size(33, 21), 3), id="a filter that there is not"),
        pytest.param(picture(_lines()[:-1], Size(33, 21), 3), id="a byte too few"),
        pytest.param(picture(_lines() + b"\0", Size(33, 21), 3), id="a byte too many"),
        pytest.param(picture(_lines(height=20), Size(33, 21), 3), id="a row too few"),
        pytest.param(picture(_lines(height=22), Size(33, 21), 3), id="a row too many"),
        pytest.param(picture(b"", Size(33, 21), 3), id="nothing"),
        pytest.param(picture(_lines() + bytes(50_000_000), Size(33, 21), 3, 9), id="fifty megabytes too many"),
        pytest.param(
            chunked([head(Size(33, 21), 3), (b"IDAT", zlib.compress(_lines())[:-4]), (b"IEND", b"")]), id="no checksum"
        ),
        pytest.param(
            chunked([head(Size(33, 21), 3), (b"IDAT", zlib.compress(_lines())[:-1] + b"?"), (b"IEND", b"")]),
            id="a wrong checksum",
        ),
        pytest.param(
            chunked([head(Size(33, 21), 3), (b"IDAT", zlib.compress(_lines())[2:-4]), (b"IEND", b"")]), id="no head"
        ),
        pytest.param(
            chunked([head(Size(33, 21), 3), (b"IDAT", b"\x78\xbb" + zlib.compress(_lines())[2:]), (b"IEND", b"")]),
            id="a dictionary",
        ),
        pytest.param(
            chunked([head(Size(33, 21), 3), (b"IDAT", zlib.compress(_lines()) + b"x"), (b"IEND", b"")]),
            id="something behind the stream",
        ),
    ],
)
def test_odd_streams_are_left_to_pillow(data: bytes) -> None:
    """Right checksums around what is no plain picture's stream."""
    assert not is_plain(data, Size(33, 21))
    assert agrees(data)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("mended", [False, True], ids=["checksums as they were", "checksums put right"])
def test_damaged_files_agree(channels: int, mended: bool) -> None:
    """300 files a kind with flipped bits, overwritten, removed and repeated pieces, cut at any place."""
    size, chance = Size(24, 19), random.Random(channels)
    lines = noise(size.width * channels + 1, size.height)[:, :, 0].copy() % 8
    lines[:, 0] = np.arange(size.height) % 5
    stream = zlib.compress(lines.tobytes())
    for _ in range(300):
        if mended:
            chunks = [head(size, channels), (b"IDAT", battered(stream, chance, 60)), (b"IEND", b"")]
            data = chunked(chunks)
        else:
            data = battered(picture(lines.tobytes(), size, channels), chance, 60)
        assert agrees(data), data
