"""Archives for the tests of containers: made, listed, read and replaced."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from dynres_cli.errors import ImageError
from dynres_cli.facts import FileLimits
from dynres_cli.items import Item
from dynres_cli.opening import read_source
from dynres_cli.source import Listing, Selection, listing
from tests.files import picture, saved

LIMITS = FileLimits()
JPEG, PNG = saved(picture(), "JPEG"), saved(picture("L"), "PNG")


def tar(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    """A tar archive of these members."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def packed_zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip archive of these members."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def listed(*inputs: Path, **rules: object) -> tuple[list[Item], Listing]:
    """What is found, and the account of the rest."""
    found = listing(Selection(tuple(map(str, inputs)), **rules))  # type: ignore[arg-type]
    return list(found), found


def contents(items: list[Item]) -> dict[str, bytes]:
    """Every item's bytes by its key."""
    return {item.key: read_source(item.path, LIMITS).data for item in items}


def code_of(item: Item, limits: FileLimits = LIMITS) -> str:
    """The code by which reading an item fails."""
    with pytest.raises(ImageError) as caught:
        read_source(item.path, limits)
    return caught.value.code


def replace_by(other: Path, path: Path) -> None:
    """Put a file in another one's place, as `mv` does; it is of another time."""
    os.utime(other, (1, 1))
    other.replace(path)
