"""The sample pictures are what their table says, and may be given away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

SAMPLES = Path(__file__).parent.parent / "samples"
LICENCES = {"public domain", "CC0"}
ORIENTATION = 0x0112
MEGABYTES_AT_MOST = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table in samples/README.md."""

    file: str
    size: tuple[int, int]
    source: str
    author: str
    licence: str


def read_row(line: str) -> Row:
    """The cells of one line of the table."""
    file, _, size, source, author, licence = (cell.strip() for cell in line.strip("|").split("|"))
    width, height = size.split(" × ")
    return Row(file.strip("`"), (int(width), int(height)), source, author, licence)


ROWS = [read_row(line) for line in (SAMPLES / "README.md").read_text("utf-8").splitlines() if line.startswith("| `")]


def test_every_picture_is_in_the_table() -> None:
    """No sample without its source, and no line without its sample; at least eight of them."""
    pictures = {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*") if path.is_file()} - {"README.md"}
    assert pictures == {row.file for row in ROWS}
    assert len(pictures) >= 8


def test_the_samples_are_small() -> None:
    """A clone should not pay for them: three megabytes in all."""
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) <= MEGABYTES_AT_MOST * 1_000_000


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.file)
def test_picture_is_as_stated(row: Row) -> None:
    """It decodes, has the size in the table, and comes with a source, an author and a free licence."""
    with Image.open(SAMPLES / row.file) as picture:
        picture.load()
        assert picture.size == row.size
    assert row.source
    assert row.author
    assert row.licence in LICENCES


@pytest.mark.parametrize(
    ("file", "mode"),
    [
        pytest.param("page.png", "L", id="the page is grey"),
        pytest.param("screenshot.png", "P", id="the screenshot has a palette"),
        pytest.param("transparent.png", "RGBA", id="the cut-out has an alpha channel"),
    ],
)
def test_modes_that_need_converting_are_present(file: str, mode: str) -> None:
    """RGB is not all that users have: grey, palette and alpha are among the samples."""
    with Image.open(SAMPLES / file) as picture:
        assert picture.mode == mode


def test_the_portrait_lies_on_its_side() -> None:
    """One sample carries EXIF orientation 6 and is stored wider than high."""
    with Image.open(SAMPLES / "portrait-exif.jpg") as picture:
        assert picture.getexif()[ORIENTATION] == 6
        assert picture.width > picture.height


def test_shapes_are_varied() -> None:
    """A panorama and a tall page are there to make wide and tall grids."""
    shapes = [row.size[0] / row.size[1] for row in ROWS]
    assert max(shapes) >= 4
    assert min(shapes) < 0.25
