"""Guarantees 39, 23 and 24: later damage is found, and a forged output cannot turn its reader against its owner."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.guarantees import corpus
from tests.guarantees.command import dynres, manifest, tile, tree


def problems(out: Path, *words: str | Path) -> tuple[int, set[str]]:
    """The exit status of `dynres verify` and the paths it complains of."""
    done = dynres("verify", "--json", out, *words)
    assert b"Traceback" not in done.stderr, done.stderr
    return done.returncode, {finding["path"] for finding in json.loads(done.stdout)["findings"]}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two pictures and a bad file in `in`, and in `out` what a run made of it."""
    place = tmp_path_factory.mktemp("verified")
    corpus.photos(place / "in", 1)
    corpus.write_all(place / "in", {"b.png": corpus.good_files()["plain.png"], "bad.gif": b"nonsense"})
    assert tile(place / "in", place / "out", "--max-num", "2").returncode == 3
    return place


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    """A copy of that output, to be damaged."""
    shutil.copytree(made / "out", tmp_path / "out")
    return tmp_path / "out"


def test_a_source_that_grew_is_told_without_being_read(made: Path, tmp_path: Path) -> None:
    """Guarantee 39: 64 GB (of nothing, on the disk) in the place of a source: sha256 for verify, a page for report."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    os.truncate(tmp_path / "in" / "0000.jpg", 64 << 30)
    found = problems(tmp_path / "out", "--against", "pillow", "--source", tmp_path / "in")
    assert found == (3, {"0000.jpg"})
    assert dynres("report", "-q", tmp_path / "out", "--source", tmp_path / "in").returncode == 0


def test_one_flipped_bit_in_any_file_is_found(out: Path, made: Path) -> None:
    """Guarantee 39: one bit of every file in turn, in its first, middle or last byte: verify exits 3 and names it."""
    assert problems(out) == (0, set())
    assert problems(out, "--against", "pillow", "--source", made / "in") == (0, set())
    names = sorted(tree(out))
    assert len(names) > 8
    for number, name in enumerate(names):
        path = out / name
        data = path.read_bytes()
        at = (0, len(data) // 2, len(data) - 1)[number % 3]
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        done = dynres("verify", "--json", out)
        assert done.returncode in ((1, 3) if name == "manifest.json" else (3,)), (name, at)
        assert name in (done.stdout + done.stderr).decode()
        path.write_bytes(data)
    assert problems(out) == (0, set())


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a missing tile": lambda out: (out / "0000.jpg" / "thumbnail.png").unlink(),
    "a missing record": lambda out: (out / "b.png" / "grid.json").unlink(),
    "a cut tensor": lambda out: os.truncate(out / "b.png" / "pixel_values.npy", 200),
    "an extra file": lambda out: (out / "b.png" / "extra.png").write_bytes(b"?"),
    "a leftover": lambda out: (out / "b.png" / ".dynres-tmp-1-01234567").write_bytes(b"?"),
    "an empty file": lambda out: (out / "0000.jpg" / "thumbnail.png").write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_missing_extra_and_shortened_files_are_found(out: Path, damage: str) -> None:
    """Guarantee 39: a file that is gone, cut, empty or too many: exit 3."""
    DAMAGE[damage](out)
    assert problems(out)[0] == 3


def test_a_cut_manifest_is_found(out: Path) -> None:
    """Guarantee 39: a manifest that ends at 90 % is named, with exit 3."""
    path = out / "manifest.json"
    os.truncate(path, path.stat().st_size * 9 // 10)
    status, named = problems(out)
    assert (status, "manifest.json" in named) == (3, True)


@pytest.mark.parametrize("forged", ["../../x", "/etc/passwd", "b.png/../../x", "C:\\x", "b.png//x"])
def test_verify_follows_no_path_outside(out: Path, tmp_path: Path, forged: str) -> None:
    """Guarantee 23: manifest and record edited to lead outside: refused with exit 1, and nothing is touched."""
    outside = tmp_path / "x"
    outside.write_bytes(b"mine")
    before = manifest(out)["images"][1]["files"][0]["path"]
    for path in (out / "manifest.json", out / "b.png" / "grid.json"):
        path.write_text(path.read_text("utf-8").replace(before, json.dumps(forged)[1:-1]), "utf-8")
    done = dynres("verify", "--json", out)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert {"path": forged, "problem": "unsafe_path"} in json.loads(done.stdout)["findings"]
    assert outside.read_bytes() == b"mine"


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = str(place)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.place,)


def test_a_pickle_in_the_place_of_a_tensor_is_not_run(out: Path, tmp_path: Path) -> None:
    """Guarantee 24: an object array under a tensor's name: verify finds it, and what it would do is not done."""
    bomb = np.empty(1, object)
    bomb[0] = Bomb(tmp_path / "ran")
    with (out / "b.png" / "pixel_values.npy").open("wb") as file:
        np.save(file, bomb, allow_pickle=True)
    assert pickle.dumps(bomb)
    status, paths = problems(out)
    assert (status, paths) == (3, {"b.png/pixel_values.npy"})
    assert not (tmp_path / "ran").exists()
