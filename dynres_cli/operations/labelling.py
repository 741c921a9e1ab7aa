"""How tiles are marked on drawings: a thin line around each, and its number in a corner."""

from __future__ import annotations

from functools import cache

from PIL import ImageDraw, ImageFont

INK, LINE, SHADOW = (28, 28, 30), (255, 205, 40), (0, 0, 0)

Edges = tuple[int, int, int, int]
"""Left, top, and the first pixel behind right and bottom."""


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that Pillow brings."""
    return ImageFont.load_default(size)


def outlined(draw: ImageDraw.ImageDraw, edges: Edges, thick: int = 1) -> None:
    """A line just within the edges; from two pixels on with a dark one inside it, to be seen on any picture."""
    left, top, right, bottom = edges
    box = (left, top, max(left, right - 1), max(top, bottom - 1))
    if thick > 1:
        draw.rectangle(box, outline=SHADOW, width=thick + 1)
    draw.rectangle(box, outline=LINE, width=thick)


def numbered(draw: ImageDraw.ImageDraw, edges: Edges, text: str, size: int = 12) -> None:
    """A small tag in the top left corner, where there is room for it."""
    left, top, right, bottom = edges
    wide, high = _extent(draw, text, size)
    if right - left > 2 * high + 4 and bottom - top > 2 * high + 4 and right - left > wide:
        tagged(draw, (left, top), text, size)


def tagged(draw: ImageDraw.ImageDraw, corner: tuple[int, int], text: str, size: int = 12) -> None:
    """A small tag whose top left corner lies there."""
    left, top = corner
    wide, high = _extent(draw, text, size)
    draw.rectangle((left, top, left + wide, top + high), LINE)
    draw.text((left + size // 3, top + 1), text, INK, font(size))


def _extent(draw: ImageDraw.ImageDraw, text: str, size: int) -> tuple[int, int]:
    """A tag's width and height."""
    return round(draw.textlength(text, font(size))) + size * 2 // 3, size + 3
