"""One picture of a finished output as something to look at: the original under its grid, and every view in order."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from dynres_cli import normalize
from dynres_cli.decode import decode
from dynres_cli.engines.contract import Admit
from dynres_cli.errors import DynresError, ImageError, Unsound
from dynres_cli.fitting import scales
from dynres_cli.geometry import Plan, source_box
from dynres_cli.manifest import FileEntry, TiledRecord
from dynres_cli.operations.assembling import sheets
from dynres_cli.operations.checking import proved_levels
from dynres_cli.operations.replanning import replanned, tiled_size
from dynres_cli.operations.rerendering import job_of, limits_of, read_again
from dynres_cli.peaks import peak_bytes
from dynres_cli.probe import probe_bytes
from dynres_cli.render import render
from dynres_cli.resample import Pixels
from dynres_cli.sinks.contents import open_entry

LONGEST, LONGEST_VIEW = 900, 150
"""Pixels of the longer side of a picture and of a view, as they are shown."""
QUALITY = 78

Rect = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Embedded:
    """A picture to embed: the bytes of a WebP file, and the size that it stands for."""

    data: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Mark:
    """The box of one view on a figure: left, top, width, height."""

    view: int
    rect: Rect
    layer: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with boxes over it; none where only the boxes are known."""

    caption: str
    width: int
    height: int
    marks: tuple[Mark, ...]
    picture: Embedded | None = None


@dataclass(frozen=True, slots=True)
class ViewShown:
    """One view as the model is fed it; none where its pixels are not at hand."""

    number: int
    role: str
    row: int
    col: int
    width: int
    height: int
    picture: Embedded | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """All that is shown of one picture that was tiled."""

    record: TiledRecord
    scale_x: float
    scale_y: float
    figures: tuple[Figure, ...]
    views: tuple[ViewShown, ...]
    notes: tuple[str, ...] = ()
    missing: int = 0
    """Files that the record names and that cannot be read."""

    @property
    def distortion(self) -> float:
        return max(self.scale_x, self.scale_y) / min(self.scale_x, self.scale_y)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture's files are: below which folder, under which paths; and its source, where that is known."""

    root: str
    paths: tuple[str, ...]
    source: str | None = None


def drawn(record: TiledRecord, place: Place, admit: Admit) -> Card:
    """The card of one picture."""
    plan, notes = replanned(record), []
    files = {each.view: path for each, path in zip(record.files, place.paths, strict=True) if each.kind != "tensor"}
    entries = {each.view: each for each in record.files if each.kind != "tensor"}
    views: list[Pixels | None] = [
        _view(place.root, files[number], entries[number]) if number in files else None for number in range(plan.total)
    ]
    missing = sum(views[number] is None for number in files if number is not None)
    original: Pixels | None = None
    if place.source is not None:
        try:
            original = _original(record, place.source, admit)
        except ImageError as error:
            notes.append(f"the original is not shown: {error}")
    if original is not None and not files:
        job = job_of(record)
        views = [normalize.preview(view, job.recipe.pixels) for view in render(original, plan, job.look)]
    figures = [_source_figure(record, plan, original)] if original is not None else _canvas_figures(record, plan, views)
    return Card(
        record,
        *scales(plan, tiled_size(record)),
        figures=tuple(figures),
        views=tuple(_shown_view(plan, number, view) for number, view in enumerate(views)),
        notes=tuple(notes),
        missing=missing,
    )


def bare(record: TiledRecord, note: str) -> Card:
    """The card of a picture that could not be looked at: its boxes alone."""
    plan = replanned(record)
    views = tuple(_shown_view(plan, number, None) for number in range(plan.total))
    return Card(
        record,
        *scales(plan, tiled_size(record)),
        figures=(_source_figure(record, plan, None),),
        views=views,
        notes=(note,),
    )


def _view(root: str, path: str, entry: FileEntry) -> Pixels | None:
    """A view from its file; None where it is missing or shows other pixels than its record says."""
    try:
        with open_entry(root, path, entry) as file:
            return proved_levels(file, entry)
    except (OSError, Unsound, ValueError):
        return None


def _original(record: TiledRecord, path: str, admit: Admit) -> Pixels:
    """The picture in the frame that was tiled."""
    source, limits = read_again(record, path), limits_of(record)
    facts = probe_bytes(source, limits, record.frame or 0)
    admit(peak_bytes(facts))
    try:
        return decode(source, facts, job_of(record).handling, limits).pixels
    except DynresError as error:
        raise ImageError(code="corrupt", message=str(error)) from error


def _source_figure(record: TiledRecord, plan: Plan, pixels: Pixels | None) -> Figure:
    """The original with every tile's box over it."""
    marks = []
    for number, view in enumerate(plan.views):
        if view.role == "tile":
            left, top, right, bottom = source_box(plan, tiled_size(record), view)
            marks.append(Mark(number, (left, top, right - left, bottom - top), view.layer))
    caption = "the original and what each tile shows of it" if pixels is not None else "what each tile shows"
    picture = None if pixels is None else shown(pixels, LONGEST)
    return Figure(caption, record.width, record.height, tuple(marks), picture)


def _canvas_figures(record: TiledRecord, plan: Plan, views: Sequence[Pixels | None]) -> list[Figure]:
    """The canvases joined from the tiles; the boxes alone where tiles are not at hand."""
    at_hand = [view for view in views if view is not None]
    if len(at_hand) < len(views):
        return [_source_figure(record, plan, None)]
    figures = []
    for sheet in sheets(plan, at_hand):
        height, width = sheet.pixels.shape[:2]
        marks = tuple(
            Mark(number, (box.left, box.top, box.size.width, box.size.height), plan.views[number].layer)
            for number, box in sheet.boxes
        )
        figures.append(Figure("the canvas, joined from its tiles", width, height, marks, shown(sheet.pixels, LONGEST)))
    return figures


def _shown_view(plan: Plan, number: int, pixels: Pixels | None) -> ViewShown:
    view = plan.views[number]
    size = view.box.size
    picture = None if pixels is None else shown(pixels, LONGEST_VIEW)
    return ViewShown(number, view.role, view.row, view.col, size.width, size.height, picture)


def shown(pixels: Pixels, longest: int) -> Embedded:
    """A picture reduced to what a page needs; nothing but its pixels goes with it."""
    height, width = pixels.shape[:2]
    picture = Image.fromarray(pixels)
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, method=3)
    return Embedded(file.getvalue(), width, height)
