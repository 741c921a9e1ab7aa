"""Mapped boxes drawn over the canvas of their picture, with the lines between its tiles: what `map --out` writes."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from dynres_cli.errors import RunError
from dynres_cli.operations import frames
from dynres_cli.operations.asking import AskedShape
from dynres_cli.operations.joining import JoinOptions, NotJoined, canvas_of, obstacle
from dynres_cli.operations.labelling import tagged
from dynres_cli.operations.mapping import Mapper, NotMapped, in_original
from dynres_cli.operations.shapes import Shape

LINE, SHADOW = (255, 208, 0), (0, 0, 0)
LONGEST_LABEL = 24
COLOURS = ((230, 57, 70), (42, 157, 143), (69, 123, 240), (190, 90, 210), (240, 140, 30), (80, 200, 60))


def drawn(mapper: Mapper, named: tuple[str, str], asked: Sequence[AskedShape]) -> Image.Image:
    """One picture's canvas with every shape on it; RunError where there is no canvas to draw on."""
    key = named[0]
    try:
        picture = mapper.picture(*named)
        reason = obstacle(picture.record, picture.plan, JoinOptions())
        if reason:
            raise _cannot(key, reason)
        canvas = Image.fromarray(canvas_of(mapper.output, picture.record, picture.plan))
    except (NotJoined, NotMapped) as error:
        raise _cannot(key, str(error)) from error
    pen = ImageDraw.Draw(canvas)
    thick = max(3, round(max(canvas.size) / 400))
    for view in picture.plan.grid_tiles.values():
        box = view.box
        pen.rectangle((box.left, box.top, box.right - 1, box.bottom - 1), outline=LINE, width=1)
    labels: list[tuple[tuple[int, int], str]] = []
    frame = frames.canvas(picture.plan, picture.size) or frames.Frame()
    for number, each in enumerate(asked):
        shape = in_original(each, picture, mapper.start)
        shape = shape.moved(frame.from_original(shape.points))
        _draw(pen, shape, COLOURS[number % len(COLOURS)], thick)
        labels.append((_corner(shape, canvas.size), _label(each, number)))
    for corner, text in labels:
        tagged(pen, corner, text)
    return canvas


def _label(asked: AskedShape, number: int) -> str:
    """What a shape is called in the answers: its id, or which one it is of those that were given."""
    name = str(number + 1 if asked.id is None else asked.id)
    return "".join(char if char.isprintable() else "?" for char in name[:LONGEST_LABEL])


def _corner(shape: Shape, within: tuple[int, int]) -> tuple[int, int]:
    """Where a shape's label begins: at its top left, as far as that is on the picture."""
    xs, ys = zip(*shape.points, strict=True)
    return min(max(0, round(min(xs))), within[0] - 1), min(max(0, round(min(ys))), within[1] - 1)


def _cannot(key: str, why: str) -> RunError:
    return RunError(f"--out cannot draw {key}: {why}", code="no_canvas")


def _draw(pen: ImageDraw.ImageDraw, shape: Shape, colour: tuple[int, int, int], thick: int) -> None:
    points = [(float(x), float(y)) for x, y in shape.points]
    if shape.kind == "point":
        (x, y), around = points[0], 3 * thick
        pen.ellipse((x - around, y - around, x + around, y + around), outline=SHADOW, fill=colour, width=thick // 2)
        return
    if shape.kind == "box":
        (left, top), (right, bottom) = points
        points = [(left, top), (right, top), (right, bottom), (left, bottom)]
    for outline, width in ((SHADOW, thick + 2), (colour, thick)):
        pen.line([*points, points[0], points[1]], fill=outline, width=width, joint="curve")
