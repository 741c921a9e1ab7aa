"""A store on loopback with two buckets, and a folder to be uploaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.files import picture_at
from tests.storage.stores import Store, running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One server for all tests of a file."""
    with running(tmp_path_factory.mktemp("store")) as store:
        store.bucket("photos")
        store.bucket("tiles")
        yield store


@pytest.fixture
def store(shared: Store) -> Store:
    """The server without faults, and with nothing counted."""
    shared.works()
    shared.counted()
    return shared


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five pictures in two folders, a broken one, a note and a hidden file."""
    for name in ("b.jpg", "a/z.png", "a/y.jpg", "c.jpg", "a.jpg"):
        picture_at(tmp_path / "in" / name)
    (tmp_path / "in" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    (tmp_path / "in" / ".hidden.jpg").write_bytes(b"")
    return tmp_path / "in"
