"""`dynres stats`, `diff` and `schema`: what an output holds, what changed, and what a manifest looks like."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.command import dynres, manifest
from tests.operations.outputs import SMALL, copy, edit, pictures, record, rewrite, tiled


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small pictures, one of them with a name that a spreadsheet would compute."""
    folder = pictures(tmp_path_factory.mktemp("looking") / "in")
    (folder / "z.bmp").rename(folder / "=1+1.bmp")
    return folder


@pytest.fixture(scope="module")
def finished(source: Path) -> Path:
    """What was made of them; not to be changed."""
    return tiled(source, source.parent / "out")


def test_stats_agree_with_the_manifest(finished: Path) -> None:
    """One object: the head's counts, and histograms that add up to the pictures that were tiled."""
    said, run = dynres("stats", finished, "--json").json, manifest(finished)["run"]
    for name in ("images", "tiled", "failed", "tiles", "total", "tokens", "failures"):
        assert said[name] == run[name]
    for name in ("grids", "aspects", "scales", "formats"):
        assert sum(said[name].values()) == run["tiled"] == 4
    files = [entry for image in manifest(finished)["images"] for entry in image.get("files", ())]
    assert sum(said["bytes"].values()) - said["bytes"]["source"] == sum(entry["bytes"] for entry in files)
    assert said["tokens_p50"] <= said["tokens_p95"] <= said["tokens_max"]


def test_stats_count_a_file_once_however_many_pictures_it_holds(tmp_path: Path) -> None:
    """Three pages and a file of one page: the bytes of what was read are those of two files."""
    (tmp_path / "in").mkdir()
    pages = [Image.new("RGB", (20, 20 + number)) for number in range(3)]
    pages[0].save(tmp_path / "in" / "pages.tif", save_all=True, append_images=pages[1:])
    pages[0].save(tmp_path / "in" / "single.tif")
    said = dynres("stats", tiled(tmp_path / "in", tmp_path / "out", *SMALL, "--frames", "all"), "--json").json
    files = sum(file.stat().st_size for file in (tmp_path / "in").iterdir())
    assert (said["tiled"], said["bytes"]["source"]) == (4, files)


def test_stats_for_a_person_fit_80_columns(finished: Path) -> None:
    """As text, and as CSV in which no cell is a formula."""
    assert max(map(len, dynres("stats", finished).out.splitlines())) <= 80
    rows = list(csv.DictReader(dynres("stats", finished, "--csv").out.splitlines()))
    assert [row["key"] for row in rows] == ["'=1+1.bmp", "a/square.jpg", "a/wide.png", "bad.jpg", "tall.jpg"]
    assert {row["status"] for row in rows} == {"tiled", "failed"}
    assert (rows[2]["width"], rows[2]["cols"]) == ("90", "3")
    assert dynres("stats", finished, "--csv", "--json").status == 2


def test_the_same_output_has_no_difference(finished: Path, source: Path, tmp_path: Path) -> None:
    """Also where it was made a second time: exit 0 and nothing on stdout."""
    ran = dynres("diff", finished, tiled(source, tmp_path / "again"))
    assert (ran.status, ran.out) == (0, "")
    assert "5 same" in ran.err


def test_what_changed_is_told_by_picture_and_by_parameter(finished: Path, source: Path, tmp_path: Path) -> None:
    """Fewer tiles: other grids, pixels and tensors; one picture less; one parameter. Exit 3."""
    other = tiled(source, tmp_path / "other", *SMALL, "--max-num", "2", "--exclude", "tall.jpg")
    ran = dynres("diff", finished, other, "--json")
    said = ran.json
    assert ran.status == 3
    assert said["parameters"] == [{"name": "max_num", "before": 6, "after": 2}]
    assert (said["added"], said["removed"], said["same"]) == ([], ["tall.jpg"], 1)
    changed = {each["key"]: each for each in said["changed"]}
    assert set(changed) == {"=1+1.bmp", "a/square.jpg", "a/wide.png"}
    assert changed["a/wide.png"]["grid"] == ["3×2", "2×1"]
    assert {"grid", "views", "tokens", "pixels", "tensor"} <= set(changed["a/wide.png"]["what"])
    lines = dynres("diff", other, finished).out.splitlines()
    assert lines[0] == "! max_num: 2 → 6"
    assert "+ tall.jpg" in lines


def test_changed_pixels_are_told_without_anything_else(finished: Path, tmp_path: Path) -> None:
    """The digest of one view's levels."""
    other = copy(finished, tmp_path / "other")
    files = record(other, "tall.jpg")["files"]
    rewrite(other, "tall.jpg", files=[{**files[0], "pixels_sha256": "0" * 64}, *files[1:]])
    assert dynres("diff", finished, other).out == "~ tall.jpg: pixels\n"


@pytest.mark.parametrize("command", ["stats", "diff"])
@pytest.mark.parametrize("path", ["../../x", "/etc/x", "a\\u0000b"])
def test_guarantee_23_forged_manifests_are_exit_1(finished: Path, tmp_path: Path, command: str, path: str) -> None:
    """The name of the manifest is told."""
    out = copy(finished, tmp_path / "out")
    edit(out, '"key": "tall.jpg"', f'"key": "{path}"')
    ran = dynres(command, out, *([finished] if command == "diff" else []))
    assert ran.status == 1
    assert f"{out}/manifest.json" in ran.err


def test_the_schema_names_what_a_manifest_has(finished: Path) -> None:
    """Every field of a real manifest stands in it, and every field that it requires is there."""
    stated = dynres("schema").json
    whole = manifest(finished)
    kinds = {name: stated["$defs"][name] for name in ("Run", "TiledRecord", "FailedRecord", "FileEntry")}
    assert set(whole) == set(stated["properties"]) == {"schema", "run", "images"}
    found = [("Run", whole["run"])]
    for image in whole["images"]:
        found.append(("TiledRecord" if image["status"] == "tiled" else "FailedRecord", image))
        found += [("FileEntry", entry) for entry in image.get("files", ())]
    for kind, value in found:
        assert set(kinds[kind]["required"]) <= set(value) <= set(kinds[kind]["properties"]), kind
    assert json.dumps(stated["properties"]["schema"]).count("dynres.manifest/1") == 1
