"""A picture may be given as a path, an open file or an array, and comes out the same."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from PIL import Image

import dynres_cli
from tests.pictures import noise

SAMPLES = Path(__file__).parents[1] / "samples"


def in_a_stream(path: Path) -> IO[bytes]:
    """A picture in a tar that is read from its beginning to its end, as WebDataset reads them."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        tar.add(path, "a.jpg")
    whole.seek(0)
    tar = tarfile.open(fileobj=whole, mode="r|")  # noqa: SIM115 - its member is read later
    found = tar.extractfile(next(iter(tar)))
    assert found is not None
    return found


class Slow(io.RawIOBase):
    """What a network gives: a thousand bytes at a time, once."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def read(self, size: int = -1, /) -> bytes:
        return self._content.read(min(size, 1000) if size > 0 else 1000)


@pytest.mark.parametrize("name", ["chelsea.png", "portrait-exif.jpg"])
def test_an_open_file_gives_what_its_path_gives(name: str) -> None:
    """From its beginning, wherever it was read to; what cannot be wound back, to its end."""
    path = SAMPLES / name
    expected = dynres_cli.load_image(path, max_num=1)
    with path.open("rb") as file:
        file.read(100)
        assert np.array_equal(dynres_cli.load_image(file, max_num=1), expected)
        assert not file.closed
    slow: Any = Slow(path.read_bytes())
    for given in (io.BytesIO(path.read_bytes()), slow, in_a_stream(path)):
        assert np.array_equal(dynres_cli.load_image(given, max_num=1), expected)


@pytest.mark.parametrize(
    ("preset", "level"),
    [pytest.param("idefics3-8b", 255, id="over white"), pytest.param("internvl2", 10, id="dropped")],
)
def test_content_is_opened_by_the_presets_own_rules(preset: str, level: int) -> None:
    """What is transparent, for one; `convert("RGB")` of one's own would be wrong for some presets."""
    file = io.BytesIO()
    Image.new("RGBA", (20, 20), (10, 10, 10, 0)).save(file, "PNG")
    assert (dynres_cli.tile_image(file, preset)[0] == level).all()


@pytest.mark.parametrize(
    ("given", "error", "reason"),
    [
        pytest.param(io.BytesIO(), dynres_cli.ImageError, "the BytesIO: the file has no bytes", id="empty"),
        pytest.param(
            io.BytesIO(b"text"), dynres_cli.ImageError, "no picture of a known format; read it in", id="no picture"
        ),
        pytest.param(
            io.StringIO("text"), dynres_cli.UsageError, "gives str and no bytes; open it with mode", id="text"
        ),
        pytest.param(bytearray(b"a.png"), dynres_cli.UsageError, r"a file object such as io\.BytesIO", id="bytearray"),
        pytest.param("s3://bucket/a.jpg", dynres_cli.UsageError, "a file object, as fsspec.open", id="a URL"),
        pytest.param(
            (SAMPLES / "chelsea.png").read_bytes(), dynres_cli.UsageError, r"\(PNG\) and no path; give io", id="content"
        ),
    ],
)
def test_what_cannot_be_read_is_told(given: Any, error: type[dynres_cli.DynresError], reason: str) -> None:  # noqa: ANN401 - that is the test
    """A file without a picture is that picture's failure, anything else is the caller's."""
    with pytest.raises(error, match=reason):
        dynres_cli.load_image(given)


def test_a_closed_file_is_told() -> None:
    """Not as a ValueError from inside."""
    closed: IO[bytes] = io.BytesIO(b"content")
    closed.close()
    with pytest.raises(dynres_cli.ImageError, match="cannot be read: I/O operation on closed file") as caught:
        dynres_cli.load_image(closed)
    assert caught.value.code == "unreadable"


@pytest.mark.parametrize("turn", [np.asfortranarray, lambda pixels: pixels[::-1, ::-1][::-1, ::-1]])
def test_the_order_of_an_arrays_memory_changes_nothing(turn: Any) -> None:  # noqa: ANN401 - a function of arrays
    """Columns first, or read backwards."""
    pixels = noise(300, 200)
    assert np.array_equal(dynres_cli.load_image(turn(pixels), max_num=2), dynres_cli.load_image(pixels, max_num=2))
