"""Archives as inputs: listed in key order, read in place, and trusted in nothing."""

from __future__ import annotations

import io
import random
import struct
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from dynres_cli.addresses import Address, parsed
from dynres_cli.containers import tars, zips
from dynres_cli.errors import ImageError, UsageError
from dynres_cli.facts import FileLimits
from dynres_cli.globs import Filter
from dynres_cli.opening import read_source
from dynres_cli.operations.tiling import item_from_anywhere
from dynres_cli.probe import probe
from tests.cli.command import dynres, tree
from tests.storage.archives import JPEG, LIMITS, PNG, code_of, contents, listed, packed_zip, replace_by, tar

GOOD = {"b.jpg": JPEG, "a/z.png": PNG, "a/y.jpg": JPEG, "a.jpg": JPEG, "notes.txt": b"no picture"}
IN_ORDER = ["a.jpg", "a/y.jpg", "a/z.png", "b.jpg"]


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip"])
def test_members_are_pictures_in_key_order(tmp_path: Path, suffix: str) -> None:
    """Whatever the archive's own order, the keys come in theirs, and each has its member's bytes."""
    path = tmp_path / f"all{suffix}"
    modes = {".tar": "w", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}
    packed_zip(path, GOOD) if suffix == ".zip" else tar(path, GOOD, modes.get(suffix, "w:gz"))
    items, found = listed(path)
    assert [item.key for item in items] == IN_ORDER
    assert contents(items) == {name: GOOD[name] for name in IN_ORDER}
    assert found.skipped == {"not_an_image_name": 1}
    assert (probe(items[0].path).width, probe(items[2].path).mode) == (48, "L")


def test_beside_others_an_archive_is_like_a_folder(tmp_path: Path) -> None:
    """Several inputs are kept apart by their names; globs and hidden names are a folder's."""
    first = tar(tmp_path / "x.tar", {**GOOD, ".git/c.jpg": JPEG})
    second = packed_zip(tmp_path / "w.zip", GOOD, zipfile.ZIP_STORED)
    items, _ = listed(first, second, filter=Filter(("*.jpg",), ("a",)))
    assert [item.key for item in items] == ["w.zip/a.jpg", "w.zip/b.jpg", "x.tar/a.jpg", "x.tar/b.jpg"]
    assert [item.key for item in listed(first, hidden=True)[0]] == [".git/c.jpg", *IN_ORDER]


def test_nothing_in_a_tar_leads_elsewhere(tmp_path: Path) -> None:
    """Absolute names, `..`, links, devices and pipes are counted; of two with one name the later one is taken.

    A hard link to what is not in the archive fails.
    """
    path = tmp_path / "bad.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("/etc/x.jpg", "../x.jpg", "a/../../x.jpg", "C:\\x.jpg", "twice.jpg", "./in/./x.jpg"):
            archive.addfile(_info(name, JPEG), io.BytesIO(JPEG))
        archive.addfile(_info("twice.jpg", PNG), io.BytesIO(PNG))
        for name, kind in {
            "l": tarfile.SYMTYPE,
            "h": tarfile.LNKTYPE,
            "d": tarfile.CHRTYPE,
            "p": tarfile.FIFOTYPE,
        }.items():
            info = tarfile.TarInfo(f"{name}.jpg")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        archive.addfile(_info("in/x.jpg/below.jpg", JPEG), io.BytesIO(JPEG))
    items, found = listed(path)
    astray = items.pop(0)
    assert (astray.key, code_of(astray)) == ("h.jpg", "unreadable")
    assert contents(items) == {"in/x.jpg": JPEG, "twice.jpg": PNG}
    assert found.skipped == Counter(unsafe_name=4, link_in_archive=1, special=2, duplicate=2)
    assert found.failures == []


def _info(name: str, data: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info


def test_an_archive_that_was_cut_gives_what_is_whole(tmp_path: Path) -> None:
    """What stands before the damage is taken, a member that is cut fails, and the archive itself is a failure."""
    path = tar(tmp_path / "cut.tar", {"a.jpg": JPEG, "b.jpg": JPEG, "c.jpg": JPEG})
    path.write_bytes(path.read_bytes()[: 3 * 512 + len(JPEG) + 100])
    items, found = listed(path)
    assert [item.key for item in items] == ["a.jpg", "b.jpg"]
    assert read_source(items[0].path, LIMITS).data == JPEG
    assert code_of(items[1]) == "truncated"
    assert [failed.code for failed in found.failures] == ["unreadable"]
    for name, data in {"x.zip": b"PK no zip", "x.tar": b"no tar" * 200, "x.tgz": b"\x1f\x8b\x08" + b"x" * 600}.items():
        (tmp_path / name).write_bytes(data)
        items, found = listed(tmp_path / name)
        assert (items, [failed.code for failed in found.failures]) == ([], ["unreadable"]), name


def test_bombs_are_stopped_by_what_they_announce_and_by_what_they_are(tmp_path: Path) -> None:
    """A member is never larger than --max-bytes, whatever the archive says of it."""
    honest = packed_zip(tmp_path / "honest.zip", {"a.png": bytes(1 << 20)})
    small = FileLimits(max_bytes=1 << 19)
    assert code_of(listed(honest)[0][0], small) == "too_large_file"
    lying = tmp_path / "lying.zip"
    data = honest.read_bytes()
    size = struct.pack("<L", 1 << 20)
    lying.write_bytes(data.replace(size, struct.pack("<L", 1000)))
    assert code_of(listed(lying)[0][0], small) == "corrupt"
    assert code_of(listed(tar(tmp_path / "a.tar", {"a.png": bytes(1 << 20)}))[0][0], small) == "too_large_file"


def test_an_archive_that_unpacks_without_end_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are packed already: what grows two hundredfold is none of them. Nor is a name of many megabytes one."""
    monkeypatch.setattr(tars, "ALWAYS_ALLOWED", 1 << 20)
    bomb = tar(tmp_path / "bomb.tgz", {"a.bin": bytes(1 << 24), "b.jpg": JPEG}, "w:gz")
    items, found = listed(bomb)
    assert items == []
    assert "unpacks to far more" in found.failures[0].message
    header = _info("././@LongLink", bytes(1 << 22))
    header.type = tarfile.GNUTYPE_LONGNAME
    (tmp_path / "name.tar").write_bytes(header.tobuf() + bytes(1 << 22))
    items, found = listed(tmp_path / "name.tar")
    assert (items, len(found.failures)) == ([], 1)


def test_a_list_of_members_beyond_measure_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guarantee 15 holds for the process that lists, too."""
    path = packed_zip(tmp_path / "many.zip", {f"{number:04}.jpg": JPEG for number in range(400)})
    assert len(listed(path)[0]) == 400
    monkeypatch.setattr(zips, "LARGEST_DIRECTORY", 10_000)
    items, found = listed(path)
    assert (items, "list of members" in found.failures[0].message) == ([], True)


def test_members_travel_to_other_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive is named by a path that holds in any folder; one that was unpacked here is refused beforehand."""
    monkeypatch.chdir(tmp_path)
    packed_zip(tmp_path / "a.zip", {"a.jpg": JPEG})
    tar(tmp_path / "b.tgz", {"b.jpg": JPEG}, "w:gz")
    (plain,), (unpacked,) = listed(Path("a.zip"))[0], listed(Path("b.tgz"))[0]
    there = item_from_anywhere(plain, many=True)
    monkeypatch.chdir("/")
    assert read_source(there.path, LIMITS).data == JPEG
    assert read_source(item_from_anywhere(unpacked, many=False).path, LIMITS).data == JPEG
    with pytest.raises(UsageError, match=r"b\.jpg: its archive is compressed"):
        item_from_anywhere(unpacked, many=True)


def test_a_member_that_packing_made_longer_has_its_own_size(tmp_path: Path) -> None:
    """What is held against --max-bytes is the picture, not what an archive makes of it."""
    data = random.Random(7).randbytes(3000)
    path = packed_zip(tmp_path / "a.zip", {"a.jpg": data})
    with zipfile.ZipFile(path) as archive:
        assert archive.infolist()[0].compress_size > len(data)
    item = listed(path)[0][0]
    assert read_source(item.path, FileLimits(max_bytes=len(data))).data == data
    assert code_of(item, FileLimits(max_bytes=len(data) - 1)) == "too_large_file"


def test_encrypted_and_oddly_packed_members_fail_by_name(tmp_path: Path) -> None:
    """They are found and counted; each one's failure says what to do."""
    path = packed_zip(tmp_path / "a.zip", {"a.jpg": JPEG, "b.jpg": JPEG})
    data = bytearray(path.read_bytes())
    first = data.index(b"PK\1\2")
    second = data.index(b"PK\1\2", first + 1)
    data[first + 8] |= 1
    data[second + 10] = 9
    path.write_bytes(data)
    items, _ = listed(path)
    assert [code_of(item) for item in items] == ["unreadable", "unreadable"]
    with pytest.raises(ImageError, match="encrypted"):
        read_source(items[0].path, LIMITS)


def test_a_member_is_held_against_its_checksum(tmp_path: Path) -> None:
    """A flipped bit in a stored member is noticed before a decoder sees it; a link in a zip is none of ours."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jpg", JPEG)
        link = zipfile.ZipInfo("l.jpg")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    data = bytearray(path.read_bytes())
    data[len(JPEG) // 2] ^= 1
    path.write_bytes(data)
    items, found = listed(path)
    assert [item.key for item in items] == ["a.jpg"]
    assert code_of(items[0]) == "corrupt"
    assert found.skipped == {"link_in_archive": 1}


def test_an_address_survives_its_way_through_text() -> None:
    """Whatever stands in a container's name; and no path of a disk is taken for an address."""
    for container in ("s3://b/ä;,//x y.tar", "/tmp/new\nline.tar", "C:\\x.tar"):
        for stamp in (7, -7):  # of a file from before 1970
            address = Address("tar", container, 5, stamp, (512,), ".jpg")
            assert parsed(str(address)) == address
    for path in ("a.jpg", "/x://y", "tar:/1,2;;x", "./tar://1,2;.jpg;x"):
        assert parsed(path) is None


def test_an_archive_gives_what_its_folder_gives(tmp_path: Path) -> None:
    """The command on a tar, a zip and the unpacked folder: the same bytes, also in the records; and it resumes."""
    small = ("--image-size", "32", "--max-num", "2", "--kernel", "pillow", "-q")
    folder = tmp_path / "in"
    for name, data in GOOD.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    archive = tar(tmp_path / "in.tgz", GOOD, "w:gz")
    assert dynres("tile", folder, tmp_path / "plain", *small).status == 0
    assert dynres("tile", archive, tmp_path / "packed", *small).status == 0
    assert tree(tmp_path / "packed") == tree(tmp_path / "plain")
    assert dynres("tile", archive, tmp_path / "packed", "--json", *small).json["skipped"] == 5


PAIR = {"a.bmp": b"1" * 999, "b.bmp": b"2" * 999}
TURNED = {"a.bmp": PAIR["b.bmp"], "b.bmp": PAIR["a.bmp"]}
"""The same names and sizes, and each picture in the other's place."""


@pytest.mark.parametrize("suffix", [".tar", ".zip"])
def test_guarantee_35_no_picture_is_read_from_an_archive_that_was_replaced(tmp_path: Path, suffix: str) -> None:
    """Where another picture of the same size lies now, the code is `changed`: by its header, too."""
    make = tar if suffix == ".tar" else packed_zip
    items, _ = listed(make(tmp_path / f"x{suffix}", PAIR))
    assert contents(items) == PAIR
    replace_by(make(tmp_path / "other", TURNED), tmp_path / f"x{suffix}")
    assert [code_of(item) for item in items] == ["changed", "changed"]
    with pytest.raises(ImageError, match="replaced after it was listed; run again"):
        probe(items[0].path)


def test_guarantee_35_an_archive_that_is_replaced_while_it_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused where the listing got to; of a packed one the copy stays what was listed."""
    monkeypatch.setattr(tars, "ARCHIVE_BLOCK", 512)
    path, other = tar(tmp_path / "x.tar", PAIR), tar(tmp_path / "other", TURNED)
    members = tars.members(str(path))
    assert next(members).name == "a.bmp"
    replace_by(other, path)
    with pytest.raises(ImageError, match="replaced"):
        list(members)
    packed = tar(tmp_path / "x.tgz", PAIR, "w:gz")
    items, _ = listed(packed)
    replace_by(tar(tmp_path / "other", TURNED, "w:gz"), packed)
    assert contents(items) == PAIR


def test_what_is_packed_once_is_no_bomb() -> None:
    """The guard of packed archives counts what comes out, and looks back one byte, as tarfile asks for it."""
    feed = tars.Forward(io.BytesIO(b"abcdef"), 100)
    assert (feed.read(3), feed.tell()) == (b"abc", 3)
    feed.seek(2)
    assert (feed.read(2), feed.tell()) == (b"cd", 4)
