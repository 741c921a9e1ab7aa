"""Reads the boxes that are to be mapped, from JSON lines or COCO, and refuses what is none with its line."""

from __future__ import annotations

import base64
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import IO, Any

from dynres_cli.errors import UsageError
from dynres_cli.jsontext import is_finite, shown
from dynres_cli.operations.frames import Pair
from dynres_cli.operations.shapes import Kind, Shape

LARGEST = 10**9
"""Pixels; beyond, a coordinate is a mistake."""

KINDS: tuple[Kind, ...] = ("box", "point", "polygon")
_OURS = {"id", "key", "view", "row", "col", "share", "flags", *KINDS}


@dataclass(frozen=True, slots=True)
class AskedShape:
    """One shape of one picture, as it was given; `extra` is carried along untouched."""

    id: object
    key: str
    shape: Shape
    view: int | None = None
    pairs: bool = False
    """Whether a polygon was given as pairs, not as one flat list; it is answered likewise."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    exact: str = ""
    """The picture's name by its bytes, where `raw` gives them as in a record; "" where the key alone is known."""

    @property
    def named(self) -> tuple[str, str]:
        """By what its picture is named."""
        return self.key, self.exact


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """The file of this name, or stdin for `-`, so that it can be read twice: what comes through a pipe is kept."""
    if name == "-" and sys.stdin is None:
        msg = "there is no stdin to read boxes from; name a file instead of -"
        raise UsageError(msg)
    with ExitStack() as stack:
        try:
            file = sys.stdin.buffer if name == "-" else stack.enter_context(open(name, "rb"))
            if name == "-" or not file.seekable():
                copy = stack.enter_context(tempfile.TemporaryFile())
                shutil.copyfileobj(file, copy)
                file = copy
        except OSError as error:
            msg = f"{name}: cannot read the boxes ({error.strerror}); name a file, or - for stdin"
            raise UsageError(msg) from None
        yield file


def asked(file: IO[bytes], name: str, *, need_view: bool) -> Iterator[AskedShape]:
    """Every shape in the file; UsageError with its line for what cannot be understood."""
    file.seek(0)
    whole = _document(file)
    if whole is not None:
        objects = _coco(whole, name) if isinstance(whole, dict) else enumerate(whole, 1)
    else:
        file.seek(0)
        objects = _lines(file, name)
    for place, each in objects:
        yield from _shapes(each, (name, place), need_view=need_view)


def _document(file: IO[bytes]) -> dict[str, Any] | list[Any] | None:
    """The file as one JSON document, if it is COCO or a list; None for JSON lines."""
    first = file.readline().strip()
    try:
        alone = json.loads(first) if first not in (b"{", b"[") else None
    except (ValueError, RecursionError):
        alone = None
    if isinstance(alone, dict) and not _is_coco(alone):
        return None
    file.seek(0)
    try:
        whole = json.load(file, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return whole if isinstance(whole, list) or (isinstance(whole, dict) and _is_coco(whole)) else None


def _is_coco(document: Mapping[str, object]) -> bool:
    """Whether it is meant to be: a box of our own may carry other fields along, but has a key."""
    return "annotations" in document or ("images" in document and "key" not in document)


def _no_number(text: str) -> float:
    msg = f"{text} is no coordinate"
    raise ValueError(msg)


def _lines(file: IO[bytes], name: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                yield number, json.loads(line, parse_constant=_no_number)
            except (ValueError, RecursionError):
                raise _refusal(name, number, "is not one JSON object on one line") from None


def _coco(document: dict[str, Any], name: str) -> Iterator[tuple[object, Any]]:
    """COCO annotations as objects of our own: bbox, the polygons of segmentation and the labelled keypoints."""
    if "annotations" not in document:
        raise _refusal(name, "annotations", "there are none beside the images; give COCO that has its annotations")
    try:
        files = _files(document["images"], name)
        for each in document["annotations"]:
            where = f"annotation {each.get('id')}"
            if each["image_id"] not in files:
                raise _refusal(name, where, f"there is no image {each['image_id']} in the file")
            common = {
                "id": each.get("id"),
                "key": files[each["image_id"]],
                **{name: each[name] for name in ("image_id", "category_id") if name in each},
            }
            if not (each.get("bbox") or each.get("keypoints") or _rings(each)):
                raise _refusal(name, where, 'has neither "bbox" nor polygons nor "keypoints"')
            yield from ((where, common | shape) for shape in _of_annotation(each))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise _refusal(
            name, "annotations", "is not COCO: images need id and file_name, annotations image_id and bbox"
        ) from None


def _files(images: Iterable[Mapping[str, Any]], name: str) -> dict[object, str]:
    """The file behind each image's id."""
    files: dict[object, str] = {}
    for image in images:
        number, file = image["id"], image["file_name"]
        if files.setdefault(number, file) != file:
            raise _refusal(name, "images", f"the id {number} stands for both {files[number]} and {file}")
    return files


def _of_annotation(annotation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if annotation.get("bbox"):
        left, top, width, height = annotation["bbox"]
        yield {"box": [left, top, left + width, top + height]}
    yield from ({"polygon": ring} for ring in _rings(annotation))
    values = annotation.get("keypoints") or []
    for x, y, visible in zip(values[0::3], values[1::3], values[2::3], strict=True):
        if visible:
            yield {"point": [x, y]}


def _rings(annotation: Mapping[str, Any]) -> list[Any]:
    """Its polygons. Run-length masks are none; their bbox is mapped."""
    rings = annotation.get("segmentation")
    return rings if isinstance(rings, list) else []


def _shapes(given: object, where: tuple[str, object], *, need_view: bool) -> Iterator[AskedShape]:
    if not isinstance(given, dict) or not isinstance(given.get("key"), str):
        raise _refusal(*where, 'needs a "key", the picture as the manifest names it')
    kinds = [kind for kind in KINDS if kind in given]
    if not kinds:
        raise _refusal(*where, 'has none of "box", "point" and "polygon"')
    view = given.get("view")
    if need_view and (not isinstance(view, int) or isinstance(view, bool)):
        raise _refusal(*where, 'needs a "view", for its coordinates are those of a tile')
    extra = {name: value for name, value in given.items() if name not in _OURS}
    if not is_finite([given.get("id"), extra]):
        raise _refusal(*where, "has a number without end beside its coordinates, which JSON cannot give back")
    for kind in kinds:
        points, pairs = _points(given[kind], kind, where)
        shape, seen_in = Shape(kind, points), view if need_view else None
        yield AskedShape(given.get("id"), given["key"], shape, seen_in, pairs, extra, _exact(given))


def _exact(given: Mapping[str, Any]) -> str:
    """The name that `raw` holds; "" where it is none of this key's: other programs may mean something else by it."""
    try:
        name = base64.b64decode(given.get("raw", ""), validate=True).decode("utf-8", "surrogateescape")
    except (TypeError, ValueError):
        return ""
    return name if shown(name) == given["key"] else ""


def _points(value: object, kind: Kind, where: tuple[str, object]) -> tuple[tuple[Pair, ...], bool]:
    """The points of a shape, and whether they were given as pairs."""
    pairs = (
        isinstance(value, list) and len(value) > 0 and all(isinstance(each, list) and len(each) == 2 for each in value)
    )
    flat = [number for each in value for number in each] if pairs and isinstance(value, list) else value
    if not isinstance(flat, list) or not all(map(_is_coordinate, flat)) or not _right_count(len(flat), kind):
        wanted = {"box": "[x0, y0, x1, y1]", "point": "[x, y]", "polygon": "three corners [x, y] or more"}[kind]
        raise _refusal(*where, f'"{kind}" has to be {wanted}')
    if kind == "box" and (flat[0] > flat[2] or flat[1] > flat[3]):
        raise _refusal(*where, "the box ends before it begins; a box is left, top, right, bottom")
    numbers = [Fraction(number) for number in flat]
    return tuple(zip(numbers[0::2], numbers[1::2], strict=True)), pairs


def _is_coordinate(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def _right_count(count: int, kind: Kind) -> bool:
    if kind == "polygon":
        return count >= 6 and count % 2 == 0
    return count == (4 if kind == "box" else 2)


def _refusal(name: str, place: object, why: str) -> UsageError:
    return UsageError(f"{name}:{place}: {why}")
