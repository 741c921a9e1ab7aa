"""What several files of tests start from: two pictures in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.files import picture_at
from tests.pictures import noise
from tests.shards import CUT, marked, pictures, tiled


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, one of them in a subfolder, and a note."""
    picture_at(tmp_path / "in" / "b.jpg")
    picture_at(tmp_path / "in" / "a" / "z.png", 100, 100)
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    return tmp_path / "in"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures in `in` and `more`, their tree in `tree`; each layout's output is made by the test that needs it."""
    folder = tmp_path_factory.mktemp("layouts")
    pictures(folder / "in")
    (folder / "more").mkdir()
    Image.fromarray(noise(50, 28, 9)).save(folder / "more" / "one.png")
    tiled(folder / "tree", folder / "in", folder / "more")
    for layout, marks in marked():
        if not marks:
            tiled(folder / layout, folder / "in", folder / "more", "--layout", layout, *CUT)
    return folder
