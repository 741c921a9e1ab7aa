"""Where boxes lie: laws for every preset and orientation, and numbers worked out by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dynres_cli.decode import turned
from dynres_cli.errors import NotTileable
from dynres_cli.geometry import Size
from dynres_cli.operations import frames
from dynres_cli.operations.asking import AskedShape
from dynres_cli.operations.frames import FrameName
from dynres_cli.operations.mapping import NotMapped, Piece, Replanned, pieces
from dynres_cli.operations.replanning import replanned
from dynres_cli.operations.shapes import Shape, bounds
from dynres_cli.presets import PRESETS
from tests.operations.records import planned_record

Numbers = tuple[float, ...]


def tiled(preset: str, width: int, height: int, orientation: int = 1) -> Replanned:
    """A picture with its plan; nothing to test where the family refuses the size."""
    try:
        record = planned_record(preset, Size(width, height), orientation)
    except NotTileable:
        assume(False)
        raise
    return Replanned(record, replanned(record))


def shape(*numbers: float, kind: str = "box") -> Shape:
    """A shape from flat numbers."""
    exact = [Fraction(number) for number in numbers]
    return Shape(kind, tuple(zip(exact[0::2], exact[1::2], strict=True)))  # type: ignore[arg-type]


def mapped(
    picture: Replanned, given_shape: Shape, start: FrameName, end: FrameName, view: int | None = None
) -> list[Piece]:
    """A shape's pieces, after the rounding to floats that JSON brings."""
    return pieces(AskedShape(1, "a.jpg", given_shape, view), picture, start, end)


def flat(piece: Piece) -> Numbers:
    """A piece's numbers as they stand in JSON."""
    assert piece.shape is not None
    return tuple(float(number) for point in piece.shape.points for number in point)


@st.composite
def pictures_and_boxes(draw: st.DrawFn) -> tuple[Replanned, Numbers]:
    """A picture under any preset and orientation, and a box in its stored frame."""
    side = st.integers(1, 1500)
    picture = tiled(draw(st.sampled_from(sorted(PRESETS))), draw(side), draw(side), draw(st.integers(1, 8)))
    frame = frames.stored(picture.record)
    width, height = (
        (picture.size.height, picture.size.width) if frame.swap else (picture.size.width, picture.size.height)
    )
    xs = sorted(draw(st.tuples(*[st.floats(0, width)] * 2)))
    ys = sorted(draw(st.tuples(*[st.floats(0, height)] * 2)))
    assume(xs[1] - xs[0] > 0.01 and ys[1] - ys[0] > 0.01)
    return picture, (xs[0], ys[0], xs[1], ys[1])


def close(one: Numbers, other: Numbers) -> bool:
    """Whether two boxes agree to half a pixel."""
    return all(abs(a - b) <= 0.5 for a, b in zip(one, other, strict=True))


@given(pictures_and_boxes(), st.sampled_from(["original", "canvas", "norm1000"]))
def test_there_and_back_is_within_half_a_pixel(given_one: tuple[Replanned, Numbers], end: FrameName) -> None:
    """Stored to any other frame and back, for every preset and all eight orientations."""
    picture, box = given_one
    try:
        (there,) = mapped(picture, shape(*box), "stored", end)
    except NotMapped:
        assert picture.plan.canvas is None
        return
    (back,) = mapped(picture, shape(*flat(there)), end, "stored")
    assert close(flat(back), box)
    assert not there.flags
    assert there.share == 1


@given(pictures_and_boxes())
def test_pieces_in_tiles_and_back_lie_in_the_box_and_cover_it(given_one: tuple[Replanned, Numbers]) -> None:
    """Each piece comes back into the box; together they reach as far as the tiles do, with all of its area."""
    picture, box = given_one
    found = [each for each in mapped(picture, shape(*box), "stored", "tile") if each.shape is not None]
    boxes = []
    for each in found:
        assert each.view is not None
        view = picture.plan.views[each.view].box
        left, top, right, bottom = flat(each)
        assert 0 <= left <= right <= view.right - view.left
        assert 0 <= top <= bottom <= view.bottom - view.top
        (back,) = mapped(picture, shape(*flat(each)), "tile", "stored", each.view)
        left, top, right, bottom = flat(back)
        assert box[0] - 0.5 <= left <= right <= box[2] + 0.5
        assert box[1] - 0.5 <= top <= bottom <= box[3] + 0.5
        boxes.append(back.shape)
    shares = sum((each.share or Fraction(0) for each in found), Fraction(0))
    if picture.record.strategy == "internvl":
        assert shares == 1
        assert close(tuple(map(float, bounds([point for each in boxes if each for point in each.points]))), box)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_stored_pixel_is_found_where_turning_puts_it(orientation: int) -> None:
    """One marked pixel of a 5×3 file, through the code that turns pixels and through the map of boxes."""
    for x, y in [(0, 0), (4, 0), (1, 2), (4, 2)]:
        pixels = np.zeros((3, 5, 3), np.uint8)
        pixels[y, x] = 255
        upright = turned(pixels, orientation)
        ((row, col),) = np.argwhere(upright[:, :, 0])
        picture = tiled("internvl2", upright.shape[1], upright.shape[0], orientation)
        (there,) = mapped(picture, shape(x, y, x + 1, y + 1), "stored", "original")
        assert flat(there) == (col, row, col + 1, row + 1)
        (back,) = mapped(picture, shape(*flat(there)), "original", "stored")
        assert flat(back) == (x, y, x + 1, y + 1)


def test_a_box_over_four_tiles_becomes_four_pieces_with_their_shares() -> None:
    """896×896 is a grid of 2×2 at its own scale: a box around the middle gives a quarter to each."""
    picture = tiled("internvl2", 896, 896)
    found = mapped(picture, shape(348, 398, 548, 498), "original", "tile")
    assert [(each.view, flat(each), each.share, each.flags) for each in found] == [
        (0, (348, 398, 448, 448), Fraction(1, 4), ("clipped",)),
        (1, (0, 398, 100, 448), Fraction(1, 4), ("clipped",)),
        (2, (348, 0, 448, 50), Fraction(1, 4), ("clipped",)),
        (3, (0, 0, 100, 50), Fraction(1, 4), ("clipped",)),
    ]
    assert [(each.tile.row, each.tile.col) for each in found if each.tile] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_what_lies_in_one_tile_is_whole_and_unflagged() -> None:
    """1280×720 goes to 1792×896: x by 1.4, y by 1.2444; the tile of row 1 and column 3 begins at 1344, 448."""
    (piece,) = mapped(tiled("internvl2", 1280, 720), shape(1000, 400, 1100, 500), "original", "tile")
    assert (piece.view, piece.share) == (7, Fraction(1))
    assert not piece.flags
    assert flat(piece) == pytest.approx((56, 400 * 896 / 720 - 448, 196, 500 * 896 / 720 - 448))


def test_padding_is_taken_into_account() -> None:
    """LLaVA-NeXT: 400×200 on a 672×336 canvas has no padding; 400×100 is centred with 84 rows above."""
    (piece,) = mapped(tiled("llava-v1.6", 400, 100), shape(0, 0, 400, 100), "original", "canvas")
    left, top, right, bottom = flat(piece)
    canvas = tiled("llava-v1.6", 400, 100).plan.canvas
    assert canvas is not None
    assert (left, right) == (0, canvas.width)
    assert top == (canvas.height - (bottom - top)) / 2 > 0


@pytest.mark.parametrize(
    ("numbers", "kind", "expected", "share", "flags"),
    [
        pytest.param((-50, -50, 50, 50), "box", (0, 0, 50, 50), Fraction(1, 4), ("clipped",), id="over a corner"),
        pytest.param((2000, 0, 3000, 9), "box", (896, 0, 896, 9), 0, ("clipped", "outside"), id="beside the picture"),
        pytest.param((-3, 40), "point", (0, 40), None, ("clipped",), id="a point outside"),
        pytest.param((896, 896), "point", (896, 896), None, (), id="a point on the last corner"),
        pytest.param(
            (-10, 0, 10, 0, 10, 20, -10, 20),
            "polygon",
            (0, 0, 10, 0, 10, 20, 0, 20),
            Fraction(1, 2),
            ("clipped",),
            id="half a polygon",
        ),
    ],
)
def test_what_lies_outside_the_picture_is_clipped_and_flagged(
    numbers: Numbers, kind: str, expected: Numbers, share: Fraction | None, flags: tuple[str, ...]
) -> None:
    """In the frame of the picture itself, 896×896."""
    (piece,) = mapped(tiled("internvl2", 896, 896), shape(*numbers, kind=kind), "original", "original")
    assert sorted(zip(flat(piece)[0::2], flat(piece)[1::2], strict=True)) == sorted(
        zip(expected[0::2], expected[1::2], strict=True)
    )
    assert (piece.share, piece.flags) == (share, flags)


@pytest.mark.parametrize(
    ("point", "views"),
    [
        pytest.param((447.5, 10), [0], id="left of the line"),
        pytest.param((448, 10), [1], id="on the line: the next tile's"),
        pytest.param((896, 896), [3], id="on the last corner: the last tile's"),
        pytest.param((448, 448), [3], id="where four tiles meet"),
    ],
)
def test_a_point_belongs_to_one_tile(point: Numbers, views: list[int]) -> None:
    """Edges are half-open, save the last."""
    assert [
        each.view for each in mapped(tiled("internvl2", 896, 896), shape(*point, kind="point"), "original", "tile")
    ] == views


def test_nothing_in_any_tile_is_told_and_not_dropped() -> None:
    """A box beside the picture has one piece without a view."""
    (piece,) = mapped(tiled("internvl2", 896, 896), shape(900, 0, 950, 10), "original", "tile")
    assert (piece.view, piece.shape, piece.share) == (None, None, Fraction(0))
    assert piece.flags == ("clipped", "outside")


def test_a_polygon_is_cut_at_the_lines_between_tiles() -> None:
    """A square on its corner around the middle: each tile shows a triangle, a quarter of it."""
    found = mapped(
        tiled("internvl2", 896, 896), shape(448, 348, 548, 448, 448, 548, 348, 448, kind="polygon"), "original", "tile"
    )
    assert [each.share for each in found] == [Fraction(1, 4)] * 4
    assert set(zip(flat(found[0])[0::2], flat(found[0])[1::2], strict=True)) == {(348, 448), (448, 348), (448, 448)}
