"""`dynres tile`: what it writes, what it says, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.command import ROOT, SAMPLES, dynres, manifest, tree
from tests.files import picture_at


def test_the_tree_that_comes_out(folder: Path, tmp_path: Path) -> None:
    """The extension is kept in the key; tiles, thumbnail, tensor and record lie together; the manifest is on top."""
    assert dynres("tile", folder, tmp_path / "out").status == 0
    assert sorted(tree(tmp_path / "out")) == [
        "a/z.png/grid.json",
        "a/z.png/pixel_values.npy",
        "a/z.png/tile_r0_c0.png",
        "b.jpg/grid.json",
        "b.jpg/pixel_values.npy",
        "b.jpg/thumbnail.png",
        *(f"b.jpg/tile_r{row}_c{col}.png" for row in range(2) for col in range(3)),
        "manifest.json",
    ]


def test_the_json_object_adds_up(folder: Path, tmp_path: Path) -> None:
    """Found = tiled + skipped + failed, and stdout holds nothing but the object."""
    (folder / "bad.jpg").write_bytes(b"")
    ran = dynres("tile", folder, tmp_path / "out", "--json")
    said = ran.json
    assert ran.status == 3
    assert (said["found"], said["tiled"], said["skipped"], said["failed"]) == (4, 2, 1, 1)
    assert said["failures"] == {"empty": 1}
    assert (said["tiles"], said["total"], said["tokens"]) == (7, 8, 8 * 256)
    assert said["manifest"] == str(tmp_path / "out" / "manifest.json")
    assert set(said) >= {"bytes_written", "seconds", "images_per_second", "flags"}


def test_the_record_of_a_picture_to_the_letter(folder: Path, tmp_path: Path) -> None:
    """The fields, their order, and the record's file byte for byte as its line in the manifest."""
    out = tmp_path / "out"
    dynres("tile", folder, out)
    text = (out / "manifest.json").read_text("utf-8")
    lines = [line.rstrip(",") for line in text.splitlines()[1:-1]]
    assert [json.loads(line)["key"] for line in lines] == ["a/z.png", "b.jpg"]
    assert (out / "b.jpg" / "grid.json").read_text("utf-8") == lines[1] + "\n"
    record = json.loads(lines[1])
    assert [name for name in record if name not in ("inputs", "prompt")] == [
        *("key", "source", "status", "bytes", "sha256", "format", "mode", "width", "height", "orientation", "oriented"),
        *("preset", "strategy", "params", "grid", "canvas", "tiles", "thumbnail", "total", "tokens", "flags", "files"),
    ]
    assert record["params"] == {"image_size": 448, "min_num": 1, "max_num": 12, "thumbnail": True}
    assert (record["grid"], record["tiles"], record["total"]) == ({"cols": 3, "rows": 2}, 6, 7)
    assert record["flags"] == ["upscaled:22.4x"]
    first, thumbnail, tensor = record["files"][0], record["files"][6], record["files"][7]
    assert first["source_box"] == [0.0, 0.0, 20.0, 20.0]
    assert (thumbnail["kind"], thumbnail["view"], thumbnail["path"]) == ("thumbnail", 6, "b.jpg/thumbnail.png")
    assert (tensor["kind"], tensor["shape"], tensor["dtype"]) == ("tensor", [7, 3, 448, 448], "float32")


def test_the_record_of_a_failure_to_the_letter(tmp_path: Path) -> None:
    """A file that is no picture: where, which code, and a sentence."""
    (tmp_path / "x.jpg").write_text("this is text")
    assert dynres("tile", tmp_path / "x.jpg", tmp_path / "out").status == 3
    (record,) = manifest(tmp_path / "out")["images"]
    assert list(record) == ["key", "source", "status", "stage", "code", "message"]
    assert (record["status"], record["stage"], record["code"]) == ("failed", "probe", "unidentified")


def test_the_bytes_depend_on_nothing_but_inputs_and_options(tmp_path: Path) -> None:
    """Any number of workers, engine and locale: the same tree."""
    first, second = tmp_path / "one", tmp_path / "two"
    dynres("tile", SAMPLES, first, "-j", "1", "--engine", "serial", LC_ALL="C")
    dynres("tile", SAMPLES, second, "-j", "3", PYTHONHASHSEED="7", LC_ALL="C.UTF-8")
    assert tree(first) == tree(second)


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        pytest.param(("in/none.jpg", "out"), 2, "none.jpg", id="an input that does not exist"),
        pytest.param(("in", "out", "--min-num", "5", "--max-num", "3"), 2, "min_num=5", id="limits swapped"),
        pytest.param(("in", "out", "--max-num", "0"), 2, "allowed are 1 to 1000", id="no tile at all"),
        pytest.param(("in", "out", "--preset", "internvl-2"), 2, "internvl2", id="a preset misspelt"),
        pytest.param(("in", "out", "--set", "max_nun=3"), 2, "max_num", id="a parameter misspelt"),
        pytest.param(("in", "out", "--set", "max_num=3", "--max-num", "4"), 2, "--max-num", id="a parameter twice"),
        pytest.param(("in", "out", "--root", "in"), 2, "--files-from", id="a root without a list"),
        pytest.param(("in", "out", "--include", "*.tif"), 4, "--include", id="a pattern that nothing matches"),
        pytest.param(("in", "out", "--dtype", "int8"), 2, "uint8", id="a type that is not offered"),
        pytest.param(("in",), 2, "OUT", id="no output"),
        pytest.param(("empty", "out"), 4, "no image", id="nothing to tile"),
        pytest.param(("in", "in/b.jpg"), 1, "b.jpg", id="an output that is a file"),
        pytest.param(("in", "no/such/out"), 1, "no/such", id="an output whose parent is missing"),
        pytest.param(("in", "empty/../in/a"), 1, "--into", id="an output that is somebody else's folder"),
        pytest.param(("in", "site"), 1, "site/manifest.json", id="an output that holds somebody else's manifest"),
        pytest.param(("in", "site", "--into"), 1, "site/manifest.json", id="the same with --into: it would be lost"),
        pytest.param(("in", "out", "-j", "-1"), 2, "--jobs", id="fewer workers than none"),
        pytest.param(("in", "out", "--timeout", "nan"), 2, "--timeout", id="a time that is no number"),
        pytest.param(("in", "out", "--max-failures", "0"), 2, "--max-failures", id="an end before the beginning"),
        pytest.param(("in", "out", "--exclude", "[z-a]"), 2, "no pattern", id="a pattern that is none"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_wrong_call_ends_with_its_status_and_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], status: int, word: str
) -> None:
    """The message names what is wrong and what to do; nothing is written."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "manifest.json").write_text('{"name": "a web page"}')
    before = tree(tmp_path)
    ran = dynres("tile", *arguments, cwd=tmp_path)
    assert (ran.status, ran.out) == (status, "")
    assert word in ran.err
    assert tree(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_two_inputs_with_one_key_are_refused_before_any_work(folder: Path, tmp_path: Path) -> None:
    """Both are named."""
    shutil.copytree(folder, tmp_path / "other" / "in")
    ran = dynres("tile", "in", "other/in", "out", cwd=tmp_path)
    assert ran.status == 2
    assert "'in'" in ran.err
    assert "'other/in'" in ran.err


@pytest.mark.usefixtures("folder")
def test_several_inputs_are_kept_apart_by_their_names(tmp_path: Path) -> None:
    """Folders give NAME/path below, files their name."""
    picture_at(tmp_path / "c.jpg")
    dynres("tile", "in", "c.jpg", "out", cwd=tmp_path)
    assert [each["key"] for each in manifest(tmp_path / "out")["images"]] == ["c.jpg", "in/a/z.png", "in/b.jpg"]


def test_a_list_from_stdin(folder: Path, tmp_path: Path) -> None:
    """`fd -0 | dynres tile --files-from - -0 --root in out`."""
    ran = dynres(
        "tile", "--files-from", "-", "-0", "--root", folder, tmp_path / "out", "--json", stdin=b"b.jpg\0a/z.png\0"
    )
    assert (ran.status, ran.json["tiled"]) == (0, 2)
    assert [each["key"] for each in manifest(tmp_path / "out")["images"]] == ["a/z.png", "b.jpg"]


def test_an_output_inside_its_input_is_never_tiled_again(folder: Path) -> None:
    """Two runs find the same pictures."""
    first = dynres("tile", folder, folder / "out", "--json").json
    second = dynres("tile", folder, folder / "out", "--json").json
    assert (first["tiled"], second["tiled"], second["failed"]) == (2, 0, 0)


def test_fail_fast_stops_at_the_first_failure(tmp_path: Path) -> None:
    """Exit 3, and the rest is left for another run."""
    for number in range(30):
        picture_at(tmp_path / "in" / f"{number:02}.png")
    (tmp_path / "in" / "00.png").write_bytes(b"no picture")
    ran = dynres("tile", tmp_path / "in", tmp_path / "out", "--fail-fast", "-j", "1", "--json")
    assert (ran.status, ran.json["failed"], ran.json["manifest"]) == (3, 1, None)
    assert ran.json["tiled"] < 29


def test_a_picture_above_the_limit_is_refused_by_its_header(folder: Path, tmp_path: Path) -> None:
    """100×100 is more than 5,000 pixels; 60×40 is not."""
    ran = dynres("tile", folder, tmp_path / "out", "--max-pixels", "5000", "--json")
    assert (ran.status, ran.json["failures"]) == (3, {"too_many_pixels": 1})
    assert dynres("tile", folder, tmp_path / "out", "--json").json["tiled"] == 1


def test_a_dry_run_lists_and_writes_nothing(folder: Path, tmp_path: Path) -> None:
    """One input a line, in key order."""
    ran = dynres("tile", folder, tmp_path / "out", "--dry-run")
    assert (ran.status, ran.out) == (0, "a/z.png\nb.jpg\n")
    assert not (tmp_path / "out").exists()


def test_a_dry_run_lists_what_would_be_tiled(folder: Path, tmp_path: Path) -> None:
    """Every frame, one part of two, and nothing that an earlier run made is touched."""
    shades = [Image.new("RGB", (40, 30), (40 * number, 0, 0)) for number in range(2)]
    shades[0].save(folder / "c.gif", save_all=True, append_images=shades[1:])
    assert dynres("tile", folder, tmp_path / "out").status == 0
    before = tree(tmp_path / "out")
    ran = dynres("tile", folder, tmp_path / "out", "--dry-run", "--frames", "all")
    assert (ran.status, ran.out.split()) == (0, ["a/z.png", "b.jpg", "c.gif/frame_00000", "c.gif/frame_00001"])
    parts = [dynres("tile", folder, tmp_path / "x", "--dry-run", "--shard", f"{number}/2") for number in (1, 2)]
    assert sorted(parts[0].out.split() + parts[1].out.split()) == ["a/z.png", "b.jpg", "c.gif"]
    assert [part.err.split()[0] for part in parts] == [str(len(part.out.split())) for part in parts]
    assert tree(tmp_path / "out") == before


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX closes the handle")
def test_a_list_from_a_closed_handle_is_refused(tmp_path: Path) -> None:
    """Exit 2 and one sentence."""
    command = [sys.executable, "-m", "dynres_cli", "tile", "--files-from", "-", str(tmp_path)]
    line = ["bash", "-c", '"$@" <&-', "bash", *command]
    done = subprocess.run(line, capture_output=True, check=False, cwd=ROOT, timeout=60)
    message = b"dynres: there is no stdin to read the list from; name a file instead of -\n"
    assert (done.returncode, done.stderr) == (2, message)


def test_a_dry_run_keeps_to_json_and_to_quiet(folder: Path, tmp_path: Path) -> None:
    """JSON lines and nothing else on stdout, nothing on stderr."""
    ran = dynres("tile", folder, tmp_path / "out", "--dry-run", "--json", "-q")
    assert (ran.status, ran.err) == (0, "")
    names = ("a/z.png", "b.jpg")
    assert [json.loads(line) for line in ran.out.splitlines()] == [{"key": name, "source": name} for name in names]


@pytest.mark.parametrize(
    ("dtype", "numpy_dtype", "size"),
    [("float32", "float32", 4), ("float16", "float16", 2), ("bfloat16", "uint16", 2), ("uint8", "uint8", 1)],
)
def test_the_tensors_type(folder: Path, tmp_path: Path, dtype: str, numpy_dtype: str, size: int) -> None:
    """The file's type, and the record's word for it."""
    dynres("tile", folder / "b.jpg", tmp_path / "out", "--dtype", dtype, "--tiles", "none")
    array = np.load(tmp_path / "out" / "b.jpg" / "pixel_values.npy", allow_pickle=False)
    assert (array.dtype, array.itemsize, array.shape) == (numpy_dtype, size, (7, 3, 448, 448))
    (entry,) = manifest(tmp_path / "out")["images"][0]["files"]
    assert entry["dtype"] == dtype


def test_links_that_are_passed_over_are_hinted_at(folder: Path, tmp_path: Path) -> None:
    """In the summary, and where there is nothing else; with -L there is no such hint."""
    links = tmp_path / "links"
    links.mkdir()
    (links / "a.jpg").symlink_to(folder / "b.jpg")
    told = dynres("tile", links, tmp_path / "none")
    assert (told.status, "passed over: link 1; -L follows links" in told.err) == (4, True)
    shutil.copy(SAMPLES / "coffee.jpg", links / "c.jpg")
    assert "-L follows them" in dynres("tile", links, tmp_path / "out", "--max-num", "1").err
    assert "-L follows them" not in dynres("tile", links, tmp_path / "out", "--max-num", "1", "-L").err


def test_a_failure_is_told_once_and_quiet_is_quiet(tmp_path: Path) -> None:
    """With -v a line for each image as it ends; with -q none for those that went well."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.jpg").write_text("no picture")
    shutil.copy(SAMPLES / "coffee.jpg", tmp_path / "in")
    words = ("tile", tmp_path / "in", tmp_path / "out", "--max-num", "1")
    assert dynres(*words, "-v").err.count("failed  bad.jpg") == 1
    assert dynres(*words, "-v", "-q").err.splitlines() == [
        line for line in dynres(*words, "-q").err.splitlines() if line.startswith("failed  bad.jpg")
    ]
