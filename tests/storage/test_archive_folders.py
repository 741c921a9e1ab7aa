"""The folders that an archive names beside its members: they are no pictures, and are not counted as any."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dynres_cli.operations.tiling import nothing_in
from tests.storage.archives import JPEG, contents, listed


@pytest.mark.parametrize("packing", ["tar", "gztar", "zip"])
def test_a_folder_that_is_named_like_a_picture_is_no_member(tmp_path: Path, packing: str) -> None:
    """What `tar cf` writes of whole folders gives what the folders give: the pictures in them."""
    for name in ("cats/a.jpg", "holiday.jpg/one.jpg"):
        (tmp_path / "in" / name).parent.mkdir(parents=True)
        (tmp_path / "in" / name).write_bytes(JPEG)
    archive = shutil.make_archive(str(tmp_path / "all"), packing, tmp_path / "in")
    items, found = listed(Path(archive))
    assert contents(items) == {"cats/a.jpg": JPEG, "holiday.jpg/one.jpg": JPEG}
    assert (found.skipped, found.failures) == ({}, [])


def test_a_folder_of_archives_says_how_they_are_given(tmp_path: Path) -> None:
    """The shards of a set lie in a folder, and its name alone gives nothing."""
    (tmp_path / "00000.tar").touch()
    items, found = listed(tmp_path)
    assert items == []
    assert "a table in a folder is not looked into, name it itself" in nothing_in(found.selection, found)
