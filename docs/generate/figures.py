"""The figures of docs/strategies.md: a sample under each family's grid, and the views that the model is fed, in order.

Run from the repository's root: python -m docs.generate.figures [FAMILY...]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import dynres_cli
from dynres_cli.decode import decode
from dynres_cli.facts import FileLimits, Handling
from dynres_cli.geometry import Plan, Size, source_box
from dynres_cli.opening import read_source
from dynres_cli.presets import PRESETS
from dynres_cli.probe import probe_bytes
from dynres_cli.resample import Pixels, size_of
from dynres_cli.strategies import FAMILIES

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "images" / "families"

WIDTH, HEIGHT = 1120, 400
MARGIN, GAP, ARROW = 28, 6, 64
QUALITY = 76
LEFT = Size(360, 300)
"""The room for the sample; what is right of it is for the views."""
CAPTION = 56
PAPER, INK, SOFT, LINE, SHADOW = (250, 249, 246), (32, 33, 36), (105, 107, 112), (255, 196, 0), (0, 0, 0)
ACCENT = (63, 81, 181)
"""The frame of an overview."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Which sample a family is shown on, under which of its presets."""

    preset: str
    sample: str = "coffee.jpg"
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> str:
        return self.preset + "".join(f", {name} = {value}" for name, value in self.params.items())


UNUSUAL = {
    "got_ocr2": Subject("got-ocr2", "page.png"),
    "deepseek_ocr": Subject("deepseek-ocr", "page.png"),
    "deepseek_ocr2": Subject("deepseek-ocr-2", "page.png"),
    "minicpmv": Subject("minicpm-v-2.6", "page.png"),
    "minicpmv4_6": Subject("minicpm-v-4.6", "page.png"),
    "lfm2_vl": Subject("lfm2-vl", "page.png"),
    "gemma3": Subject("gemma3-pan-and-scan"),
    "nvila": Subject("nvila-s2"),
    "aria": Subject("aria", "coffee.jpg", {"split_image": True, "max_image_size": 490}),
    "idefics3": Subject("smolvlm2-2.2b"),
}
"""Families that show more of their rule on another sample, or under another preset, than on coffee.jpg."""


def subject(family: str) -> Subject:
    """The sample and preset that a family is drawn with: its first preset where nothing else is said."""
    first = next(name for name, preset in PRESETS.items() if preset.strategy == family)
    return UNUSUAL.get(family, Subject(first))


@dataclass(frozen=True, slots=True)
class Placed:
    """A view's place among the views of the figure, in the views' own pixels and gaps."""

    number: int
    left: int
    top: int
    gaps: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Block:
    """Views that are shown together: one overview, or the tiles of one grid with a gap between them."""

    size: Size
    gaps: tuple[int, int]
    views: tuple[Placed, ...]


def blocks(plan: Plan) -> list[Block]:
    """Overviews and grids in the order of their first views."""
    groups: dict[object, list[int]] = {}
    for number, view in enumerate(plan.views):
        groups.setdefault(("overview", number) if view.role == "overview" else view.layer, []).append(number)
    return [_block(plan, numbers) for numbers in groups.values()]


def _block(plan: Plan, numbers: Sequence[int]) -> Block:
    """Views laid out by row and column; a column is as wide as its widest view, a row as high as its highest."""
    views = {number: plan.views[number] for number in numbers}
    widths, heights = [0] * (1 + max(v.col for v in views.values())), [0] * (1 + max(v.row for v in views.values()))
    for view in views.values():
        widths[view.col] = max(widths[view.col], view.box.size.width)
        heights[view.row] = max(heights[view.row], view.box.size.height)
    placed = tuple(
        Placed(number, sum(widths[: view.col]), sum(heights[: view.row]), (view.col, view.row))
        for number, view in views.items()
    )
    return Block(Size(sum(widths), sum(heights)), (len(widths) - 1, len(heights) - 1), placed)


def drawn(chosen: Subject) -> Image.Image:
    """One figure."""
    path = ROOT / "samples" / chosen.sample
    pixels = _pixels(path, chosen.preset)
    views = dynres_cli.tile_image(pixels, chosen.preset, **chosen.params)
    size = size_of(pixels)
    plan = dynres_cli.plan(size.width, size.height, chosen.preset, **chosen.params)
    figure = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    right = _draw_sample(figure, pixels, plan)
    _draw_arrow(figure, right + ARROW // 2)
    _draw_views(figure, plan, views, right + ARROW)
    draw = ImageDraw.Draw(figure)
    draw.text((MARGIN, HEIGHT - 38), plain(f"{chosen.sample}, {size}"), SOFT, font(16))
    text = plain(f"{chosen.settings}: {_counted(plan)}")
    draw.text((WIDTH - MARGIN, HEIGHT - 38), text, INK, font(16), anchor="ra")
    return figure


def _pixels(path: Path, preset: str) -> Pixels:
    """The sample as the preset's reference reads it."""
    source, limits, policy = read_source(str(path), FileLimits(), follow=True), FileLimits(), PRESETS[preset].pixels
    return decode(source, probe_bytes(source, limits), Handling(exif=policy.exif, alpha=policy.alpha), limits).pixels


def _counted(plan: Plan) -> str:
    """What the views are, in the model's order."""
    tiles = f"{plan.tiles} tile{'' if plan.tiles == 1 else 's'}"
    if plan.total == 1:
        return f"one view of {plan.views[0].box.size}"
    if not plan.thumbnail:
        return tiles
    return f"overview, then {tiles}" if plan.views[0].role == "overview" else f"{tiles}, then overview"


def _draw_sample(figure: Image.Image, pixels: Pixels, plan: Plan) -> int:
    """The sample with what each tile shows of it; returns where it ends on the right."""
    size = size_of(pixels)
    scale = min(LEFT.width / size.width, LEFT.height / size.height)
    shape = (round(size.width * scale), round(size.height * scale))
    left, top = MARGIN, (HEIGHT - CAPTION - shape[1]) // 2 + 8
    figure.paste(Image.fromarray(pixels).resize(shape, Image.Resampling.LANCZOS), (left, top))
    draw = ImageDraw.Draw(figure)
    for number, view in enumerate(plan.views):
        if view.role == "tile" and view.layer == 0:
            box = [edge * scale for edge in source_box(plan, size, view)]
            x0, y0, x1, y1 = (round(edge) + shift for edge, shift in zip(box, (left, top, left, top), strict=True))
            draw.rectangle((x0, y0, x1 - 1, y1 - 1), outline=SHADOW, width=3)
            draw.rectangle((x0 + 1, y0 + 1, x1 - 2, y1 - 2), outline=LINE, width=1)
            _number(draw, number, (x0 + 1, y0 + 1, x1, y1), LINE)
    return left + shape[0]


def _draw_arrow(figure: Image.Image, x: int) -> None:
    draw, y = ImageDraw.Draw(figure), (HEIGHT - CAPTION) // 2 + 8
    draw.line((x - 14, y, x + 10, y), SOFT, 3)
    draw.polygon(((x + 16, y), (x + 6, y - 7), (x + 6, y + 7)), SOFT)


def _draw_views(figure: Image.Image, plan: Plan, views: Sequence[Pixels], left: int) -> None:
    """Every view, numbered in the model's order, all in one scale; overviews have a frame of their own."""
    shown = blocks(plan)
    between = 3 * GAP
    room = WIDTH - MARGIN - left - between * (len(shown) - 1)
    gaps_across = GAP * sum(block.gaps[0] for block in shown)
    gaps_down = GAP * max(block.gaps[1] for block in shown)
    scale = min(
        (room - gaps_across) / sum(block.size.width for block in shown),
        (HEIGHT - CAPTION - MARGIN - gaps_down) / max(block.size.height for block in shown),
    )
    taken = scale * sum(block.size.width for block in shown) + gaps_across + between * (len(shown) - 1)
    x = left + max(0, (WIDTH - MARGIN - left - taken) / 2)
    for block in shown:
        y = (HEIGHT - CAPTION - block.size.height * scale - GAP * block.gaps[1]) / 2 + 8
        for number, box in _boxes(block, views, scale, (x, y)):
            _draw_view(figure, views[number], (number, plan.views[number].role), box)
        x += block.size.width * scale + GAP * block.gaps[0] + between


def _boxes(
    block: Block, views: Sequence[Pixels], scale: float, origin: tuple[float, float]
) -> Iterator[tuple[int, tuple[int, int, int, int]]]:
    """Each view of a block with its place on the figure."""
    for placed in block.views:
        size = size_of(views[placed.number])
        left = round(origin[0] + placed.left * scale + placed.gaps[0] * GAP)
        top = round(origin[1] + placed.top * scale + placed.gaps[1] * GAP)
        yield (
            placed.number,
            (left, top, left + max(1, round(size.width * scale)), top + max(1, round(size.height * scale))),
        )


def _draw_view(figure: Image.Image, pixels: Pixels, named: tuple[int, str], box: tuple[int, int, int, int]) -> None:
    number, role = named
    shape = (box[2] - box[0], box[3] - box[1])
    figure.paste(Image.fromarray(np.ascontiguousarray(pixels)).resize(shape, Image.Resampling.BOX), box[:2])
    draw = ImageDraw.Draw(figure)
    colour = ACCENT if role == "overview" else LINE
    if role == "overview":
        draw.rectangle((box[0] - 3, box[1] - 3, box[2] + 2, box[3] + 2), outline=ACCENT, width=2)
    else:
        draw.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), outline=(190, 190, 190), width=1)
    _number(draw, number, box, colour)


def _number(
    draw: ImageDraw.ImageDraw, number: int, box: tuple[int, int, int, int], colour: tuple[int, int, int]
) -> None:
    """A view's number in the model's order, in its corner, where there is room for it."""
    text = str(number)
    width, height = 9 + round(draw.textlength(text, font(13))), 18
    if box[2] - box[0] > width and box[3] - box[1] > height:
        draw.rectangle((box[0], box[1], box[0] + width - 1, box[1] + height - 1), colour)
        ink = (255, 255, 255) if colour == ACCENT else INK
        draw.text((box[0] + width / 2, box[1] + height / 2), text, ink, font(13), anchor="mm")


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, so that figures do not depend on what is installed."""
    return ImageFont.load_default(size)


def plain(text: str) -> str:
    """Text in letters that Pillow's own font has."""
    return text.replace("×", " x ")


def main(names: Sequence[str]) -> None:
    """Draw the figures of some families, or of all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for family in names or FAMILIES:
        path = FOLDER / f"{family}.webp"
        drawn(subject(family)).save(path, "WEBP", quality=QUALITY, method=6)
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
