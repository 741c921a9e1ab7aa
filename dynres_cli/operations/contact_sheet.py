"""A contact sheet: how each family cuts one picture, every panel drawn from the views that its model is fed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

from dynres_cli import normalize
from dynres_cli.decode import decode
from dynres_cli.facts import FileLimits, Handling
from dynres_cli.geometry import Plan, Size
from dynres_cli.opening import Source
from dynres_cli.operations.assembling import Sheet, sheets
from dynres_cli.operations.comparing import Comparison
from dynres_cli.operations.inspecting import Inspection, InspectOptions, source_of
from dynres_cli.operations.kernel_choice import choose
from dynres_cli.operations.labelling import INK, font, numbered, outlined
from dynres_cli.render import Look, render
from dynres_cli.resample import Kernel, Pixels

COLUMNS = 4
PANEL = Size(470, 330)
PICTURES = Size(438, 230)
"""The room for pictures within a panel."""
GAP, EDGE, BETWEEN = 16, 32, 14
PAPER, CARD, SOFT = (240, 239, 235), (255, 255, 255), (110, 110, 115)
HEADER = 96


@dataclass(frozen=True, slots=True)
class Panel:
    """What all presets of one panel have in common, and which they are."""

    first: Inspection
    asked: InspectOptions
    presets: tuple[str, ...]


def panels(comparison: Comparison, presets: Sequence[InspectOptions]) -> list[Panel]:
    """A panel for each different way to cut the picture; presets that cut alike share one."""
    alike: dict[tuple[Plan, Size], Panel] = {}
    for result, asked in zip(comparison.results, presets, strict=True):
        if isinstance(result, Inspection):
            panel = alike.get((result.plan, result.size), Panel(result, asked, ()))
            alike[result.plan, result.size] = replace(panel, presets=(*panel.presets, result.recipe.preset))
    return list(alike.values())


def drawn(comparison: Comparison, presets: Sequence[InspectOptions]) -> Image.Image:
    """The whole sheet; the picture is read again, for its pixels."""
    shown = panels(comparison, presets)
    rows = -(-len(shown) // COLUMNS)
    width = 2 * EDGE + COLUMNS * (PANEL.width + GAP) - GAP
    sheet = Image.new("RGB", (width, HEADER + EDGE + rows * (PANEL.height + GAP)), PAPER)
    _header(sheet, comparison, shown)
    limits = presets[0].limits
    pictures = Decoded(source_of(comparison.source, limits), comparison, limits)
    for number, panel in enumerate(shown):
        row, column = divmod(number, COLUMNS)
        place = (EDGE + column * (PANEL.width + GAP), HEADER + row * (PANEL.height + GAP))
        sheet.paste(_panel(panel, pictures, choose("auto", len(shown))), place)
    return sheet


class Decoded:
    """The picture's pixels, decoded once for each way that presets read it."""

    def __init__(self, source: Source, comparison: Comparison, limits: FileLimits) -> None:
        self.source, self.facts, self.limits = source, comparison.facts, limits
        self._known: dict[Handling, Pixels] = {}

    def read(self, handling: Handling) -> Pixels:
        """The pixels as this preset reads them."""
        if handling not in self._known:
            self._known[handling] = decode(self.source, self.facts, handling, self.limits).pixels
        return self._known[handling]


def _plain(text: object) -> str:
    """Text that the font at hand can draw."""
    safe = str(text).replace("×", "x")
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in safe)


def _header(sheet: Image.Image, comparison: Comparison, shown: Sequence[Panel]) -> None:
    draw = ImageDraw.Draw(sheet)
    name = comparison.source.rpartition("/")[2]
    planned = len(comparison.planned)
    refusals = len(comparison.results) - planned
    refused = f", {refusals} that refuse it" if refusals else ""
    about = f"{comparison.facts.size}  |  {planned} presets, {len(shown)} ways to cut it{refused}"
    draw.text((EDGE, 22), _plain(name), INK, font(30))
    draw.text((EDGE, 60), _plain(about), SOFT, font(17))


def _panel(panel: Panel, pictures: Decoded, kernel: Kernel) -> Image.Image:
    """A card: the presets, what the grid is, and the views where they were cut from."""
    card = Image.new("RGB", (PANEL.width, PANEL.height), PAPER)
    draw = ImageDraw.Draw(card)
    draw.rounded_rectangle((0, 0, PANEL.width - 1, PANEL.height - 1), 12, CARD)
    title, rest = panel.presets[0], panel.presets[1:]
    draw.text((16, 12), _plain(title), INK, font(21))
    if rest:
        left = 16 + draw.textlength(_plain(title), font(21)) + 10
        draw.text((left, 18), _fitted(draw, "also " + ", ".join(rest), PANEL.width - 16 - left), SOFT, font(14))
    draw.text((16, 42), _plain(_facts(panel.first)), SOFT, font(15))
    policy = panel.first.recipe.pixels
    look = Look.of(policy, kernel)
    views = render(pictures.read(panel.asked.handling), panel.first.plan, look)
    _place(card, panel.first.plan, [normalize.preview(view, policy) for view in views])
    return card


def _fitted(draw: ImageDraw.ImageDraw, text: str, room: float) -> str:
    """As much of a text as there is room for."""
    if draw.textlength(text, font(14)) <= room:
        return text
    while text and draw.textlength(text + " ...", font(14)) > room:
        text = text.rpartition(",")[0]
    return text + " ..."


def _facts(result: Inspection) -> str:
    plan = result.plan
    views = f"{plan.tiles} tile{'' if plan.tiles == 1 else 's'}"
    if plan.thumbnail:
        first = plan.views[0].role == "overview"
        views = f"overview + {views}" if first else f"{views} + overview"
    canvas = f"   {plan.canvas}" if plan.canvas else ""
    return f"{plan.grid}   {views}{canvas}   {result.tokens:,} tokens"


def _place(card: Image.Image, plan: Plan, views: Sequence[Pixels]) -> None:
    """The pictures that tiles were cut from, and the overview, side by side in one scale, centred in their room."""
    tiled = sheets(plan, views)
    overviews = [Sheet(views[i], ()) for i, view in enumerate(plan.views) if view.role == "overview"]
    first = bool(overviews) and plan.views[0].role == "overview"
    shown = [*overviews, *tiled] if first else [*tiled, *overviews]
    sizes = _sizes(shown)
    left = 16 + (PICTURES.width - sum(size.width for size in sizes) - BETWEEN * (len(sizes) - 1)) // 2
    for sheet, size in zip(shown, sizes, strict=True):
        top = 82 + (PICTURES.height - size.height) // 2
        card.paste(_picture(sheet, size), (left, top))
        left += size.width + BETWEEN


def _sizes(shown: Sequence[Sheet]) -> list[Size]:
    """Each picture's size on the card: one scale for all of them."""
    room = PICTURES.width - BETWEEN * (len(shown) - 1)
    heights, widths = [each.pixels.shape[0] for each in shown], [each.pixels.shape[1] for each in shown]
    scale = min(room / sum(widths), PICTURES.height / max(heights))
    return [
        Size(max(round(width * scale), 1), max(round(height * scale), 1))
        for width, height in zip(widths, heights, strict=True)
    ]


def _picture(sheet: Sheet, size: Size) -> Image.Image:
    """One picture with its cuts and the number of each tile."""
    height, width = sheet.pixels.shape[:2]
    picture = Image.fromarray(sheet.pixels).resize((size.width, size.height), Image.Resampling.BOX)
    draw = ImageDraw.Draw(picture)
    for number, box in sheet.boxes:
        left, right = (round(edge * size.width / width) for edge in (box.left, box.right))
        top, bottom = (round(edge * size.height / height) for edge in (box.top, box.bottom))
        outlined(draw, (left, top, right, bottom))
        numbered(draw, (left, top, right, bottom), str(number))
    return picture
