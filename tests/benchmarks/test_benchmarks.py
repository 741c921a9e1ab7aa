"""The benchmark's own scripts: the pictures and the plain script stand on their own feet, and both of them work."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"
SAMPLES = BENCHMARKS.parent / "samples"
ASTRONAUT_VIEWS, PAGE_VIEWS = 1, 7


def imported(script: Path) -> set[str]:
    """The first part of every module name that a script imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(script.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def run(script: str, *arguments: str | Path) -> str:
    """What a script of the benchmark prints."""
    command = [sys.executable, str(BENCHMARKS / script), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("script", ["corpus.py", "reference.py", "floor.py", "draw_samples.py"])
def test_what_dynres_is_measured_against_does_not_use_it(script: str) -> None:
    """A reference that shared code with dynres would share its mistakes and its speed."""
    assert "dynres_cli" not in imported(BENCHMARKS / script)


def test_the_reference_script_writes_tiles_tensors_and_a_list(tmp_path: Path) -> None:
    """Two samples of known grids: files under each picture's name, and JSON that counts them."""
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("astronaut.jpg", "page.png"):
        (source / name).write_bytes((SAMPLES / name).read_bytes())
    told = json.loads(run("reference.py", source, out))
    assert told["views"] == ASTRONAUT_VIEWS + PAGE_VIEWS
    entries = json.loads((out / "list.json").read_text("utf-8"))
    assert [entry["grid"] for entry in entries] == [[1, 1], [2, 3]]
    assert np.load(out / "page.png" / "pixel_values.npy").shape == (PAGE_VIEWS, 3, 448, 448)
    assert {path.name for path in (out / "astronaut.jpg").iterdir()} == {"tile_r0_c0.png", "pixel_values.npy"}


@pytest.mark.slow
def test_the_small_corpus_is_the_same_every_time(tmp_path: Path) -> None:
    """Twenty-two pictures of three formats, all of which open, and equal bytes from a second run."""
    for name in ("first", "second"):
        run("corpus.py", "--small", "--out", tmp_path / name)
    first = sorted((tmp_path / "first").iterdir())
    assert len(first) == 22
    assert {path.suffix for path in first} == {".jpg", ".png", ".webp"}
    for path in first:
        with Image.open(path) as picture:
            picture.load()
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()


def test_the_corpus_is_what_the_bars_ask_for() -> None:
    """At least sixty files from 0.1 to 24 megapixels, upright and lying, in three formats."""
    script = (
        "import corpus, json; print(json.dumps([(p.width, p.height, p.name) for p in corpus.pictures(small=False)]))"
    )
    command = [sys.executable, "-c", script]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=BENCHMARKS).stdout
    pictures = json.loads(told)
    megapixels = [width * height / 1e6 for width, height, _ in pictures]
    assert len(pictures) >= 60
    assert min(megapixels) == pytest.approx(0.1, rel=0.02)
    assert max(megapixels) == pytest.approx(24, rel=0.02)
    assert sum(width > height for width, height, _ in pictures) >= 20
    assert sum(width < height for width, height, _ in pictures) >= 20
    assert {name.rpartition(".")[2] for _, _, name in pictures} == {"jpg", "png", "webp"}
