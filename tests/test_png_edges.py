"""Where the short way for plain PNG has to step aside: for words meant for Pillow, limits of Pillow's, and memory."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from dynres_cli import decode as decode_module
from dynres_cli import jpeg, png
from dynres_cli.arena import Arena
from dynres_cli.decode import Means, decode
from dynres_cli.facts import FileLimits, Handling
from dynres_cli.geometry import Size
from dynres_cli.opening import Source
from dynres_cli.probe import probe_bytes
from dynres_cli.resample import Kernel
from tests.pictures import noise
from tests.test_png import Chunk, agrees, chunked, head, is_plain, outcome, picture

SIZE = Size(33, 21)
MEBIBYTE = bytes(1 << 20)


def _lines(size: Size, channels: int) -> bytes:
    lines = noise(size.width * channels + 1, size.height)[:, :, 0].copy()
    lines[:, 0] = np.arange(size.height) % 5
    return lines.tobytes()


def _between(before: list[Chunk], after: list[Chunk], channels: int = 3) -> bytes:
    """A plain picture with these chunks around its pixels."""
    pixels = (b"IDAT", zlib.compress(_lines(SIZE, channels)))
    return chunked([head(SIZE, channels), *before, pixels, *after, (b"IEND", b"")])


def _painted(places: int, *palettes: bytes) -> bytes:
    """A picture of as many different places, and the palettes that they may be in."""
    lines = noise(SIZE.width + 1, SIZE.height)[:, :, 0].astype(int) % places
    lines[0, 1:3], lines[:, 0] = (0, places - 1), 0
    lines = lines.astype(np.uint8)
    header = (b"IHDR", struct.pack(">2L5B", SIZE.width, SIZE.height, 8, 3, 0, 0, 0))
    chunks = [(b"PLTE", palette) for palette in palettes]
    return chunked([header, *chunks, (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b"")])


COLOURS = noise(16, 16).tobytes()


@pytest.mark.parametrize("handling", [Handling(), Handling(alpha="white"), Handling(depth16="scale")], ids=str)
@pytest.mark.parametrize(
    ("data", "plain"),
    [
        pytest.param(_painted(256, COLOURS), True, id="all colours"),
        pytest.param(_painted(1, COLOURS), True, id="one of them"),
        pytest.param(_painted(1, COLOURS[:3]), True, id="a palette of one"),
        pytest.param(_painted(200, COLOURS[:600]), True, id="a short palette"),
        pytest.param(_painted(201, COLOURS[:600]), False, id="a place beyond it"),
        pytest.param(_painted(256, COLOURS[:600]), False, id="many places beyond it"),
        pytest.param(_painted(100, COLOURS[:599]), False, id="two thirds of a colour"),
        pytest.param(_painted(256, COLOURS + b"abc"), False, id="a colour too many"),
        pytest.param(_painted(256, b""), False, id="no colours"),
        pytest.param(_painted(256), False, id="no palette"),
        pytest.param(_painted(256, COLOURS, COLOURS[::-1]), False, id="two palettes"),
    ],
)
def test_palettes_agree(data: bytes, plain: bool, handling: Handling) -> None:
    """A place is looked up where it is in the palette; what Pillow makes of any other is left to it."""
    assert is_plain(data, SIZE) is plain
    assert agrees(data, handling)


def _comments(word: bytes) -> list[Chunk]:
    packed = zlib.compress(b"yes")
    return [
        (b"tEXt", word),
        (b"tEXt", word + b"\0yes"),
        (b"zTXt", word + b"\0\0" + packed),
        (b"iTXt", word + b"\0\0\0\0\0yes"),
        (b"iTXt", word + b"\0\1\0\0\0" + packed),
    ]


@pytest.mark.parametrize("word", [b"interlace", b"bbox", b"transparency", b"interlaced", b"exif", b"default_image"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_comments_that_pillow_takes_for_its_own_notes_agree(word: bytes, channels: int) -> None:
    """Pillow notes comments where it notes whether a file is interlaced; of RGB with alpha it asks nothing more."""
    for comment in _comments(word):
        for data in (_between([comment], [], channels), _between([], [comment], channels)):
            assert agrees(data)
            assert agrees(data, Handling(alpha="white"))
            assert agrees(data, Handling(alpha=(1, 2, 3), on_truncated="tile"))


@pytest.mark.parametrize("packed", [b"k\0\0" + zlib.compress(MEBIBYTE), b"k\0\1\0\0\0" + zlib.compress(MEBIBYTE)])
def test_packed_text_counts_as_much_as_it_unpacks_to(packed: bytes) -> None:
    """64 MiB of it before the pixels are allowed; Pillow gives up on the file for one comment more behind them."""
    name = b"iTXt" if packed[2] else b"zTXt"
    assert agrees(_between([(name, packed)] * 64, []))
    assert agrees(_between([(name, packed)] * 64, [(b"tEXt", b"k\0one more")]))
    assert is_plain(_between([(name, packed)] * 3, [(b"tEXt", b"k\0one more")]), SIZE)


@pytest.mark.parametrize("first", range(256))
def test_every_head_of_a_stream_agrees(first: int) -> None:
    """Methods that there are not, windows from 256 bytes to what zlib does not know."""
    check = -(first << 8) % 31
    stream = bytes([first, check]) + zlib.compress(_lines(SIZE, 3))[2:]
    assert agrees(chunked([head(SIZE, 3), (b"IDAT", stream), (b"IEND", b"")]))


@pytest.mark.parametrize("portion", [1, 2, 3, 7, 1000])
def test_portions_of_any_length_give_the_same(portion: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream may be cut anywhere: within its head, its checksum, or a code."""
    monkeypatch.setattr(png, "PORTION", portion)
    monkeypatch.setattr(png, "BAND", 64)
    for channels in (1, 3, 4):
        data = picture(_lines(SIZE, channels), SIZE, channels)
        assert is_plain(data, SIZE)
        assert agrees(data)
        stream = zlib.compress(_lines(SIZE, channels))
        for odd in (stream[:-1], stream + b"x", stream[:-1] + b"?", stream[: len(stream) // 2], b""):
            assert not is_plain(chunked([head(SIZE, channels), (b"IDAT", odd), (b"IEND", b"")]), SIZE)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_widest_rows_are_left_to_pillow(channels: int) -> None:
    """It refuses the rows that no longer fit its counters, and one row of them is most of a picture."""
    width = (1 << 20) // channels
    for wide, plain in ((width, True), (width + 1, False)):
        size = Size(wide, 1)
        data = picture(bytes(1 + wide * channels), size, channels)
        assert is_plain(data, size) is plain
        assert agrees(data)


def _most(data: bytes, kernel: Kernel, handling: Handling, arena: Arena) -> int:
    """Bytes at the peak beside the file's own and what the arena has, of which none is given out but to the levels."""
    source = Source(data, "x.png")
    facts = probe_bytes(source, FileLimits())
    tracemalloc.start()
    try:
        decode(source, facts, handling, FileLimits(), Means(kernel, arena))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_file_that_packs_badly_is_not_held_again() -> None:
    """The inflater is given it portion by portion, and keeps nothing of what it has used."""
    size = Size(2000, 1500)
    data = picture(_lines(size, 4), size, 4, level=0)
    arena = Arena(4 * size.area)
    outcome(data, "numba")
    arena.empty((1,), np.uint8)
    arena.clear()
    assert _most(data, "numba", Handling(), arena) < 4 << 20 < len(data) // 2


def test_levels_that_are_dropped_again_make_room_for_pillows() -> None:
    """Alpha that shows through is seen at the end; what was made until then lies where Pillow's levels will."""
    size = Size(333, 101)
    lines = np.frombuffer(_lines(size, 4), np.uint8).reshape(size.height, -1).copy()
    lines[:, 0], lines[:, 4::4] = 0, 255
    lines[-1, -1] = 254
    arena = Arena(1 << 20)
    arena.empty((1,), np.uint8)
    for level, handling in ((254, Handling(alpha="white")), (254, Handling()), (255, Handling(alpha="white"))):
        lines[-1, -1] = level
        data = picture(lines.tobytes(), size, 4)
        arena.clear()
        source = Source(data, "x.png")
        means = Means("numba", arena)
        pixels = decode(source, probe_bytes(source, FileLimits()), handling, FileLimits(), means).pixels
        assert np.array_equal(pixels, outcome(data, "pillow", handling))
        arena.clear()
        assert np.may_share_memory(pixels, arena.empty(pixels.shape, np.uint8))


def _no_room(*_: object) -> None:
    raise MemoryError


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_memory_that_is_refused_is_told_as_pillow_tells_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The short ways step aside; a failure has a code, and no MemoryError reaches a caller of the library."""
    out = io.BytesIO()
    Image.fromarray(noise(33, 21)).save(out, kind)
    monkeypatch.setattr(png, "empty", _no_room)
    monkeypatch.setattr(jpeg, "empty", _no_room)
    assert agrees(out.getvalue())
    monkeypatch.setattr(decode_module, "empty", _no_room)
    assert outcome(out.getvalue(), "numba") == "out_of_memory"
