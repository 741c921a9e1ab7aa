"""One picture's files in the tree layout: tile PNGs, the thumbnail, the tensor, and what the record says of each."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dynres_cli import normalize
from dynres_cli.arena import Arena, empty
from dynres_cli.geometry import Plan, Size, View, source_box
from dynres_cli.jsontext import shown
from dynres_cli.manifest import FileEntry, FileKind
from dynres_cli.normalize import Floats
from dynres_cli.presets import PixelPolicy
from dynres_cli.render import Picture
from dynres_cli.resample import Kernel
from dynres_cli.sinks import npy, png

Tiles = Literal["png", "none"]
Tensor = Literal["npy", "none"]


@dataclass(frozen=True, slots=True)
class Writing:
    """Which files are written for a picture, and how."""

    tiles: Tiles = "png"
    tensor: Tensor = "npy"
    dtype: npy.Dtype = "float32"
    png_level: png.Level = "fast"


@dataclass(frozen=True, slots=True)
class Encoded:
    """A file to be: its name in the picture's folder, its bytes in one or more pieces, and what is known of it so far.

    `described` completes the entry; taking a digest is left for when the disk has the bytes already.
    """

    name: str
    pieces: tuple[bytes | memoryview, ...]
    entry: FileEntry


@dataclass(frozen=True, slots=True)
class Rendered:
    """A picture's views with the plan they come from."""

    key: str
    source: Size
    plan: Plan
    views: Sequence[Picture]
    kernel: Kernel = "pillow"
    arena: Arena | None = None
    """Where the tensor is made, if it need not outlive the picture."""


def pngs(rendered: Rendered, policy: PixelPolicy, level: png.Level) -> Iterator[Encoded]:
    """One PNG a view, in the model's order; a view that exists only as floats is shown as a preview."""
    for number, (name, view) in enumerate(zip(view_names(rendered.plan), rendered.plan.views, strict=True)):
        pixels = np.ascontiguousarray(normalize.preview(rendered.views[number], policy))
        entry = _view_entry(rendered, number, view)
        exact = rendered.views[number].dtype == np.uint8
        entry = dataclasses.replace(
            entry,
            kind=entry.kind if exact else "preview",
            pixels_sha256=hashlib.sha256(pixels.data).hexdigest(),
        )
        yield Encoded(name, (png.encode(pixels, level, rendered.kernel),), entry)


def view_names(plan: Plan) -> list[str]:
    """A file name for each view; where tiles of several surfaces share a row and column, the surface is told too."""
    places = Counter((view.row, view.col) for view in plan.views if view.role == "tile")
    crowded = max(places.values(), default=0) > 1
    return [_view_name(view, surface=crowded) for view in plan.views]


def _view_name(view: View, *, surface: bool) -> str:
    if view.role == "overview":
        return "thumbnail.png"
    scale = f"_s{view.surface}" if surface else ""
    return f"tile{scale}_r{view.row}_c{view.col}.png"


def _view_entry(rendered: Rendered, number: int, view: View) -> FileEntry:
    kind: FileKind = "tile" if view.role == "tile" else "thumbnail"
    box = view.box
    return FileEntry(
        path="",
        kind=kind,
        view=number,
        row=view.row if view.role == "tile" else None,
        col=view.col if view.role == "tile" else None,
        box=(box.left, box.top, box.right, box.bottom),
        source_box=source_box(rendered.plan, rendered.source, view),
    )


def tensors(rendered: Rendered, policy: PixelPolicy, dtype: npy.Dtype, *, equal: bool) -> Iterator[Encoded]:
    """The tensor of all views, or one a view where a strategy's views differ in size."""
    if equal:
        shape = (len(rendered.views), 3, *rendered.views[0].shape[:2])
        yield _tensor(rendered, "pixel_values.npy", rendered.views, (shape, dtype), policy)
        return
    for number, view in enumerate(rendered.views):
        shape = (3, *view.shape[:2])
        output = _tensor(rendered, f"pixel_values_{number:03d}.npy", [view], (shape, dtype), policy)
        yield dataclasses.replace(output, entry=dataclasses.replace(output.entry, view=number))


def _tensor(
    rendered: Rendered,
    name: str,
    views: Sequence[Picture],
    kind: tuple[tuple[int, ...], npy.Dtype],
    policy: PixelPolicy,
) -> Encoded:
    """One .npy file; float32, which nearly everybody wants, is normalised into the file's own memory."""
    shape, dtype = kind
    if dtype == "float32":
        file, values = npy.blank(shape, dtype, rendered.arena)
        normalize.fill(values.reshape(len(views), *shape[-3:]), views, policy, rendered.kernel)
    else:
        arrays = _levels(views) if dtype == "uint8" else _normalised(views, policy, rendered)
        file = npy.encode(arrays, shape, dtype, rendered.arena)
    entry = FileEntry(path="", kind="tensor", shape=shape, dtype=dtype, mean=policy.mean, std=policy.std)
    return Encoded(name, (file.data,), entry)


def _levels(views: Sequence[Picture]) -> Iterator[Picture]:
    """Each view before normalisation, channels first."""
    return (view.transpose(2, 0, 1) for view in views)


def _normalised(views: Sequence[Picture], policy: PixelPolicy, rendered: Rendered) -> Iterator[Floats]:
    """Each view normalised, in memory that the next one takes."""
    room = empty(rendered.arena, (1, 3, *views[0].shape[:2]), np.float32)
    for view in views:
        normalize.fill(room, [view], policy, rendered.kernel)
        yield room[0]


def described(output: Encoded, key: str) -> FileEntry:
    """The file's entry in its picture's record: its path, its size and its digest."""
    digest, size = hashlib.sha256(), 0
    for piece in output.pieces:
        digest.update(piece)
        size += memoryview(piece).nbytes
    path = shown(f"{key}/{output.name}")
    return dataclasses.replace(output.entry, path=path, bytes=size, sha256=digest.hexdigest())
