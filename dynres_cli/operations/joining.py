"""`dynres join`: the canvas of a picture again from its tiles, every level proved by the record's own digests."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import numpy as np
from PIL import Image

from dynres_cli.errors import ImageError, RunError, Unsound, UsageError
from dynres_cli.geometry import Box, Plan
from dynres_cli.manifest import FileEntry, TiledRecord, exact_key
from dynres_cli.operations import frames
from dynres_cli.operations.checking import proved_levels
from dynres_cli.operations.commits import Commits
from dynres_cli.operations.reading import Output
from dynres_cli.operations.replanning import replanned, tiled_size
from dynres_cli.operations.witness import check_committed
from dynres_cli.resample import Pixels
from dynres_cli.sinks import png
from dynres_cli.sinks.contents import open_entry
from dynres_cli.storage import NewFile, Writer, read_below, stat_below
from dynres_cli.tree import is_inside

LOSSY = "lossy: resized from the tiles' canvas to the size of the original"
LARGEST_PNG = 1 << 32
BEFORE_PIXELS = 33
"""Where a PNG's signature and header end."""


@dataclass(frozen=True, slots=True)
class JoinOptions:
    """How canvases are written: whole, without their padding, or at the original's size."""

    crop: bool = False
    size: Literal["canvas", "original"] = "canvas"
    overwrite: bool = False


class NotJoined(Exception):  # noqa: N818 - it is an answer, not an error
    """One picture that cannot be put together, and why."""


def refuse_dest(out: str, dest: str) -> None:
    """Refuse a destination inside the output: what is written there would be strangers to it."""
    if is_inside(dest, out):
        msg = f"{dest} lies in the output {out}; name a folder outside it"
        raise UsageError(msg)


def check_joinable(output: Output, wanted: JoinOptions) -> int:
    """How many pictures there are to join; RunError naming the first that has no canvas, before anything is written."""
    number = 0
    layout = output.run.layout.name if output.run.layout else "tree"
    if layout not in ("tree", "webdataset"):
        msg = f"{output.where}: canvases are joined from the layouts tree and webdataset, and this is {layout}"
        raise RunError(msg, code="no_canvas")
    commits = Commits(output)
    for record in output.records():
        if isinstance(record, TiledRecord):
            number += 1
            check_committed(commits, record)
            reason = obstacle(record, replanned(record), wanted)
            if reason:
                msg = f"{record.key}: {reason}"
                raise RunError(msg, code="no_canvas")
    return number


def obstacle(record: TiledRecord, plan: Plan, wanted: JoinOptions) -> str | None:
    """Why there is no one canvas of levels to be had from the files of a picture."""
    surface = plan.canvas_surface
    if plan.canvas is None or surface is None:
        return f"with {record.preset} its tiles lie on pictures of their own, so that there is no canvas to join"
    if plan.surfaces[surface].space != "uint8":
        return f"{record.preset} has its canvas in floats; its tiles as pictures are only previews"
    entries = _tiles(record, plan)
    if len(entries) < len(plan.grid_tiles):
        return "its tiles were not written as pictures (--tiles none); tile it again with --tiles png"
    if not _covers(plan.canvas.width, plan.canvas.height, [plan.views[view].box for view in entries]):
        return f"the tiles of {record.preset} do not show all of its canvas"
    if wanted.size == "original" and not _shows_everything(record, plan):
        return "its canvas shows only a part of the picture, so that the original's size cannot be had"
    return None


def _surface(plan: Plan) -> int:
    """The surface that is the canvas."""
    return next(view.surface for view in plan.grid_tiles.values())


def _tiles(record: TiledRecord, plan: Plan) -> dict[int, FileEntry]:
    """The files of the grid's own tiles by their views."""
    grid = plan.grid_tiles
    return {each.view: each for each in record.files if each.kind == "tile" and each.view in grid}


def _covers(width: int, height: int, boxes: list[Box]) -> bool:
    """Whether boxes leave no part of a rectangle free: looked at cell by cell between all their edges."""
    xs = sorted({0, width, *(edge for box in boxes for edge in (box.left, box.right))})
    ys = sorted({0, height, *(edge for box in boxes for edge in (box.top, box.bottom))})
    return all(
        any(box.left <= x < box.right and box.top <= y < box.bottom for box in boxes) for x in xs[:-1] for y in ys[:-1]
    )


def _content(record: TiledRecord, plan: Plan) -> frames.Rect:
    """Where the picture lies on its canvas, which may be beyond its edges."""
    frame = frames.surface(plan, tiled_size(record), _surface(plan))
    corner, far = frame.from_original([(frames.ZERO, frames.ZERO), (Fraction(record.width), Fraction(record.height))])
    return (*corner, *far)


def _shows_everything(record: TiledRecord, plan: Plan) -> bool:
    left, top, right, bottom = _content(record, plan)
    canvas = plan.surfaces[_surface(plan)].size
    return left >= 0 and top >= 0 and right <= canvas.width and bottom <= canvas.height


def canvas_of(output: Output, record: TiledRecord, plan: Plan) -> Pixels:
    """The canvas from its tiles; NotJoined where a file is missing or shows other pixels than its record says."""
    canvas = plan.surfaces[_surface(plan)].size
    pixels = np.zeros((canvas.height, canvas.width, 3), np.uint8)
    for view, entry in _tiles(record, plan).items():
        box = plan.views[view].box
        pixels[box.top : box.bottom, box.left : box.right] = _tile(output, record, entry)
    return pixels


def _tile(output: Output, record: TiledRecord, entry: FileEntry) -> Pixels:
    try:
        with open_entry(output.root, output.path(record, entry), entry) as file:
            levels = proved_levels(file, entry)
    except (Unsound, ValueError) as error:
        raise NotJoined(str(error)) from error
    except OSError as error:
        msg = f"{entry.path}: cannot be read ({error.strerror})"
        raise NotJoined(msg) from error
    if levels is None:
        msg = f"{entry.path}: shows other pixels than its record says; see `dynres verify`"
        raise NotJoined(msg)
    return levels


@dataclass(slots=True)
class Account:
    """How many pictures were joined; `skipped` are those that were never tiled."""

    joined: int = 0
    skipped: int = 0
    failed: list[str] = field(default_factory=list)


def join_all(output: Output, writer: Writer, wanted: JoinOptions, account: Account) -> Iterator[NotJoined | None]:
    """Write the canvas of every picture that was tiled; None, or why it was not written, for each."""
    for record in output.records():
        if not isinstance(record, TiledRecord):
            account.skipped += 1
            continue
        try:
            join_one(output, record, writer, wanted)
        except NotJoined as reason:
            account.failed.append(record.key)
            yield reason
        else:
            account.joined += 1
            yield None


def join_one(output: Output, record: TiledRecord, writer: Writer, wanted: JoinOptions) -> None:
    """Write one picture's canvas to its place; NotJoined where that cannot be done."""
    plan = replanned(record)
    pixels = canvas_of(output, record, plan)
    if wanted.crop or wanted.size == "original":
        pixels = _without_padding(pixels, record, plan)
    data = png.encode(np.ascontiguousarray(pixels))
    if wanted.size == "original":
        resized = Image.fromarray(pixels).resize((record.width, record.height), Image.Resampling.BICUBIC)
        data = labelled(png.encode(np.asarray(resized)), LOSSY)
    _write(writer, exact_key(record), data, overwrite=wanted.overwrite)


def _without_padding(pixels: Pixels, record: TiledRecord, plan: Plan) -> Pixels:
    left, top, right, bottom = (max(round(edge), 0) for edge in _content(record, plan))
    return pixels[top:bottom, left:right]


def _write(writer: Writer, key: str, data: bytes, *, overwrite: bool) -> None:
    """Put a file to its place, where no other one may stand unless that was asked for."""
    folder, _, name = key.rpartition("/")
    try:
        if stat_below(writer.root, f"{key}.png") is not None:
            if read_below(writer.root, f"{key}.png", LARGEST_PNG) == data:
                return
            if not overwrite:
                msg = f"{key}.png: another file stands there; remove it, or add --overwrite"
                raise NotJoined(msg)
        writer.write(folder, [NewFile(f"{name}.png", (data,))])
    except OSError as error:
        msg = f"{key}.png: cannot be written ({error.strerror})"
        raise NotJoined(msg) from error
    except ImageError as error:
        msg = f"{key}.png: {error}"
        raise NotJoined(msg) from error
    except Unsound as error:
        raise NotJoined(str(error)) from error


def labelled(data: bytes, text: str) -> bytes:
    """A PNG with a comment in it."""
    body = b"tEXtComment\0" + text.encode("latin-1")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:BEFORE_PIXELS] + chunk + data[BEFORE_PIXELS:]
