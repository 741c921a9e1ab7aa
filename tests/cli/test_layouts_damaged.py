"""Shards that were damaged after the run: `verify` finds it, and the same command mends it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.shards import CUT, SMALL, content, here, layouts


@pytest.mark.parametrize(
    "damage",
    ["cut otherwise", "flip", "cut", "lose", "lose the index", "flip the index", "stranger"],
    ids=lambda name: name,
)
@pytest.mark.parametrize("layout", layouts())
def test_verify_finds_what_is_wrong_with_a_shard_and_a_run_mends_it(
    finished: Path, tmp_path: Path, layout: str, damage: str
) -> None:
    """One byte, a shorter file, a missing one, one that is nobody's; then the same command makes it whole again.

    It leaves what is nobody's to whoever put it there.
    """
    out = shutil.copytree(finished / layout, tmp_path / "out")
    suffix = {"packed": "npy", "webdataset": "tar", "parquet": "parquet"}[layout]
    shard, index = out / f"shard-00001.{suffix}", out / "shard-00001.index.json"
    data, told = bytearray(shard.read_bytes()), index.read_text()
    data[len(data) // 2] ^= 1
    match damage:
        case "flip":
            shard.write_bytes(data)
        case "cut":
            shard.write_bytes(data[:-700])
        case "lose":
            shard.unlink()
        case "lose the index":
            index.unlink()
        case "flip the index":
            index.write_text(told.replace('"tokens": ', '"tokens": 1', 1))
        case "cut otherwise":
            manifest_file = out / "manifest.json"
            manifest_file.write_text(manifest_file.read_text().replace('"shard_tiles": 9', '"shard_tiles": 8'))
        case _:
            (out / f"shard-00099.{suffix}").write_bytes(b"?")
    ran = here("verify", out, "--json")
    assert ran.status == 3
    problems = {(finding["path"], finding["problem"]) for finding in ran.json["findings"]}
    wanted = {
        "cut otherwise": (index.name, "manifest"),
        "flip": (shard.name, "sha256"),
        "cut": (shard.name, "size"),
        "lose": (shard.name, "missing"),
        "lose the index": (index.name, "missing"),
        "flip the index": (index.name, "manifest"),
        "stranger": ("shard-00099.index.json", "missing"),
    }[damage]
    assert wanted in problems
    if damage != "stranger" and not damage.startswith(
        "flip"
    ):  # a run looks at sizes and believes records, as in a tree
        arguments = ("tile", finished / "in", finished / "more", out, "--layout", layout, *CUT, *SMALL)
        assert here(*arguments).status == 3
        assert content(out) == content(finished / layout)


@pytest.mark.parametrize("numbers", [None, b"\x93NUMPY", b"other"], ids=["lost", "cut short", "others"])
def test_a_packed_shard_gets_its_index_as_numbers_again(finished: Path, tmp_path: Path, numbers: bytes | None) -> None:
    """Readers that know no JSON need it; it follows from the other index, so that the shard itself stays as it is."""
    out = shutil.copytree(finished / "packed", tmp_path / "out")
    path, shard = out / "shard-00001.index.npy", out / "shard-00001.npy"
    before = shard.stat()
    path.unlink()
    if numbers is not None:
        path.write_bytes(numbers)
    ran = here("tile", finished / "in", finished / "more", out, "--layout", "packed", *CUT, *SMALL, "--json")
    assert (ran.status, ran.json["tiled"], ran.json["skipped"]) == (3, 0, 9)
    assert content(out) == content(finished / "packed")
    assert (shard.stat().st_ino, shard.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
