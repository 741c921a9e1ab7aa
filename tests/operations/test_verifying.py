"""What `verify` finds: any change of any file, by its path."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dynres_cli.errors import RunError
from dynres_cli.names import MANIFEST
from dynres_cli.operations.rerendering import Sources
from dynres_cli.operations.verifying import Account, Check, verify
from dynres_cli.source import Selection
from tests.operations.outputs import edit, record, rewrite

TILE = "a/wide.png/tile_r0_c0.png"
TENSOR = "a/wide.png/pixel_values.npy"


def quiet(_done: int, _total: int) -> None:
    """No progress is shown."""


def found(out: Path, check: Check | None = None) -> dict[str, str]:
    """Every finding by its path."""
    return {each.path: each.problem for each in verify(str(out), Account(), check or Check(quiet))}


def test_a_fresh_output_has_no_finding(finished: Path) -> None:
    """5 records with 19 files between them, all as the manifest says."""
    account = Account()
    assert list(verify(str(finished), account, Check(quiet))) == []
    files = sum(len(record(finished, key).get("files", ())) for key in ("a/wide.png", "a/square.jpg", "tall.jpg"))
    files += len(record(finished, "z.bmp")["files"])
    assert (account.files, account.ok, account.images) == (files, files, 5)


def test_guarantee_39_one_flipped_byte_in_any_file_is_found(out: Path) -> None:
    """Each file in turn, three places in each: the finding names that very file."""
    for path in sorted(path for path in out.rglob("*") if path.is_file() and ".dynres" not in path.parts):
        whole = path.read_bytes()
        name = path.relative_to(out).as_posix()
        for place in (len(whole) // 3, len(whole) // 2, len(whole) - 2):
            flipped = bytearray(whole)
            flipped[place] ^= 1
            path.write_bytes(flipped)
            assert name in found(out), (name, place)
        path.write_bytes(whole)
    assert found(out) == {}


def test_a_flip_anywhere_in_the_manifests_head_is_found(out: Path) -> None:
    """All counts, options and digests of the head are counted again; only the version's own digits can not be."""
    path = out / MANIFEST
    whole = path.read_bytes()
    start, end = whole.index(b'"algorithm"'), whole.index(b"\n")
    for place in range(start, end, 7):
        flipped = bytearray(whole)
        flipped[place] ^= 2
        path.write_bytes(flipped)
        assert found(out).get(MANIFEST) == "manifest", whole[place - 20 : place + 20]


@pytest.mark.parametrize(
    ("damage", "path", "problem"),
    [
        pytest.param(lambda out: (out / TILE).unlink(), TILE, "missing", id="a file is gone"),
        pytest.param(lambda out: os.truncate(out / TILE, 20), TILE, "size", id="a file is cut"),
        pytest.param(lambda out: (out / "a/wide.png/x").touch(), "a/wide.png/x", "extra", id="a stranger in a folder"),
        pytest.param(lambda out: (out / "x.txt").touch(), "x.txt", "extra", id="a stranger on top"),
        pytest.param(
            lambda out: (out / ".dynres-tmp-1-00000000").touch(), ".dynres-tmp-1-00000000", "extra", id="a leftover"
        ),
        pytest.param(
            lambda out: (out / "z.bmp/grid.json").unlink(), "z.bmp/grid.json", "missing", id="a record is gone"
        ),
        pytest.param(
            lambda out: os.truncate(out / "z.bmp/grid.json", 30), "z.bmp/grid.json", "manifest", id="a record is cut"
        ),
        pytest.param(lambda out: os.truncate(out / MANIFEST, 3000), MANIFEST, "manifest", id="the manifest is cut"),
        pytest.param(lambda out: os.truncate(out / MANIFEST, 100), MANIFEST, "manifest", id="cut in its head"),
        pytest.param(lambda out: edit(out, "]}\n", "]}\n\n"), MANIFEST, "manifest", id="a line behind its end"),
    ],
)
def test_damage_is_named(out: Path, damage: object, path: str, problem: str) -> None:
    """Each kind of damage has its word, and nothing else is complained of beside it but what follows from it."""
    assert callable(damage)
    damage(out)
    assert found(out).get(path) == problem


def test_a_link_in_a_files_place_is_not_followed(out: Path, tmp_path: Path) -> None:
    """Even where it leads to the very same bytes."""
    (out / TILE).rename(tmp_path / "elsewhere.png")
    (out / TILE).symlink_to(tmp_path / "elsewhere.png")
    assert found(out) == {TILE: "unsafe_path"}


def test_leftovers_of_another_run_are_extra_file_by_file(out: Path) -> None:
    """A picture that the manifest does not list any more."""
    whole = (out / MANIFEST).read_text("utf-8")
    lines = [line for line in whole.splitlines(keepends=True) if not line.startswith('{"key": "a/square.jpg"')]
    (out / MANIFEST).write_text("".join(lines), "utf-8")
    said = found(out)
    assert said.pop(MANIFEST) == "manifest"
    assert said == {path.relative_to(out).as_posix(): "extra" for path in (out / "a/square.jpg").iterdir()}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"shape": [1, 3, 28, 28]}, "shape", id="another shape"),
        pytest.param({"dtype": "uint8"}, "dtype", id="another type"),
    ],
)
def test_a_record_that_misstates_its_tensor_is_found(out: Path, changes: dict[str, object], problem: str) -> None:
    """Size and digest are right; only the header of the .npy tells."""
    files = record(out, "a/wide.png")["files"]
    rewrite(out, "a/wide.png", files=[{**each, **changes} if each["kind"] == "tensor" else each for each in files])
    assert found(out) == {TENSOR: problem}


def test_pixels_are_held_against_their_own_digest(out: Path) -> None:
    """A PNG with other pixels whose size and digest were put into the records after it."""
    files = record(out, "z.bmp")["files"]
    other = [{**each, "pixels_sha256": "0" * 64} if each.get("view") == 0 else each for each in files]
    rewrite(out, "z.bmp", files=other)
    assert found(out) == {files[0]["path"]: "pixels"}


def test_guarantee_24_an_object_array_is_refused_and_never_executed(out: Path, tmp_path: Path) -> None:
    """A pickle that would write a marker lies in the tensor's place."""
    marker = tmp_path / "executed"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return os.mkdir, (str(marker),)

    planted = io.BytesIO()
    np.save(planted, np.array([Trap()], object), allow_pickle=True)
    (out / TENSOR).write_bytes(planted.getvalue())
    assert found(out) == {TENSOR: "dtype"}
    (out / TENSOR).write_bytes(pickle.dumps(Trap()))
    assert found(out) == {TENSOR: "size"}
    assert not marker.exists()


def test_plain_pillow_makes_the_same_pixels(finished: Path, source: Path) -> None:
    """Every view and every value of the 4 pictures, from their files again."""
    assert found(finished, Check(quiet, Sources(Selection((str(source),)), None))) == {}


def test_another_source_is_told_from_other_pixels(out: Path, tmp_path: Path) -> None:
    """A changed picture is `sha256`, a lost one `missing`; both by the name that they were tiled under."""
    other = tmp_path / "in"
    other.mkdir()
    Image.new("RGB", (33, 20)).save(other / "z.bmp")
    said = found(out, Check(quiet, Sources(Selection((str(other),)), None)))
    assert said == {"a/square.jpg": "missing", "a/wide.png": "missing", "tall.jpg": "missing", "z.bmp": "sha256"}


def test_a_sample_is_spread_evenly(out: Path, tmp_path: Path) -> None:
    """Of 5 images, 2 are looked at: here the second and the last are found missing."""
    (tmp_path / "in").mkdir()
    assert set(found(out, Check(quiet, Sources(Selection((str(tmp_path / "in"),)), 2)))) == {"z.bmp"}


def test_pixels_that_pillow_would_not_make_are_found(out: Path, source: Path) -> None:
    """The record says that another order of passes was asked for; Pillow then gives other pixels."""
    tall = record(out, "tall.jpg")
    rewrite(out, "tall.jpg", params={**tall["params"], "max_num": 1})
    said = found(out, Check(quiet, Sources(Selection((str(source),)), None)))
    assert {problem for path, problem in said.items() if path.startswith("tall.jpg/")} == {"pixels"}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        pytest.param("dynres.manifest/1", "dynres.manifest/2", "newer_schema", id="a newer schema"),
        pytest.param("dynres.manifest/1", "img2dataset/1", "foreign", id="somebody else's"),
    ],
)
def test_a_manifest_of_another_kind_is_refused(out: Path, old: str, new: str, code: str) -> None:
    """There is nothing to compare with; the sentence names the file."""
    edit(out, old, new)
    with pytest.raises(RunError, match=r"manifest\.json") as refusal:
        found(out)
    assert refusal.value.code == code
