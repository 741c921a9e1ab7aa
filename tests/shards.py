"""Outputs cut into shards for the tests, read back without dynres, and laid beside the tree of the same pictures."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from dynres_cli.cli.app import app_for
from dynres_cli.errors import DynresError
from tests.cli.command import Ran, manifest
from tests.files import exif
from tests.pictures import noise

SMALL = ("--image-size", "28", "--max-num", "4", "-j", "1", "--engine", "serial", "-q", "--no-fsync")
CUT = ("--shard-tiles", "9")
"""Shards of nine views, which are two or three pictures."""
LAYOUTS = ("packed", "webdataset", "parquet")
SIZES = [(60, 30), (33, 40), (90, 31), (28, 28), (44, 100), (70, 71)]

Array = npt.NDArray[Any]


def marked() -> list[tuple[str, list[pytest.MarkDecorator]]]:
    """Every layout with what its tests are marked by: they are skipped where its library is missing."""
    reason = "pyarrow is not installed: pip install -e '.[test-layouts]'"
    is_there = find_spec("pyarrow") is not None
    return [*((name, []) for name in LAYOUTS[:2]), (LAYOUTS[2], [] if is_there else [pytest.mark.skip(reason=reason)])]


def layouts() -> list[Any]:
    """The same as parameters of a test."""
    return [pytest.param(name, marks=marks, id=name) for name, marks in marked()]


def pictures(folder: Path, count: int = 8) -> Path:
    """Small pictures in two folders, one turned by its tag; one is nothing, and one is cut short."""
    for number in range(count):
        path = folder / "ab"[number % 2] / f"{number:02d}.v1.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        tag = exif(6) if number == 3 else exif(1)
        Image.fromarray(noise(*SIZES[number % len(SIZES)], number)).save(path, exif=tag)
    (folder / "a" / "bad.jpg").write_bytes(b"\xff\xd8 nothing")
    whole = (folder / "b" / "01.v1.jpg").read_bytes()
    (folder / "b" / "cut.jpg").write_bytes(whole[: len(whole) * 2 // 3])
    return folder


def here(*arguments: str | Path) -> Ran:
    """Run `dynres` in this very process: a process of its own takes ten times as long to start as it then works."""
    words = [str(each) for each in arguments]
    out, err, status = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            app_for(words)(words, prog_name="dynres")
        except SystemExit as done:
            status = int(done.code or 0)
        except DynresError as error:
            status = error.exit_status
            err.write(str(error))
    out.seek(0)
    return Ran(status, out.read(), err.getvalue())


def tiled(out: Path, *arguments: str | Path, status: int = 3) -> Path:
    """The output of `dynres tile ARGUMENTS OUT`."""
    ran = here("tile", *arguments, out, *SMALL)
    assert ran.status == status, ran.err
    return out


def content(out: Path) -> dict[str, bytes]:
    """Every file of an output, dynres's own state left out."""
    paths = (path for path in sorted(out.rglob("*")) if path.is_file())
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in paths if ".dynres" not in path.parts}


def views_of(out: Path, layout: str) -> dict[str, dict[str, bytes]]:
    """By key every file's bytes as a tree has them: views by number, `npy` for the tensor's values."""
    readers = {"tree": _tree, "packed": _packed, "webdataset": _webdataset, "parquet": _parquet}
    return dict(readers[layout](out))


def _values(data: bytes) -> bytes:
    array: Array = np.load(io.BytesIO(data), allow_pickle=False)
    return array.tobytes()


def _tree(out: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    for record in manifest(out)["images"]:
        if record["status"] == "tiled":
            yield record["key"], dict(_named(entry, (out / entry["path"]).read_bytes()) for entry in record["files"])


def _named(entry: dict[str, Any], data: bytes) -> tuple[str, bytes]:
    return ("npy", _values(data)) if entry["kind"] == "tensor" else (f"{entry['view']:03d}.png", data)


def _packed(out: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    for index in sorted(out.glob("shard-*.index.json")):
        stem = index.name.removesuffix(".index.json")
        views: Array = np.load(out / f"{stem}.npy", mmap_mode="r")
        ranges: Array = np.load(out / f"{stem}.index.npy")
        images = json.loads(index.read_bytes())["images"]
        for image, (first, end, cols, rows, tokens) in zip(images, ranges.tolist(), strict=True):
            if image["status"] == "tiled":
                assert (image["grid"], image["tokens"]) == ({"cols": cols, "rows": rows}, tokens)
                yield image["key"], {"npy": views[first:end].tobytes()}
            else:
                assert first == end


def _webdataset(out: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    for path in sorted(out.glob("shard-*.tar")):
        samples: dict[str, dict[str, bytes]] = {}
        with tarfile.open(path) as shard:
            for member in shard:
                key, _, extension = member.name.partition(".")
                assert (member.mtime, member.uid, member.gid, member.uname) == (0, 0, 0, "")
                assert key not in list(samples)[:-1], "the members of a sample are not side by side"
                file = shard.extractfile(member)
                assert file is not None
                samples.setdefault(key, {})[extension] = file.read()
        for sample in samples.values():
            told = json.loads(sample.pop("json"))
            yield told["key"], {name: _values(data) if name == "npy" else data for name, data in sample.items()}


def _parquet(out: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - an optional extra

    for path in sorted(out.glob("shard-*.parquet")):
        for row in pq.read_table(path).to_pylist():
            views = {f"{number:03d}.png": view["bytes"] for number, view in enumerate(row["views"])}
            assert len(row["bytes"]) == np.prod(row["shape"]) * np.dtype(row["dtype"]).itemsize
            yield row["key"], {**views, "npy": row["bytes"]}
