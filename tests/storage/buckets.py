"""`dynres` run with a store on loopback, and what the same pictures give on a disk."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import ROOT, Ran, dynres, tree
from tests.storage.stores import Store

SMALL = ("--image-size", "32", "--max-num", "2", "--kernel", "pillow")
"""Small views: it is the way that is tested here, not the pixels."""


def command(store: Store, *arguments: str | Path, cwd: Path = ROOT, **environment: str) -> Ran:
    """`dynres` where it finds the store."""
    return dynres(*arguments, stdin=b"", cwd=cwd, **(store.environment | environment))


def tile(store: Store, *arguments: str | Path, **environment: str) -> Ran:
    """`dynres tile` with small views and two workers."""
    return command(store, "tile", *arguments, *SMALL, "-j", "2", "--json", cwd=ROOT, **environment)


def local(folder: Path, tmp_path: Path, *options: str) -> dict[str, bytes]:
    """What the same pictures give on a disk."""
    assert dynres("tile", folder, tmp_path / "local", *SMALL, *options, "-q").status == 3
    return tree(tmp_path / "local")
