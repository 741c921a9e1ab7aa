"""Shards in the hands of those they are for: webdataset, Hugging Face datasets and pyarrow, each run by itself."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.shards import CUT, pictures, tiled, views_of

START = """
import glob, hashlib, io, json, sys
import numpy as np
def digest(data): return hashlib.sha256(data).hexdigest()
def values(data): return digest(np.load(io.BytesIO(data)).tobytes())
out, found = sys.argv[1], {}
"""
END = "print(json.dumps(found))"
SCRIPTS = {
    "webdataset": """
import webdataset
for sample in webdataset.WebDataset(sorted(glob.glob(out + "/*.tar")), shardshuffle=False):
    told = json.loads(sample["json"])
    views = {name: digest(data) for name, data in sample.items() if name.endswith(".png")}
    assert len(views) == told["total"]
    found[told["key"]] = {**views, "npy": values(sample["npy"])}
""",
    "datasets, streaming tars": """
from datasets import Features, Image, Value, load_dataset
views = {f"{number:03d}.png": Image(decode=False) for number in range(5)}
fields = Features({"json": {"key": Value("string")}, **views})
tars = sorted(glob.glob(out + "/*.tar"))
for sample in load_dataset("webdataset", data_files=tars, split="train", streaming=True, features=fields):
    found[sample["json"]["key"]] = {name: digest(sample[name]["bytes"]) for name in views if sample[name] is not None}
""",
    "datasets, tars without pictures": """
from datasets import load_dataset
tars = sorted(glob.glob(out + "/*.tar"))
for sample in load_dataset("webdataset", data_files=tars, split="train", streaming=True):
    found[sample["json"]["key"]] = {"npy": digest(np.asarray(sample["npy"], np.uint8).tobytes())}
""",
    "datasets, streaming tables": """
from datasets import Image, Sequence, load_dataset
rows = load_dataset("parquet", data_files=sorted(glob.glob(out + "/*.parquet")), split="train", streaming=True)
assert rows.features["views"].feature == Image(), rows.features
for row in rows.cast_column("views", Sequence(Image(decode=False))):
    views = {f"{number:03d}.png": digest(view["bytes"]) for number, view in enumerate(row["views"])}
    assert len(views) == row["shape"][0] == row["total"]
    found[row["key"]] = {**views, "npy": digest(row["bytes"])}
""",
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures in `in`, and their tree; tensors hold the views as they are."""
    folder = tmp_path_factory.mktemp("readers")
    pictures(folder / "in")
    tiled(folder / "tree", folder / "in", "--dtype", "uint8")
    return folder


@pytest.mark.parametrize(
    ("reader", "needed", "arguments"),
    [
        ("webdataset", ("webdataset",), ("--layout", "webdataset")),
        ("datasets, streaming tars", ("datasets",), ("--layout", "webdataset")),
        ("datasets, tars without pictures", ("datasets",), ("--layout", "webdataset", "--tiles", "none")),
        ("datasets, streaming tables", ("datasets", "pyarrow"), ("--layout", "parquet")),
    ],
    ids=SCRIPTS,
)
def test_a_reader_finds_the_very_bytes_of_the_tree(
    finished: Path, tmp_path: Path, reader: str, needed: tuple[str, ...], arguments: tuple[str, ...]
) -> None:
    """Every picture that was tiled, each view and each tensor; in a process of its own, for readers warn of much."""
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: pip install -e '.[test-layouts]'")
    out = tiled(tmp_path / "out", finished / "in", "--dtype", "uint8", *CUT, *arguments)
    done = subprocess.run(
        [sys.executable, "-c", START + SCRIPTS[reader] + END, str(out)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    expected = views_of(finished / "tree", "tree")
    digests = {
        key: {name: hashlib.sha256(data).hexdigest() for name, data in each.items()} for key, each in expected.items()
    }
    for key, files in json.loads(done.stdout).items():
        known = digests.pop(key)
        assert files == {name: known[name] for name in files}
        assert files
    assert not digests, "pictures that the reader did not find"
