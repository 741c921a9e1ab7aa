"""Runs what a page of the documentation shows: its sessions, whose output is compared, and its Python.

A page is run from top to bottom in one folder that holds the samples. `...` in an output stands for anything. A comment
names what the block below it needs, or the page if it stands in the first line:

    <!-- needs: command jq, module torch -->

A session without what it needs is not run, and neither is a page; Python without it is only compiled.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
MARKER = "--- next command ---"
_BLOCK = re.compile(r"(?:^<!-- needs: ([^\n]*?) -->\n\n?)?^```(console|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PAGE = re.compile(r"\A<!-- needs: ([^\n]*?) -->\n\n?(?!```)")


@dataclass(frozen=True, slots=True)
class Block:
    """One session or script of a page, and what it needs."""

    kind: str
    text: str
    needs: tuple[str, ...] = ()

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Each command of a session with the output shown below it; a command goes on in lines that begin with `> `."""
        found = re.split(r"^\$ (.*(?:\n> .*)*)\n", self.text, flags=re.MULTILINE)[1:]
        return [(command.replace("\n> ", "\n"), shown) for command, shown in zip(found[::2], found[1::2], strict=True)]


def blocks(page: str) -> list[Block]:
    """What a page has to run, in its order."""
    return [Block(kind, text, _listed(needs)) for needs, kind, text in _BLOCK.findall(page)]


def needs_of(page: str) -> tuple[str, ...]:
    """What the page as a whole needs."""
    found = _PAGE.match(page)
    return _listed(found[1]) if found else ()


def _listed(needs: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in needs.split(",") if each.strip())


def missing(needs: tuple[str, ...]) -> list[str]:
    """What of it is not here."""
    return [each for each in needs if not _is_here(*each.split())]


def _is_here(kind: str, name: str) -> bool:
    if kind == "module":
        return importlib.util.find_spec(name) is not None
    assert kind == "command", kind
    return shutil.which(name) is not None


def pattern(shown: str) -> str:
    """The shown output as a regular expression: `...` stands for anything."""
    return re.escape(shown.rstrip("\n")).replace(r"\.\.\.", ".*").replace("\\\n", "\n")


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder with the samples in it, and `dynres` and this Python on PATH."""

    home: Path

    @classmethod
    def laid(cls, home: Path) -> Desk:
        """A new one."""
        shutil.copytree(ROOT / "samples", home / "samples")
        (home / "bin").mkdir()
        command = home / "bin" / "dynres"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dynres_cli "$@"\n')
        command.chmod(0o755)
        return cls(home)

    @property
    def environment(self) -> dict[str, str]:
        path = f"{self.home / 'bin'}:{os.environ['PATH']}"
        offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(self.home / "hf")}
        # What an interpreter buffers is not to depend on who runs the tests.
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        return {**kept, **offline, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "LC_ALL": "C.UTF-8"}

    def printed(self, session: Block) -> list[str]:
        """What each command of a session prints; they run in one shell, so that `$?` and variables carry over."""
        script = "".join(
            f"{command}\nstatus=$?; printf '\\n%s\\n' '{MARKER}'; (exit $status)\n" for command, _ in session.steps
        )
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        return re.split(rf"\n?{MARKER}\n", done.stdout)[:-1]

    def check(self, session: Block) -> None:
        """Every command prints what is shown below it."""
        for (command, shown), printed in zip(session.steps, self.printed(session), strict=True):
            assert re.fullmatch(pattern(shown), printed.strip("\n"), re.DOTALL), f"$ {command}\n{printed}"

    def run(self, scripts: list[Block]) -> None:
        """The Python of a page as one script: each block goes on from the one before."""
        at_hand = [each.text for each in scripts if not missing(each.needs)]
        for each in scripts:
            compile(each.text, "a block of the page", "exec")
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(at_hand)],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr


def run_page(page: str, home: Path) -> None:
    """Everything that a page shows."""
    desk, found = Desk.laid(home), blocks(page)
    for session in (each for each in found if each.kind == "console" and not missing(each.needs)):
        desk.check(session)
    scripts = [each for each in found if each.kind == "python"]
    if scripts:
        desk.run(scripts)
