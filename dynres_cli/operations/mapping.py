"""`dynres map`: where a box of one frame lies in another, through turning, squashing, padding and cutting."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction

from dynres_cli.geometry import Plan, Size, View, shown_part
from dynres_cli.jsontext import REPLACED
from dynres_cli.manifest import TiledRecord, exact_key
from dynres_cli.operations import frames
from dynres_cli.operations.asking import AskedShape
from dynres_cli.operations.commits import Commits
from dynres_cli.operations.frames import Frame, FrameName, Rect
from dynres_cli.operations.reading import Output
from dynres_cli.operations.replanning import replanned, tiled_size
from dynres_cli.operations.shapes import Shape
from dynres_cli.operations.witness import check_committed

REMEMBERED = 256
"""Pictures whose plans are kept: boxes come in the order of their pictures, more or less."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A shape, or the part of it that one view shows; `shape` is None where nothing of it is in the picture's tiles."""

    shape: Shape | None
    share: Fraction | None
    """How much of the whole shape's area this is; None for a point."""
    flags: tuple[str, ...] = ()
    view: int | None = None
    tile: View | None = None


@dataclass(frozen=True, slots=True)
class Replanned:
    """One picture with its plan."""

    record: TiledRecord
    plan: Plan

    @property
    def size(self) -> Size:
        return tiled_size(self.record)

    @property
    def rect(self) -> Rect:
        return Fraction(0), Fraction(0), Fraction(self.size.width), Fraction(self.size.height)


class NotMapped(Exception):  # noqa: N818 - it is an answer, not an error
    """A shape that has no place, and why."""


@dataclass(slots=True)
class Mapper:
    """Maps shapes between two frames of an output's pictures."""

    output: Output
    start: FrameName
    end: FrameName
    _commits: Commits = field(init=False)
    _offsets: dict[str, int] = field(default_factory=dict)
    _alike: dict[str, list[str]] = field(default_factory=dict)
    """The exact names behind each key that may be shown for several of them."""
    _recent: OrderedDict[str, Replanned] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self._commits = Commits(self.output)
        for offset, record in self.output.located():
            name = exact_key(record)
            self._offsets[name] = offset
            if REPLACED in record.key:
                self._alike.setdefault(record.key, []).append(name)

    def check(self, named: Iterable[tuple[str, str]]) -> None:
        """Look at the records of these pictures; RunError where one was edited."""
        for key, exact in sorted(named):
            with suppress(NotMapped):
                self.picture(key, exact)

    def pieces(self, asked: AskedShape) -> list[Piece]:
        """Where a shape lies; NotMapped where its picture is unknown or lacks a frame."""
        return pieces(asked, self.picture(*asked.named), self.start, self.end)

    def picture(self, key: str, exact: str = "") -> Replanned:
        """The picture of a key, or of the exact name behind it, with its plan; NotMapped where there is not one."""
        name = exact or self._only_name(key)
        if name in self._recent:
            self._recent.move_to_end(name)
            return self._recent[name]
        if name not in self._offsets:
            msg = f"{key}: is not in the manifest"
            raise NotMapped(msg)
        record = self.output.at(self._offsets[name])
        check_committed(self._commits, record)
        if not isinstance(record, TiledRecord):
            msg = f"{key}: was not tiled ({record.code})"
            raise NotMapped(msg)
        self._recent[name] = Replanned(record, replanned(record))
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        return self._recent[name]

    def _only_name(self, key: str) -> str:
        names = self._alike.get(key, [key])
        if len(names) > 1:
            msg = f"{key}: is ambiguous; give raw, the base64 of its bytes, for {len(names)} names are shown like this"
            raise NotMapped(msg)
        return names[0]


def pieces(asked: AskedShape, picture: Replanned, start: FrameName, end: FrameName) -> list[Piece]:
    """Where a shape of one picture lies; NotMapped where the picture lacks a frame."""
    shape, seen = in_original(asked, picture, start), _seen(asked, picture, start)
    inside = shape.clamped(seen) if shape.kind == "point" else shape.within(seen)
    if end == "tile":
        found = list(_in_tiles(inside, shape, picture)) if inside else []
        return found or [Piece(None, _share_of_nothing(shape), ("clipped", "outside"))]
    frame = frames.frame_of(end, picture.record, picture.plan)
    if frame is None:
        raise _no_canvas(picture)
    if inside is None:
        edge = shape.clamped(seen)
        return [Piece(edge.moved(frame.from_original(edge.points)), Fraction(0), ("clipped", "outside"))]
    moved = inside.moved(frame.from_original(inside.points))
    return [Piece(moved, _share(inside, shape), () if inside.near(shape) else ("clipped",))]


def in_original(asked: AskedShape, picture: Replanned, start: FrameName) -> Shape:
    """The shape in the picture as it was tiled, not clipped."""
    frame = _start_frame(asked, picture, start)
    return asked.shape.moved(frame.to_original(asked.shape.points))


def _start_frame(asked: AskedShape, picture: Replanned, start: FrameName) -> Frame:
    if start == "tile":
        return frames.view(picture.plan, picture.size, _view_of(asked, picture))
    frame = frames.frame_of(start, picture.record, picture.plan)
    if frame is None:
        raise _no_canvas(picture)
    return frame


def _view_of(asked: AskedShape, picture: Replanned) -> int:
    """The view whose coordinates a shape has."""
    if asked.view is None or not 0 <= asked.view < picture.plan.total:
        msg = f"{asked.key}: has no view {asked.view}; its views are 0 to {picture.plan.total - 1}"
        raise NotMapped(msg)
    return asked.view


def _seen(asked: AskedShape, picture: Replanned, start: FrameName) -> Rect:
    """The part of the picture that the shape's own frame shows; a tile's padding shows nothing of its neighbours."""
    if start != "tile":
        return picture.rect
    return shown_part(picture.plan, picture.size, picture.plan.views[_view_of(asked, picture)].surface)


def _no_canvas(picture: Replanned) -> NotMapped:
    return NotMapped(f"{picture.record.key}: its tiles lie on pictures of their own, so that it has no canvas")


def _share_of_nothing(shape: Shape) -> Fraction | None:
    return None if shape.kind == "point" else Fraction(0)


def _share(part: Shape, whole: Shape) -> Fraction | None:
    if whole.kind == "point":
        return None
    return part.area / whole.area if whole.area else Fraction(1)


def _in_tiles(inside: Shape, shape: Shape, picture: Replanned) -> Iterator[Piece]:
    """The part that each tile shows of a shape, of which `inside` is in the picture; in the model's order."""
    placed: dict[int, _Placed] = {}
    for number, view in enumerate(picture.plan.views):
        if view.role != "tile":
            continue
        if view.surface not in placed:
            placed[view.surface] = _placed(inside, picture, view.surface)
        there = placed[view.surface]
        piece = there.shown.within(_rect(view)) if there.shown else None
        if piece is None or (shape.kind == "point" and not _owns(view, piece, there)):
            continue
        is_whole = there.shape.near(piece) and inside.near(shape)
        share = _tile_share(piece, there.shape, inside, shape)
        yield Piece(_from_corner(piece, view), share, () if is_whole else ("clipped",), number, view)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A shape on one surface: all of it, what the surface shows of it, and where that and the picture end there."""

    shape: Shape
    shown: Shape | None
    edges: Rect
    picture_edges: Rect


def _placed(inside: Shape, picture: Replanned, surface: int) -> _Placed:
    frame, part = frames.surface(picture.plan, picture.size, surface), shown_part(picture.plan, picture.size, surface)
    shape, shown = inside.moved(frame.from_original(inside.points)), inside.within(part)
    moved = shown.moved(frame.from_original(shown.points)) if shown else None
    return _Placed(shape, moved, _edges(frame, part), _edges(frame, picture.rect))


def _tile_share(piece: Shape, on_surface: Shape, inside: Shape, shape: Shape) -> Fraction | None:
    """The piece's share of the shape as it was given, parts outside the picture included."""
    of_inside, of_all = _share(piece, on_surface), _share(inside, shape)
    return None if of_inside is None or of_all is None else of_inside * of_all


def _rect(view: View) -> Rect:
    box = view.box
    return Fraction(box.left), Fraction(box.top), Fraction(box.right), Fraction(box.bottom)


def _edges(frame: Frame, rect: Rect) -> Rect:
    """A rectangle of the picture on a surface."""
    (left, top), (right, bottom) = frame.from_original([(rect[0], rect[1]), (rect[2], rect[3])])
    return left, top, right, bottom


def _owns(view: View, point: Shape, there: _Placed) -> bool:
    """Whether a point is the tile's: on a line between tiles it is the next tile's, on the last line the last's."""
    x, y = point.points[0]
    right, bottom = (min(Fraction(end), there.edges[at]) for at, end in ((2, view.box.right), (3, view.box.bottom)))
    return (x < right or x >= there.picture_edges[2]) and (y < bottom or y >= there.picture_edges[3])


def _from_corner(piece: Shape, view: View) -> Shape:
    return piece.moved([(x - view.box.left, y - view.box.top) for x, y in piece.points])


def known_only(
    mapper: Mapper, asked: Iterator[AskedShape], unknown: dict[str, None]
) -> Iterator[tuple[AskedShape, list[Piece]]]:
    """Each shape with its pieces; the reasons why others have none are gathered in `unknown`, each once."""
    for each in asked:
        try:
            yield each, mapper.pieces(each)
        except NotMapped as reason:
            unknown[str(reason)] = None
