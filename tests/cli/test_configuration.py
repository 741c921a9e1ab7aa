"""Options from the environment and from `dynres.toml`, and files of options that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import dynres


@pytest.mark.usefixtures("folder")
def test_options_come_from_the_environment_and_a_file(tmp_path: Path) -> None:
    """Flag > environment > file > default."""
    (tmp_path / "dynres.toml").write_text('[tile]\nmax-num = 2\ntensor = "none"\n')
    assert dynres("tile", "in", "a", "--json", cwd=tmp_path).json["tiles"] == 2
    assert dynres("tile", "in", "b", "--json", cwd=tmp_path, DYNRES_MAX_NUM="6").json["tiles"] == 7
    assert dynres("tile", "in", "c", "--json", "--max-num", "2", cwd=tmp_path, DYNRES_MAX_NUM="6").json["tiles"] == 2
    assert not list((tmp_path / "a").rglob("*.npy"))
    (tmp_path / "dynres.toml").write_text("[tile]\nmax-nun = 2\n")
    ran = dynres("tile", "in", "d", cwd=tmp_path)
    assert ran.status == 2
    assert "max-num" in ran.err


def test_a_table_of_no_command_is_refused(folder: Path, tmp_path: Path) -> None:
    """Exit 2 with the table that was probably meant: it would have been of no effect."""
    (tmp_path / "mine.toml").write_text("[tiles]\nmax-num = 2\n")
    ran = dynres("tile", folder, tmp_path / "out", "--config", tmp_path / "mine.toml")
    assert ran.status == 2
    assert "mine.toml: there is no command 'tiles'; did you mean [tile]?" in ran.err


@pytest.mark.parametrize("command", ["strategies", "schema"])
def test_a_table_of_a_command_without_defaults_is_refused(folder: Path, tmp_path: Path, command: str) -> None:
    """Exit 2; the command exists, so no other one is proposed."""
    (tmp_path / "mine.toml").write_text(f"[{command}]\njson = true\n")
    ran = dynres("tile", folder, tmp_path / "out", "--config", tmp_path / "mine.toml")
    assert ran.status == 2
    assert f"mine.toml: dynres {command} takes no defaults from a file; take the table [{command}] out" in ran.err
    assert "did you mean" not in ran.err


def test_what_differs_from_task_to_task_has_no_place_in_a_file(folder: Path, tmp_path: Path) -> None:
    """Exit 2; it is an option, so no other one is proposed."""
    (tmp_path / "mine.toml").write_text("[tile]\nshard = '1/2'\n")
    ran = dynres("tile", folder, tmp_path / "out", "--config", tmp_path / "mine.toml")
    assert (ran.status, "--shard is given on the command line alone" in ran.err) == (2, True)


@pytest.mark.parametrize("text", [b"[tile", b"\xff\xfe", b"x=" + b"[" * 20_000], ids=["cut", "bytes", "deep"])
def test_a_configuration_that_is_no_toml_is_refused(folder: Path, tmp_path: Path, text: bytes) -> None:
    """Exit 2 and a sentence, also where the reader of TOML runs out of stack."""
    (tmp_path / "mine.toml").write_bytes(text)
    ran = dynres("tile", folder, tmp_path / "out", "--config", tmp_path / "mine.toml")
    assert ran.status == 2
    assert "mine.toml: not a TOML file" in ran.err


def test_a_list_of_one_in_a_file_may_be_given_as_that_one(folder: Path, tmp_path: Path) -> None:
    """`exclude = "*.png"` is what one writes first."""
    (tmp_path / "mine.toml").write_text('[tile]\nexclude = "*.png"\n')
    ran = dynres("tile", folder, tmp_path / "out", "--config", tmp_path / "mine.toml", "--dry-run")
    assert (ran.status, ran.out.split()) == (0, ["b.jpg"])


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no file without an end")
def test_a_file_without_an_end_is_no_configuration(folder: Path, tmp_path: Path) -> None:
    """Exit 2 at once, where reading all of it would fill the memory."""
    ran = dynres("tile", folder, tmp_path / "out", "--config", "/dev/zero")
    assert ran.status == 2
    assert "/dev/zero: too large for a configuration" in ran.err
