"""Mapped boxes drawn over the canvas of their picture, with the lines between its tiles: what `map --out` writes."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

from dynres_cli.errors import RunError
from dynres_cli.operations import frames
from dynres_cli.operations.asking import Asked
from dynres_cli.operations.joining import NotJoined, Wanted, canvas_of, obstacle
from dynres_cli.operations.mapping import Mapper, NotMapped, in_original
from dynres_cli.operations.shapes import Shape

LINE, SHADOW = (255, 208, 0), (0, 0, 0)
COLOURS = ((230, 57, 70), (42, 157, 143), (69, 123, 240), (190, 90, 210), (240, 140, 30), (80, 200, 60))


def drawn(mapper: Mapper, key: str, asked: Sequence[Asked]) -> bytes:
    """A PNG of one picture's canvas with every shape on it; RunError where there is no canvas to draw on."""
    try:
        picture = mapper.picture(key)
        reason = obstacle(picture.record, picture.plan, Wanted())
        if reason:
            raise _cannot(key, reason)
        canvas = Image.fromarray(canvas_of(mapper.output, picture.record, picture.plan))
    except (NotJoined, NotMapped) as error:
        raise _cannot(key, str(error)) from error
    pen = ImageDraw.Draw(canvas)
    thick = max(3, round(max(canvas.size) / 400))
    for view in picture.plan.views:
        if view.role == "tile" and view.layer == 0:
            box = view.box
            pen.rectangle((box.left, box.top, box.right - 1, box.bottom - 1), outline=LINE, width=1)
    frame = frames.canvas(picture.plan, picture.size) or frames.Frame()
    for number, each in enumerate(asked):
        shape = in_original(each, picture, mapper.start)
        _draw(pen, shape.moved(frame.from_original(shape.points)), COLOURS[number % len(COLOURS)], thick)
    out = io.BytesIO()
    canvas.save(out, "PNG")
    return out.getvalue()


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
