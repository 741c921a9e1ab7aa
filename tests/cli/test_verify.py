"""`dynres verify`: its JSON, its words and its exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import dynres, tree
from tests.operations.outputs import SMALL, copy, edit, pictures, tiled


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures that were tiled."""
    return pictures(tmp_path_factory.mktemp("verify") / "in")


@pytest.fixture(scope="module")
def finished(source: Path) -> Path:
    """What was made of them; not to be changed."""
    return tiled(source, source.parent / "out", *SMALL, "--tensor", "none")


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """The same to be damaged."""
    return copy(finished, tmp_path / "out")


def test_all_is_well(out: Path, source: Path) -> None:
    """Exit 0, one object and nothing else on stdout; a sentence on stderr; plain Pillow agrees."""
    ran = dynres("verify", out, "--json")
    files = len(tree(out)) - 6
    assert (ran.status, ran.json) == (0, {"files": files, "ok": files, "findings": []})
    ran = dynres("verify", out, "--against", "pillow", "--source", source)
    assert (ran.status, ran.out) == (0, "")
    assert "everything is as the manifest says" in ran.err


def test_a_finding_is_exit_3(out: Path) -> None:
    """In both forms, by its path."""
    (out / "z.bmp" / "thumbnail.png").unlink()
    ran = dynres("verify", out, "--json")
    assert ran.status == 3
    assert ran.json["findings"] == [{"path": "z.bmp/thumbnail.png", "problem": "missing"}]
    assert ran.json["files"] - ran.json["ok"] == 1
    ran = dynres("verify", out)
    assert (ran.status, ran.out) == (3, "missing     z.bmp/thumbnail.png: is gone\n")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("../../x", id="above"),
        pytest.param("/tmp/x", id="absolute"),
        pytest.param("z.bmp/a\\u0000b", id="with a NUL"),
        pytest.param("z.bmp/../../x", id="down and up"),
    ],
)
def test_guarantee_23_a_path_that_leads_outside_is_exit_1(out: Path, tmp_path: Path, path: str) -> None:
    """It is listed as a finding too, and nothing outside is read or changed."""
    (tmp_path / "x").write_text("mine")
    edit(out, '"path": "z.bmp/tile_r0_c0.png"', f'"path": "{path}"')
    before = tree(tmp_path)
    ran = dynres("verify", out, "--json")
    assert ran.status == 1
    assert {"path": json.loads(f'"{path}"'), "problem": "unsafe_path"} in ran.json["findings"]
    assert "do not use it" in ran.err
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(None, "there is no manifest", id="missing"),
        pytest.param("", "is not a manifest of dynres", id="empty"),
        pytest.param('{"schema": "other/1"}', "is not a manifest of dynres", id="foreign"),
        pytest.param('{"schema": "dynres.manifest/7", "run": {}, "images": []}', "has schema 7", id="newer"),
    ],
)
def test_without_a_manifest_of_ours_it_is_exit_1(tmp_path: Path, text: str | None, reason: str) -> None:
    """The sentence names the file, and stdout stays empty."""
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    ran = dynres("verify", tmp_path, "--json")
    assert (ran.status, ran.out) == (1, "")
    assert f"{tmp_path}/manifest.json: {reason}" in ran.err


def test_several_sources_may_follow_one_another(source: Path, tmp_path: Path) -> None:
    """--source IN... as the inputs of `tile`; without --source a second argument is a mistake."""
    inputs = (source / "a", source / "z.bmp")
    assert dynres("tile", *inputs, tmp_path / "out", *SMALL).status == 0
    ran = dynres("verify", tmp_path / "out", "--against", "pillow", "--source", *inputs, "--json")
    assert (ran.status, ran.json["findings"]) == (0, [])
    assert dynres("verify", tmp_path / "out", source).status == 2


@pytest.mark.parametrize("options", [("--against", "pillow"), ("--source", "."), ("--sample", "3")])
def test_half_a_question_is_a_usage_error(out: Path, options: tuple[str, ...]) -> None:
    """--against, --source and --sample belong together."""
    assert dynres("verify", out, *options).status == 2
