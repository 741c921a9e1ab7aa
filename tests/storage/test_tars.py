"""Tar archives, plain and packed: what is damaged is told of, whatever stands behind it; what is whole is taken."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import resource
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dynres_cli.errors import RunError
from tests.cli.command import dynres, tree
from tests.storage.archives import JPEG, PNG, code_of, contents, listed, packed_zip, tar

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


@pytest.mark.parametrize("suffix", PACKED)
def test_behind_a_file_with_holes_the_archive_goes_on(tmp_path: Path, suffix: str) -> None:
    """The old form of GNU tar: the head tells the size with the holes, behind it stand the bytes without them."""
    head = tarfile.TarInfo("holes.jpg")
    head.type, head.size = tarfile.GNUTYPE_SPARSE, 512
    block = bytearray(head.tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"%011o\0%011o\0" % (0, 512)
    block[483:495] = b"%011o\0" % (1 << 20)
    block[148:156] = b"%06o\0 " % tarfile.calc_chksums(block)[0]  # type: ignore[attr-defined]
    rest = tar(tmp_path / "rest", {"a.jpg": JPEG}).read_bytes()
    path = tmp_path / f"t{suffix}"
    path.write_bytes(PACKED[suffix](bytes(block) + bytes(512) + rest))
    items, found = listed(path)
    assert (found.failures, found.skipped) == ([], {"special": 1})
    assert contents(items) == {"a.jpg": JPEG}


def test_an_archive_of_nothing_is_no_damage(tmp_path: Path) -> None:
    """Two blocks of zeros are an archive of no member."""
    items, found = listed(tar(tmp_path / "t.tar", {}))
    assert (items, found.failures) == ([], [])


def linked(path: Path, entries: list[tuple[str, bytes | str]], kind: bytes = tarfile.LNKTYPE) -> Path:
    """An archive of files, given by their bytes, and of links, given by what they name."""
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, what in entries:
            info = tarfile.TarInfo(name)
            if isinstance(what, str):
                info.type, info.linkname = kind, what
                archive.addfile(info)
            else:
                info.size = len(what)
                archive.addfile(info, io.BytesIO(what))
    return path


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_hard_link_is_the_picture_that_it_names(tmp_path: Path, suffix: str) -> None:
    """`tar` writes one for every further name of a file, also where it is given a file twice; links of links count."""
    entries: list[tuple[str, bytes | str]] = [
        ("./z.jpg", JPEG),
        ("./a.png", PNG),
        ("./b.JPEG", "./z.jpg"),
        ("./c/d.jpg", "./b.JPEG"),
        ("./a.png", "./a.png"),
    ]
    items, found = listed(linked(tmp_path / f"t{suffix}", entries))
    assert contents(items) == {"a.png": PNG, "b.JPEG": JPEG, "c/d.jpg": JPEG, "z.jpg": JPEG}
    assert (found.failures, found.skipped) == ([], {"duplicate": 1})


def test_hard_links_of_files_are_tiled_as_their_folder_is(tmp_path: Path) -> None:
    """What GNU tar and Python make of a folder with two names of one file: the same output as of the folder."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(JPEG)
    (tmp_path / "in" / "b.jpg").hardlink_to(tmp_path / "in" / "a.jpg")
    with tarfile.open(tmp_path / "in.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "in", ".")
        assert [info.islnk() for info in archive.getmembers()].count(True) == 1
    for name in ("in", "in.tar.gz"):
        assert dynres("tile", tmp_path / name, tmp_path / f"out-{name}", *SMALL).status == 0
    assert tree(tmp_path / "out-in") == tree(tmp_path / "out-in.tar.gz")


@pytest.mark.parametrize(("suffix", "code"), [(".tar", None), (".tar.gz", "unreadable")])
def test_a_hard_link_to_no_pictures_name(tmp_path: Path, suffix: str, code: str | None) -> None:
    """Its bytes are there in a plain archive; of a packed one only pictures are unpacked, so that it fails by name."""
    path = linked(tmp_path / f"t{suffix}", [("blob", JPEG), ("a.jpg", "blob"), ("b.jpg", PNG)])
    items, found = listed(path)
    assert [item.key for item in items] == ["a.jpg", "b.jpg"]
    assert contents(items[1:]) == {"b.jpg": PNG}
    assert contents(items[:1]) == {"a.jpg": JPEG} if code is None else code_of(items[0]) == code
    assert found.skipped == {"not_an_image_name": 1}


def test_a_hard_link_is_never_lost(tmp_path: Path) -> None:
    """One whose member stands behind it or nowhere fails; one to a link or a pipe is counted as that is."""
    items, found = listed(linked(tmp_path / "t.tar", [("a.jpg", "z.jpg"), ("b.jpg", "../../x.jpg"), ("z.jpg", JPEG)]))
    assert [item.key for item in items] == ["a.jpg", "b.jpg", "z.jpg"]
    assert [code_of(item) for item in items[:2]] == ["unreadable", "unreadable"]
    with tarfile.open(tmp_path / "s.tar", "w") as archive:
        for name, kind in {"s": tarfile.SYMTYPE, "p": tarfile.FIFOTYPE}.items():
            info = tarfile.TarInfo(f"{name}.jpg")
            info.type, info.linkname = kind, "x.jpg"
            archive.addfile(info)
            again = tarfile.TarInfo(f"{name}-again.jpg")
            again.type, again.linkname = tarfile.LNKTYPE, info.name
            archive.addfile(again)
    items, found = listed(tmp_path / "s.tar")
    assert (items, found.skipped) == ([], {"link_in_archive": 2, "special": 2})


def test_links_in_an_archive_are_not_said_to_be_followed_by_an_option(tmp_path: Path) -> None:
    """-L is for links of folders."""
    path = linked(tmp_path / "t.tar", [("a.jpg", JPEG), ("b.jpg", "a.jpg")], tarfile.SYMTYPE)
    ran = dynres("tile", path, tmp_path / "out", *SMALL[:-1])
    assert ("link_in_archive 1" in ran.err, "-L" in ran.err) == (True, False)
    nothing = dynres("tile", linked(path, [("b.jpg", "a.jpg")], tarfile.SYMTYPE), tmp_path / "none", *SMALL)
    assert ("link_in_archive 1" in nothing.err, "-L" in nothing.err) == (True, False)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".zip"])
def test_a_failure_is_tried_again_where_the_archive_was_replaced(tmp_path: Path, suffix: str) -> None:
    """A good archive of the same age, as `cp -p` makes it, came after the record; nothing is read again before."""

    def put(data: bytes) -> Path:
        path = tmp_path / f"t{suffix}"
        members = {"a.jpg": JPEG, "b.jpg": data}
        packed_zip(path, members) if suffix == ".zip" else tar(path, members, "w:gz" if suffix == ".tar.gz" else "w")
        os.utime(path, ns=(10**18, 10**18))
        return path

    def run() -> tuple[int, int]:
        status = dynres("tile", tmp_path / f"t{suffix}", tmp_path / "out", *SMALL).status
        return status, (tmp_path / "out" / "b.jpg" / "grid.json").stat().st_ctime_ns

    put(JPEG[:40] + bytes(len(JPEG) - 40))
    first = run()
    assert (first[0], run()) == (3, first)
    put(JPEG)
    assert run()[0] == 0


def test_no_room_to_unpack_is_not_the_archives_fault(tmp_path: Path) -> None:
    """What is missing then is missing for want of room: the run ends, and says where."""
    path = tar(tmp_path / "a.tar.gz", {"a.jpg": JPEG}, "w:gz")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(RunError, match="where pictures of packed archives are unpacked: a file would grow"):
            listed(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert contents(listed(path)[0]) == {"a.jpg": JPEG}
