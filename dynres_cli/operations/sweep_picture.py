"""What each limit of tiles costs, drawn as bars: all tokens, and the dearest and the middle picture's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from dynres_cli.geometry import Box
from dynres_cli.operations.forecast import Forecast

WIDTH, HEIGHT = 1200, 760
PAPER, INK, SOFT, RULE = (250, 249, 246), (28, 28, 30), (110, 110, 115), (226, 224, 218)
TOTAL, DEAREST, P95, MIDDLE = (46, 108, 164), (216, 96, 54), (232, 168, 56), (92, 148, 92)
CHOSEN = (20, 60, 100)
UPPER, LOWER = Box(96, 128, WIDTH - 40, 400), Box(96, 480, WIDTH - 40, 690)


@dataclass(frozen=True, slots=True)
class Ink:
    """How text is drawn."""

    size: int
    fill: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Scale:
    """Where values lie in a panel."""

    box: Box
    top: float

    def y(self, value: float) -> float:
        return self.box.bottom - (self.box.bottom - self.box.top) * value / self.top


def drawn(name: str, forecasts: Sequence[Forecast], chosen: Forecast | None) -> Image.Image:
    """The picture of a sweep over the parameter of this name."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(picture)
    first = forecasts[0]
    _text(draw, (40, 26), f"{first.variant.recipe.preset}: what each {name} costs", Ink(28, INK))
    _text(draw, (40, 64), f"{first.planned:,} pictures", Ink(16, SOFT))
    _totals(draw, forecasts, chosen)
    _pictures(draw, forecasts)
    return picture


def _totals(draw: ImageDraw.ImageDraw, forecasts: Sequence[Forecast], chosen: Forecast | None) -> None:
    """A bar a limit: the tokens of all pictures."""
    scale = Scale(UPPER, _round_up(max(each.all_tokens for each in forecasts)))
    _axis(draw, scale, "tokens of all pictures")
    step = (UPPER.right - UPPER.left) / len(forecasts)
    every = -(-len(forecasts) // 24)
    for number, each in enumerate(forecasts):
        left = UPPER.left + step * number
        box = (left + step * 0.14, scale.y(each.all_tokens), left + step * 0.86, UPPER.bottom)
        draw.rectangle(box, CHOSEN if each is chosen else TOTAL)
        if (number + 1) % every == 0 or each is chosen:
            for bottom in (UPPER.bottom, LOWER.bottom):
                _text(draw, (left + step / 2, bottom + 8), str(each.variant.name), Ink(14, INK), "ma")
        if each is chosen:
            _text(draw, (left + step / 2, scale.y(each.all_tokens) - 20), "fits", Ink(14, CHOSEN), "ma")


def _pictures(draw: ImageDraw.ImageDraw, forecasts: Sequence[Forecast]) -> None:
    """Three lines: the dearest picture, the 95th of a hundred, the one in the middle."""
    scale = Scale(LOWER, _round_up(max(each.most_tokens for each in forecasts)))
    _axis(draw, scale, "tokens of one picture")
    step = (LOWER.right - LOWER.left) / len(forecasts)
    lines = (
        ("max", DEAREST, [each.most_tokens for each in forecasts]),
        ("p95", P95, [each.tokens_at(0.95) for each in forecasts]),
        ("p50", MIDDLE, [each.tokens_at(0.5) for each in forecasts]),
    )
    for number, (label, colour, values) in enumerate(lines):
        points = [(LOWER.left + step * (i + 0.5), scale.y(value)) for i, value in enumerate(values)]
        draw.line(points, colour, 7 if number == 0 else 3, "curve")
        for x, y in points:
            draw.ellipse((x - 3.5, y - 3.5, x + 3.5, y + 3.5), colour)
        left = LOWER.right - 190 + 66 * number
        draw.rectangle((left, LOWER.top - 27, left + 12, LOWER.top - 15), colour)
        _text(draw, (left + 18, LOWER.top - 30), label, Ink(15, INK))


def _axis(draw: ImageDraw.ImageDraw, scale: Scale, title: str) -> None:
    _text(draw, (scale.box.left, scale.box.top - 30), title, Ink(15, SOFT))
    for part in range(5):
        value = scale.top * part / 4
        y = scale.y(value)
        draw.line((scale.box.left, y, scale.box.right, y), RULE, 1)
        _text(draw, (scale.box.left - 10, y), _short(value), Ink(14, SOFT), "rm")


def _text(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, ink: Ink, anchor: str = "la") -> None:
    draw.text(place, text, ink.fill, ImageFont.load_default(ink.size), anchor)


def _round_up(value: float) -> float:
    """The next number that four equal parts read well in."""
    power = 1.0
    while power * 10 <= value:
        power *= 10
    return next((power * step for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8) if power * step >= value), power * 10)


def _short(value: float) -> str:
    for unit, size in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
