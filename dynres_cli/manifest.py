"""The JSON of records: what is written for each picture and for a whole run, and how it is read back."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar

from dynres_cli.errors import FailureCode, Unsound
from dynres_cli.items import Failed, Stage
from dynres_cli.jsontext import is_finite, raw, shown, to_json

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")
SCHEMA = "dynres.manifest/1"
ALGORITHM = 1
"""Rises whenever any output byte may change for the same input and options."""

VOLUME_IMAGES = 1_000_000
"""Above so many images their lines are not in manifest.json but in volumes of so many beside it."""

FileKind = Literal["tile", "thumbnail", "preview", "tensor"]
IntBox = tuple[int, int, int, int]
FloatBox = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class GridEntry:
    """Columns and rows of tiles."""

    cols: int
    rows: int

    def __str__(self) -> str:
        return f"{self.cols}×{self.rows}"


@dataclass(frozen=True, slots=True)
class SizeEntry:
    """A size in pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file that was written for a picture.

    `box` is the view's place on its canvas, `source_box` what it shows of the picture as tiled: left, top, right,
    bottom. `pixels_sha256` is over the view's RGB bytes, row by row. Where `path` is a shard, `offset` is where the
    file's bytes begin in it, `member` its name in a tar, `at` its row in a table, `first` its first view in an array.
    """

    __pydantic_config__: ClassVar = {"allow_inf_nan": False}
    path: str
    kind: FileKind
    view: int | None = None
    row: int | None = None
    col: int | None = None
    box: IntBox | None = None
    source_box: FloatBox | None = None
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    bytes: int = 0
    sha256: str = ""
    pixels_sha256: str | None = None
    member: str | None = None
    offset: int | None = None
    at: int | None = None
    first: int | None = None


@dataclass(frozen=True, slots=True)
class TiledRecord:
    """One picture that was tiled. width, height and source boxes are in the frame that was tiled.

    `frame` tells the pictures of one file apart, counted from 0, where all of them were asked for.
    """

    key: str
    source: str
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
    status: Literal["tiled"] = "tiled"
    raw: str | None = None
    frame: int | None = None
    options: Mapping[str, Any] | None = None
    inputs: Mapping[str, Any] | None = None
    prompt: tuple[tuple[str, int], ...] | None = None


@dataclass(frozen=True, slots=True)
class FailedRecord:
    """One picture that failed, where and why."""

    key: str
    source: str
    stage: Stage
    code: FailureCode
    message: str
    status: Literal["failed"] = "failed"
    raw: str | None = None
    frame: int | None = None
    options: Mapping[str, Any] | None = None


Record = TiledRecord | FailedRecord

_TILED_ORDER = (
    *("key", "source", "raw", "frame", "status", "bytes", "sha256", "format", "mode", "width", "height"),
    *("orientation", "oriented", "preset", "strategy", "params", "options", "grid", "canvas"),
    *("tiles", "thumbnail", "total", "tokens", "flags", "inputs", "prompt", "files"),
)
_FAILED_ORDER = ("key", "source", "raw", "frame", "status", "stage", "code", "message", "options")
_SHOWN_WHEN_NONE = {"canvas"}


def line(record: Record) -> str:
    """A record as one line of JSON, without the newline: what grid.json and the manifest hold."""
    order = _TILED_ORDER if isinstance(record, TiledRecord) else _FAILED_ORDER
    return to_json({name: _plain(getattr(record, name)) for name in order if _shown(record, name)})


def _shown(record: object, name: str) -> bool:
    return name in _SHOWN_WHEN_NONE or getattr(record, name) is not None


def _plain(value: object) -> object:
    """A nested entry as a mapping, with what it does not have left out."""
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if dataclasses.is_dataclass(value):
        names = [each.name for each in dataclasses.fields(value)]
        return {name: _plain(getattr(value, name)) for name in names if getattr(value, name) is not None}
    return value


def exact_key(record: Record) -> str:
    """The key as the file system knows it, surrogate escapes included."""
    if record.raw is None:
        return record.key
    return base64.b64decode(record.raw).decode("utf-8", "surrogateescape")


def exact_key_of_file(record: Record) -> str:
    """The key of the file that a record's picture comes from: the same, but for one of several pictures in a file."""
    return exact_key(record) if record.frame is None else exact_key(record).rpartition("/")[0]


def failed_record(failed: Failed, options: Mapping[str, Any] | None = None) -> FailedRecord:
    """The record of a failure; `options` are those that differ from the defaults."""
    return FailedRecord(
        key=failed.key,
        source=failed.source,
        stage=failed.stage,
        code=failed.code,
        message=shown(failed.message),
        raw=raw(failed.key),
        frame=failed.frame,
        options=options or None,
    )


@dataclass(frozen=True, slots=True)
class Keys:
    """How many keys a run had, and the sha256 over them (each followed by a NUL byte), in their order."""

    count: int
    sha256: str


ShardLayout = Literal["packed", "webdataset", "parquet"]


@dataclass(frozen=True, slots=True)
class LayoutEntry:
    """How an output that is no tree is cut into shards: all that decides which picture goes into which."""

    name: ShardLayout
    shard_size: int | None = None
    """Bytes of a shard's views as uint8, at the most."""
    shard_tiles: int | None = None
    """Views in a shard, at the most."""
    pack_by: Literal["tiles", "tokens"] | None = None


@dataclass(frozen=True, slots=True)
class Volume:
    """One file of JSON lines that holds so many of a manifest's images, where one file for all would be too large."""

    path: str
    images: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Run:
    """What a manifest says of the run that its output could come from: nothing that differs between two such runs."""

    dynres: str
    algorithm: int
    preset: str
    strategy: str
    params: Mapping[str, Any]
    options: Mapping[str, Any]
    images: int
    tiled: int
    failed: int
    tiles: int
    total: int
    tokens: int
    keys: Keys
    shard: str | None = None
    listing: Keys | None = None
    """With --shard, the keys of the whole listing, of which this run had its part."""
    parts: tuple[str, ...] | None = None
    """Where several shards' outputs were joined, their folders below this one, in the order of their numbers."""
    manifests: tuple[Volume, ...] | None = None
    """Where there are too many images for one file, the volumes that hold their lines, in key order."""
    failures: Mapping[str, int] = field(default_factory=dict)
    layout: LayoutEntry | None = None
    """How the output is cut into shards; None for a tree."""


def head(run: Run) -> str:
    """The manifest's text up to its first image."""
    return head_of(_plain(run))


def head_of(told: object) -> str:
    """The same from what a manifest says of its run, as JSON has it."""
    return f'{{"schema": {json.dumps(SCHEMA)}, "run": {to_json(told)}, "images": [\n'


TAIL = "]}\n"


def parse_run(text: str | bytes, where: str) -> Run:
    """What a manifest says of its run, from text that anyone may have written; RunError naming `where`."""
    return _parsed(_validators()[0], text, f"{where}: what it says of its run is not dynres's own")


def parse_record(text: str | bytes, where: str) -> Record:
    """A record read from text that anyone may have written; RunError naming `where` if it is not one."""
    return _parsed(_validators()[1], text, f"{where}: not a record of dynres")


def _parsed(validator: TypeAdapter[T], text: str | bytes, refusal: str) -> T:
    from pydantic import ValidationError  # noqa: PLC0415 - `--help` does without pydantic

    try:
        value = validator.validate_json(text)
        if all(is_finite(getattr(value, name, None)) for name in ("params", "options", "inputs")):
            return value
        msg = f"{refusal}: a number is out of range"
    except ValidationError as error:
        msg = f"{refusal}: {_first(error)}"
    raise Unsound(msg, code="manifest")


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, with its place; never the value itself."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


@cache
def _validators() -> tuple[TypeAdapter[Run], TypeAdapter[Record]]:
    """Those of runs and of records, built once in a process: a merge reads hundreds of runs."""
    from pydantic import Field, TypeAdapter  # noqa: PLC0415 - `--help` and `inspect` do without pydantic

    return TypeAdapter(Run), TypeAdapter(Annotated[TiledRecord | FailedRecord, Field(discriminator="status")])
