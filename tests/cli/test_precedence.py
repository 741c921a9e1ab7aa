"""Defaults in a file or in the environment stand back where what was given by hand does not go with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import ROOT, dynres

COFFEE = ROOT / "samples" / "coffee.jpg"


def inspected(cwd: Path, *options: str, **environment: str) -> tuple[str, int]:
    """The preset and the number of tiles."""
    ran = dynres("inspect", COFFEE, "--json", *options, cwd=cwd, stdin=b"", **environment)
    assert ran.status == 0, ran.err
    return ran.json["preset"], ran.json["tiles"]


def test_the_stronger_place_counts(tmp_path: Path) -> None:
    """The line over the environment over the file: --all, a preset and a strategy, --set and its short forms."""
    (tmp_path / "dynres.toml").write_text('[plan]\npreset = "qwen2-vl"\n[inspect]\nmax-num = 2\n')
    assert len(dynres("plan", COFFEE, "--all", "--json", cwd=tmp_path).lines) > 1
    assert inspected(tmp_path, "--set", "max_num=6") == ("internvl2", 6)
    assert inspected(tmp_path, DYNRES_SET="max_num=6") == ("internvl2", 6)
    assert inspected(tmp_path, "--max-num", "2", DYNRES_SET="max_num=6\nmin_num=1") == ("internvl2", 2)
    (tmp_path / "dynres.toml").unlink()
    assert inspected(tmp_path, "--preset", "internvl3", DYNRES_STRATEGY="qwen2_vl")[0] == "internvl3"
    assert inspected(tmp_path, "--strategy", "internvl", DYNRES_PRESET="qwen2-vl")[0] == "internvl2"
    assert inspected(tmp_path, "--strategy", "internvl", DYNRES_PRESET="internvl3")[0] == "internvl3"
    assert inspected(tmp_path, "--preset", "internvl3", DYNRES_ALL="1")[0] == "internvl3"
    assert inspected(tmp_path, "--no-thumbnail", DYNRES_SET="thumbnail=true") == ("internvl2", 6)


@pytest.mark.parametrize("name", ["tree", "first", "auto"])
def test_a_list_may_have_any_name(tmp_path: Path, name: str) -> None:
    """Also that of another option's value which switches something off."""
    (tmp_path / name).write_bytes(bytes(COFFEE) + b"\0")
    ran = dynres("tile", "--files-from", name, "-0", "--root", "/", "out", "--dry-run", cwd=tmp_path)
    assert (ran.status, ran.out) == (0, f"{COFFEE.as_posix()[1:]}\n")


def test_what_only_matters_beside_another_option_is_no_error_by_default(tmp_path: Path) -> None:
    """What is kept for runs with shards, lists or proofs leaves the others alone."""
    kept = {"DYNRES_SHARD_SIZE": "1M", "DYNRES_ROOT": "/", "DYNRES_SHARED_FS": "1", "DYNRES_BATCH": "2"}
    kept |= {"DYNRES_NULL": "1", "DYNRES_MAX_FRAMES": "5"}
    assert dynres("tile", COFFEE, "out", "--tiles", "none", "-q", cwd=tmp_path, stdin=b"", **kept).status == 0
    packed = ("--layout", "packed", "--shard-tiles", "5", "-q")
    assert dynres("tile", COFFEE, "packed", *packed, cwd=tmp_path, stdin=b"", **kept).status == 0
    assert dynres("verify", "out", cwd=tmp_path, DYNRES_SOURCE=str(COFFEE), DYNRES_SAMPLE="1").status == 0


def test_a_limit_of_tiles_and_its_sweep(tmp_path: Path) -> None:
    """--sweep on the line does without a max_num kept elsewhere, and the other way round; a --set of others stays."""

    def rows(*options: str, **environment: str) -> list[tuple[int | None, int]]:
        ran = dynres("plan", COFFEE, "--json", *options, cwd=tmp_path, stdin=b"", **environment)
        assert ran.status == 0, ran.err
        return [(row.get("max_num"), row["tokens"]) for row in ran.lines]

    plain = rows("--sweep", "1..2", "--image-size", "224")
    assert [limit for limit, _tokens in plain] == [1, 2]
    kept = "max_num=6\nimage_size=224"
    assert rows("--sweep", "1..2", DYNRES_SET=kept) == plain
    assert rows("--sweep", "1..2", "--image-size", "224", DYNRES_MAX_NUM="6") == plain
    assert len(rows("--set", "max_num=6", DYNRES_SWEEP="1..2")) == len(rows("--max-num", "6", DYNRES_CONTEXT="1k")) == 1


@pytest.mark.parametrize(
    ("line", "environment"),
    [
        (("inspect", COFFEE, "--max-num", "3", "--set", "max_num=6"), {}),
        (("inspect", COFFEE, "--preset", "qwen2-vl", "--strategy", "internvl"), {}),
        (("inspect", COFFEE), {"DYNRES_PRESET": "qwen2-vl", "DYNRES_STRATEGY": "internvl"}),
        (("plan", COFFEE, "--all", "--max-num", "3"), {}),
        (("tile", COFFEE, "out", "--shard-size", "1M"), {}),
        (("tile", COFFEE, "out", "--root", "/"), {}),
        (("tile", COFFEE, "out", "-0"), {}),
        (("tile", COFFEE, "out", "--max-frames", "5"), {}),
        (("plan", COFFEE, "-0"), {}),
        (("plan", COFFEE, "--max-frames", "1000"), {}),
        (("inspect", COFFEE, "--max-frames", "5"), {"DYNRES_FRAMES": "first"}),
        (("verify", "out", "--sample", "2"), {}),
    ],
)
def test_contradictions_in_one_place_are_told(
    tmp_path: Path, line: tuple[str | Path, ...], environment: dict[str, str]
) -> None:
    """Exit 2: nobody can say which one was meant."""
    assert dynres(*line, cwd=tmp_path, stdin=b"", **environment).status == 2


def test_a_value_on_each_line_of_a_variable(tmp_path: Path) -> None:
    """Names hold blanks."""
    photos = tmp_path / "my photos"
    photos.mkdir()
    (photos / "one.jpg").write_bytes(COFFEE.read_bytes())
    (photos / "two of them.jpg").write_bytes(COFFEE.read_bytes())
    assert dynres("tile", photos, "out", "-q", "--tensor", "none", cwd=tmp_path).status == 0
    proof = dynres("verify", "out", "--against", "pillow", cwd=tmp_path, DYNRES_SOURCE=str(photos))
    assert proof.status == 0, proof.err
    listed = dynres("tile", photos, "out2", "--dry-run", cwd=tmp_path, DYNRES_INCLUDE="one.jpg\ntwo of*")
    assert listed.out.splitlines() == ["one.jpg", "two of them.jpg"]
