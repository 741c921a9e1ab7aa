"""The installed command as its users meet it: a process with arguments, an exit status and an output folder."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests import preloaded

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("--image-size", "28", "--max-num", "4")
"""Tiles of 28 pixels: everything that is promised holds at this size too, and a run takes a moment."""

NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
"""A user whom permissions bind."""

TEMPORARY = re.compile(r"\.dynres-tmp-\d+-[0-9a-f]{8}")


def environment(**changes: str) -> dict[str, str]:
    """The environment of these tests with the package importable from any folder, and nothing of the user's options."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DYNRES_")}
    return {**kept, "PYTHONPATH": str(ROOT), **changes}


def command(*args: str | Path | bytes) -> list[str | bytes]:
    """The argument list of `dynres ARGS`."""
    return [sys.executable, "-m", "dynres_cli", *(arg if isinstance(arg, bytes) else str(arg) for arg in args)]


def dynres(
    *args: str | Path | bytes, env: Mapping[str, str] | None = None, cwd: Path | None = None, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run it to its end; a test's own time limit is far above what any run here may take."""
    words = [arg if isinstance(arg, bytes) else str(arg) for arg in args]
    return preloaded.run(words, environment(**(env or {})), cwd, stdin, timeout=300)


def tile(
    *args: str | Path | bytes, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """`dynres tile --json` with small tiles and two workers."""
    return dynres("tile", "--json", "-j", "2", *SMALL, *args, env=env, cwd=cwd)


def as_nobody(*args: str | Path) -> subprocess.CompletedProcess[bytes]:
    """`dynres tile` as a user whom permissions bind."""
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:
        tried = subprocess.run([*NOBODY, sys.executable, "-c", "import numpy"], check=False, capture_output=True)
        if tried.returncode:
            pytest.skip("no other user can run this Python")
        prefix = NOBODY
    words = [os.fsdecode(word) for word in command("tile", "--json", "-j", "2", *SMALL, *args)]
    return subprocess.run(
        [*prefix, *words], capture_output=True, timeout=120, check=False, env=environment(HOME="/tmp"), cwd="/"
    )


def start(*args: str | Path | bytes, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """`dynres tile` with small tiles in a process group of its own, to be disturbed while it runs."""
    return subprocess.Popen(
        command("tile", "--json", "-j", "2", *SMALL, *args),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**(env or {})),
        start_new_session=True,
    )


def workers_of(pid: int) -> list[int]:
    """The living children of a process."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except OSError:
        return []
    return [int(each) for each in text.split()]


def seconds_of(pid: int) -> float:
    """Processor time that a process has had; 0 where it has just ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(condition: object, seconds: float = 60) -> None:
    """Wait until something is so, and fail where it never is."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def made(out: Path) -> int:
    """How many pictures have their record."""
    return len(list(out.rglob("grid.json")))


def counts(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    """The JSON summary; its numbers add up in every test that asks for it."""
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    assert done.stdout, done.stderr.decode(errors="replace")
    summary: dict[str, Any] = json.loads(done.stdout)
    assert summary["found"] == summary["tiled"] + summary["skipped"] + summary["failed"]
    assert summary["failed"] == sum(summary["failures"].values())
    return summary


def manifest(out: Path) -> dict[str, Any]:
    """The manifest of a run that came to its end."""
    document: dict[str, Any] = json.loads((out / "manifest.json").read_bytes())
    return document


def images(out: Path) -> dict[str, dict[str, Any]]:
    """The manifest's records by key."""
    return {record["key"]: record for record in manifest(out)["images"]}


def codes(out: Path) -> dict[str, str]:
    """The code of every failed record, by key; `tiled` for the others."""
    return {key: record.get("code", record["status"]) for key, record in images(out).items()}


def tree(out: Path) -> dict[str, str]:
    """Every file of an output with the digest of its bytes; dynres's own state is not part of the output."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".dynres" not in path.relative_to(out).parts
    }


def temporaries(out: Path) -> list[Path]:
    """Everything that a run wrote aside and did not finish."""
    return [path for path in out.rglob("*") if TEMPORARY.fullmatch(path.name)]


def records(out: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every committed record with its folder."""
    for path in sorted(out.rglob("grid.json")):
        yield path.parent, json.loads(path.read_bytes())


def source_of(record: dict[str, Any]) -> str:
    """A record's file below its folder, to the byte."""
    raw = record.get("raw")
    return os.fsdecode(base64.b64decode(raw)) if raw else str(record["source"])


def on_disk(record: dict[str, Any], path: str) -> str:
    """A path of a record with the bytes that its folder's name has, which JSON may not be able to show."""
    return f"{source_of(record)}/{path.rpartition('/')[2]}" if record.get("raw") else path


def check_whole(out: Path) -> int:
    """Whatever has a final name is whole: it opens, and it is what its record says; how many files were looked at."""
    paths = [path for path in out.rglob("*") if path.is_file() and ".dynres" not in path.parts]
    finals = [path for path in paths if not TEMPORARY.fullmatch(path.name)]
    for path in finals:
        _open(path)
    listed = [record for _folder, record in records(out)]
    if (out / "manifest.json").exists():
        listed += manifest(out)["images"]
    for record, entry in ((each, entry) for each in listed for entry in each.get("files", [])):
        data = (out / on_disk(record, entry["path"])).read_bytes()
        assert len(data) == entry["bytes"], entry["path"]
        assert hashlib.sha256(data).hexdigest() == entry["sha256"], entry["path"]
    return len(finals)


def _open(path: Path) -> None:
    """Read a file as what its name says it is."""
    if path.suffix == ".npy":
        np.load(path, allow_pickle=False)
    elif path.suffix == ".png":
        with Image.open(path) as picture:
            picture.load()
    elif path.suffix == ".json":
        json.loads(path.read_bytes())
