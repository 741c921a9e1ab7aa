"""Every command that the README shows is run, and what it prints is what the README shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dynres_cli.operations.describing import described

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SESSIONS = re.findall(r"^```console\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
SCRIPTS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
NEEDED = ("bash", "find", "head", "jq")


def steps(session: str) -> list[tuple[str, str]]:
    """Each command of a session with the output shown below it."""
    found = re.split(r"^\$ (.*)\n", session, flags=re.MULTILINE)[1:]
    return list(zip(found[::2], found[1::2], strict=True))


def pattern(shown: str) -> str:
    """The shown output as a regular expression: `...` stands for anything."""
    return re.escape(shown.rstrip("\n")).replace(r"\.\.\.", ".*").replace("\\\n", "\n")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with the samples in it, and `dynres` on PATH."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"the README's pipelines need {', '.join(missing)}")
    home = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "samples", home / "samples")
    (home / "bin").mkdir()
    command = home / "bin" / "dynres"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dynres_cli "$@"\n')
    command.chmod(0o755)
    path = f"{home / 'bin'}:{os.environ['PATH']}"
    return home, {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "LC_ALL": "C.UTF-8"}


def test_the_readme_shows_sessions() -> None:
    """Else the next test would pass by running nothing."""
    assert len(SESSIONS) >= 6
    assert len(SCRIPTS) >= 1


@pytest.mark.parametrize("session", SESSIONS, ids=[steps(session)[0][0][:50] for session in SESSIONS])
def test_a_session_prints_what_the_readme_shows(shell: tuple[Path, dict[str, str]], session: str) -> None:
    """The commands of one block run in one shell, so that `$?` and files carry over."""
    home, environment = shell
    marker = "--- next command ---"
    script = "".join(
        f"{command}\nstatus=$?; printf '\\n%s\\n' '{marker}'; (exit $status)\n" for command, _ in steps(session)
    )
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    outputs = re.split(rf"\n{marker}\n", done.stdout)[:-1]
    for (command, shown), printed in zip(steps(session), outputs, strict=True):
        assert re.fullmatch(pattern(shown), printed.rstrip("\n"), re.DOTALL), f"$ {command}\n{printed}"


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_runs(shell: tuple[Path, dict[str, str]], script: str) -> None:
    """Its own assertions are what it shows."""
    home, environment = shell
    subprocess.run([sys.executable, "-c", script], cwd=home, env=environment, check=True, timeout=120)


def test_the_table_says_what_the_registry_says() -> None:
    """Every preset and nothing else; of each its rule, overview, aspect, proof, and whether a value is unconfirmed."""
    table = README.split("<!-- presets: begin", 1)[1].split("<!-- presets: end", 1)[0]
    told: dict[str, tuple[str, ...]] = {}
    for line in re.findall(r"^\| (`.*) \|$", table, re.MULTILINE):
        names, *facts = line.split(" | ")
        told |= {name: (*facts, mark) for name, mark in re.findall(r"`([a-z0-9.-]+)`(\??)", names)}
    assert told == {
        each.preset: (
            each.rule,
            each.overview,
            "kept" if each.keeps_aspect else "squashed",
            each.proof,
            "" if each.confirmed else "?",
        )
        for each in described()
    }
