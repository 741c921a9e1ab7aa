"""The grid drawn over a picture, with the thumbnail beside it: what `dynres inspect --out` writes."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw

from dynres_cli import normalize
from dynres_cli.decode import decode
from dynres_cli.geometry import source_box
from dynres_cli.operations.inspecting import Inspection, InspectOptions, source_of
from dynres_cli.operations.labelling import numbered, outlined
from dynres_cli.render import Look, render
from dynres_cli.resample import Pixels

SHORTEST, LONGEST = 400, 1600
"""Pixels of the drawn picture's longer side at the least and at the most."""
MARGIN = 24
LABEL = 15
"""Size of the numbers."""
PAPER = (255, 255, 255)


def drawn(result: Inspection, asked: InspectOptions) -> Image.Image:
    """The picture as it is tiled with every tile's box over it; the overview stands beside it, as the model sees it."""
    source = source_of(result.source, asked.limits)
    pixels = decode(source, result.facts, asked.handling, asked.limits).pixels
    picture = _boxes(pixels, result)
    overview = _overview(pixels, result)
    if overview is None:
        return picture
    width = picture.width + MARGIN + overview.width
    sheet = Image.new("RGB", (width, max(picture.height, overview.height)), PAPER)
    sheet.paste(picture, (0, 0))
    sheet.paste(overview, (picture.width + MARGIN, 0))
    return sheet


def encoded(result: Inspection, asked: InspectOptions) -> bytes:
    """The same as a PNG."""
    file = io.BytesIO()
    drawn(result, asked).save(file, "PNG")
    return file.getvalue()


def _boxes(pixels: Pixels, result: Inspection) -> Image.Image:
    """The picture, brought to a size that one can look at, with the tiles' boxes."""
    size = result.size
    longest = max(size.width, size.height)
    scale = min(max(longest, SHORTEST), LONGEST) / longest
    shape = (max(1, round(size.width * scale)), max(1, round(size.height * scale)))
    picture = Image.fromarray(pixels).resize(shape)
    draw = ImageDraw.Draw(picture)
    thick = max(2, round(max(shape) / 500))
    tiles = {number: view for number, view in enumerate(result.plan.views) if view.role == "tile"}
    boxes = {
        number: tuple(round(edge * scale) for edge in source_box(result.plan, size, view))
        for number, view in tiles.items()
    }
    for left, top, right, bottom in boxes.values():
        outlined(draw, (left, top, right, bottom), thick)
    for number, (left, top, right, bottom) in boxes.items():
        numbered(draw, (left, top, right, bottom), str(number), LABEL)
    return picture


def _overview(pixels: Pixels, result: Inspection) -> Image.Image | None:
    number = next((i for i, view in enumerate(result.plan.views) if view.role == "overview"), None)
    if number is None:
        return None
    policy = result.recipe.pixels
    views = render(pixels, result.plan, Look.of(policy))
    picture = Image.fromarray(np.ascontiguousarray(normalize.preview(views[number], policy)))
    numbered(ImageDraw.Draw(picture), (0, 0, picture.width, picture.height), f"{number} thumbnail", LABEL)
    return picture
