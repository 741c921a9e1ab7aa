"""Finished outputs to work on: small pictures, tiled once in a session of tests and copied for each."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from PIL import Image

from tests.cli.command import dynres
from tests.files import exif
from tests.pictures import noise

SMALL = ("--image-size", "28", "--max-num", "6", "-j", "1", "--engine", "serial", "-q", "--no-fsync")


def pictures(folder: Path) -> Path:
    """Four pictures in two folders, one of them turned by its tag, and a file that is no picture."""
    (folder / "a").mkdir(parents=True)
    Image.fromarray(noise(90, 60, 1)).save(folder / "a" / "wide.png")
    Image.fromarray(noise(40, 41, 2)).save(folder / "a" / "square.jpg", quality=95)
    Image.fromarray(noise(50, 120, 3)).save(folder / "tall.jpg", exif=exif(6))
    Image.fromarray(noise(33, 20, 4)).save(folder / "z.bmp")
    (folder / "bad.jpg").write_bytes(b"\xff\xd8 nothing")
    return folder


def tiled(source: Path, out: Path, *options: str) -> Path:
    """The output of a run over `source`."""
    ran = dynres("tile", source, out, *(options or SMALL))
    assert ran.status in (0, 3), ran.err
    return out


def copy(out: Path, to: Path) -> Path:
    """A copy to be damaged."""
    shutil.copytree(out, to, symlinks=True, dirs_exist_ok=True)
    return to


def edit(out: Path, old: str, new: str) -> None:
    """Replace text in the manifest, as an editor would."""
    path = out / "manifest.json"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def record(out: Path, key: str) -> dict[str, Any]:
    """One picture's record."""
    found: dict[str, Any] = json.loads((out / key / "grid.json").read_text("utf-8"))
    return found


def rewrite(out: Path, key: str, **changes: object) -> None:
    """Change a record in both places alike, so that only the files themselves can tell."""
    path = out / key / "grid.json"
    old = path.read_text("utf-8").rstrip("\n")
    new = json.dumps({**json.loads(old), **changes}, ensure_ascii=False)
    path.write_text(new + "\n", "utf-8")
    edit(out, old, new)
