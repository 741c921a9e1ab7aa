"""Tar archives, plain and packed: what is damaged is told of, whatever stands behind it; what is whole is taken."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command import dynres
from tests.storage.archives import JPEG, contents, listed, tar

SMALL = ("--image-size", "32", "--max-num", "2", "--kernel", "pillow", "-q")
PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".tar": bytes,
    ".tar.gz": gzip.compress,
    ".tar.bz2": bz2.compress,
    ".tar.xz": lzma.compress,
}
SEVEN = {f"{number}.jpg": JPEG for number in range(7)}
MEMBER = 512 + -(-len(JPEG) // 512) * 512
"""Bytes of a member with its head."""


def flipped(data: bytes, place: int) -> bytes:
    """The same with one bit turned."""
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize("damage", ["flipped", "cut"])
def test_a_damaged_head_ends_no_archive_in_silence(tmp_path: Path, suffix: str, damage: str) -> None:
    """The sixth head is unsound: five are tiled, the archive is a failure of its own, exit 3."""
    data = tar(tmp_path / "whole", SEVEN).read_bytes()
    unsound = flipped(data, 5 * MEMBER + 3) if damage == "flipped" else data[: 5 * MEMBER + 100]
    path = tmp_path / f"t{suffix}"
    path.write_bytes(PACKED[suffix](unsound))
    ran = dynres("tile", path, tmp_path / "out", "--json", *SMALL)
    assert (ran.status, ran.json["tiled"], ran.json["failed"]) == (3, 5, 1)
    (failed,) = listed(path)[1].failures
    assert failed.code == "unreadable"
    assert "what could not be listed is missing" in failed.message


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("end", ["whole", "padded", "no end blocks", "half an end block", "junk behind the end"])
@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_an_archive_may_end_in_many_ways(tmp_path: Path, form: int, end: str, suffix: str) -> None:
    """Every form of tar, with long names and accents, whatever stands behind its last member."""
    names = ["a.jpg", f"{'b' * 90}/{'c' * 95}.jpg", "é.jpg"]
    names += [] if form == tarfile.USTAR_FORMAT else [f"{'d' * 200}/{'e' * 200}.jpg"]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(JPEG)
            archive.addfile(info, io.BytesIO(JPEG))
        last = archive.offset
    data = buffer.getvalue()
    ends = {
        "whole": data,
        "padded": data + bytes(5000),
        "no end blocks": data[:last],
        "half an end block": data[: last + 100],
        "junk behind the end": data + b"junk" * 300,
    }
    path = tmp_path / f"t{suffix}"
    path.write_bytes(PACKED[suffix](ends[end]))
    items, found = listed(path)
    assert found.failures == []
    assert contents(items) == dict.fromkeys(names, JPEG)


def test_an_archive_of_nothing_is_no_damage(tmp_path: Path) -> None:
    """Two blocks of zeros are an archive of no member."""
    items, found = listed(tar(tmp_path / "t.tar", {}))
    assert (items, found.failures) == ([], [])
