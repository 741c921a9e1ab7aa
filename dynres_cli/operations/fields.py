"""The fields of a record by name and type, for whoever reads an output in a program that is type-checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from dynres_cli.errors import FailureCode
from dynres_cli.items import Stage
from dynres_cli.manifest import FileEntry, GridEntry, SizeEntry


class RecordFields:
    """What a record may state; which of it a picture has, its `status` tells."""

    key: str
    source: str
    status: Literal["tiled", "failed"]
    raw: str | None
    frame: int | None
    options: Mapping[str, Any] | None
    # Of a tiled picture.
    bytes: int
    sha256: str
    format: str
    mode: str
    width: int
    height: int
    orientation: int
    oriented: bool
    preset: str
    strategy: str
    params: Mapping[str, Any]
    grid: GridEntry
    canvas: SizeEntry | None
    tiles: int
    thumbnail: bool
    total: int
    tokens: int
    flags: tuple[str, ...]
    files: tuple[FileEntry, ...]
    inputs: Mapping[str, Any] | None
    prompt: tuple[tuple[str, int], ...] | None
    # Of a failed one.
    stage: Stage
    code: FailureCode
    message: str
