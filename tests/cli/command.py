"""Runs the command as a user does: a process of its own, its output in bytes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import preloaded

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run of the command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command printed
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


def dynres(*arguments: str | Path, stdin: bytes = b"", cwd: Path = ROOT, **environment: str) -> Ran:
    """Run `dynres` with these arguments, in this repository unless told otherwise."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **environment}
    done = preloaded.run([*map(str, arguments)], env, cwd, stdin, timeout=600)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in err, err
    return Ran(done.returncode, out, err)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path, save the lock and its like."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path.read_bytes() for name, path in names.items() if not name.startswith(".dynres")}


def manifest(out: Path) -> dict[str, Any]:
    """The manifest of an output."""
    found: dict[str, Any] = json.loads((out / "manifest.json").read_text("utf-8"))
    return found
