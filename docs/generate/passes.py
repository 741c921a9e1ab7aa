"""The figure and the table of docs/explanation/pillow-13.md: one sample resized with its two passes in either order.

Run from the repository's root: python -m docs.generate.passes
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from docs.generate.figures import INK, PAPER, ROOT, SOFT, font, plain
from dynres_cli.geometry import Size
from dynres_cli.resample import Order, Pixels, first_pass, resize, size_of

PAGE = ROOT / "docs" / "explanation" / "pillow-13.md"
FIGURE = ROOT / "docs" / "images" / "pillow-13.webp"
TABLE = re.compile(r"<!-- cases: generated -->\n.*?<!-- end -->\n", re.DOTALL)

THUMBNAIL = Size(448, 448)
SIDE, GAP, MARGIN, TEXT = 262, 14, 28, 66
AMPLIFIED = 40
"""How much a difference of one level is enlarged to be seen."""


@dataclass(frozen=True, slots=True)
class Case:
    """A part of a sample (left, top, right, bottom; None: all of it) and the size that it is resized to."""

    sample: str
    target: Size
    part: tuple[int, int, int, int] | None = None

    @property
    def pixels(self) -> Pixels:
        with Image.open(ROOT / "samples" / self.sample) as picture:
            return np.asarray(picture.convert("RGB").crop(self.part) if self.part else picture.convert("RGB"))


PORTRAIT = Case("astronaut.jpg", THUMBNAIL, (80, 0, 368, 512))
CASES = (
    PORTRAIT,
    Case("screenshot.png", THUMBNAIL),
    Case("screenshot.png", Size(448, 1792)),
    Case("space/hubble.jpg", THUMBNAIL, (0, 0, 436, 872)),
    Case("page.png", THUMBNAIL),
    Case("coffee.jpg", Size(1344, 896)),
)


def resized(pixels: Pixels, target: Size, order: Order) -> Pixels:
    """The picture as that Pillow makes it, whichever is installed."""
    return resize(pixels, target, "bicubic", first_pass(size_of(pixels), target, order))


def difference(case: Case) -> npt.NDArray[np.int16]:
    """How far the newer order's levels are from the classic ones."""
    pixels = case.pixels
    classic, newer = (resized(pixels, case.target, order) for order in ("pillow12", "pillow13"))
    return np.abs(classic.astype(np.int16) - newer.astype(np.int16))


def table() -> str:
    """What changes for a few sizes, one row a case."""
    rows = "".join(f"| {_named(case)} | {case.target} | {_changed(difference(case))} |\n" for case in CASES)
    return f"| sample | resized to | values changed | by at most |\n|---|---|---|---|\n{rows}"


def _named(case: Case) -> str:
    part = ", a part of" if case.part else ","
    return f"`{case.sample}`{part} {size_of(case.pixels)}"


def _changed(levels: npt.NDArray[np.int16]) -> str:
    share = float(np.mean(levels > 0))
    return f"{share:.1%} | {levels.max()} level{'' if levels.max() == 1 else 's'}" if share else "none | –"


def drawn() -> Image.Image:
    """The sample, its thumbnail in both orders, and where they differ, side by side."""
    pixels = PORTRAIT.pixels
    classic, newer = (resized(pixels, THUMBNAIL, order) for order in ("pillow12", "pillow13"))
    levels = difference(PORTRAIT)
    brightest = Image.fromarray(np.clip(levels.max(axis=2) * AMPLIFIED, 0, 255).astype(np.uint8))
    # Single pixels would drown in their neighbours when the panel is reduced.
    enlarged = np.asarray(brightest.filter(ImageFilter.MaxFilter(3)).convert("RGB"))
    panels = (
        (pixels, f"the picture, {size_of(pixels)}", "part of astronaut.jpg"),
        (classic, "up to Pillow 12", "rows first, then columns"),
        (newer, "Pillow 13", "columns first, then rows"),
        (enlarged, f"their difference, {AMPLIFIED} times", f"{float(np.mean(levels > 0)):.0%} of the values differ"),
    )
    figure = Image.new("RGB", (2 * MARGIN + 4 * SIDE + 3 * GAP, MARGIN + SIDE + TEXT), PAPER)
    draw = ImageDraw.Draw(figure)
    for number, (shown, title, words) in enumerate(panels):
        left = MARGIN + number * (SIDE + GAP)
        picture = Image.fromarray(shown)
        picture.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
        figure.paste(picture, (left + (SIDE - picture.width) // 2, MARGIN))
        draw.text((left + SIDE / 2, MARGIN + SIDE + 10), plain(title), INK, font(17), anchor="ma")
        draw.text((left + SIDE / 2, MARGIN + SIDE + 34), plain(words), SOFT, font(14), anchor="ma")
    return figure


def current(text: str) -> str:
    """The page with its table as it should be."""
    return TABLE.sub(lambda _: f"<!-- cases: generated -->\n\n{table()}\n<!-- end -->\n", text)


def main() -> None:
    """Write the figure and bring the page up to date."""
    Path(FIGURE.parent).mkdir(parents=True, exist_ok=True)
    drawn().save(FIGURE, "WEBP", quality=85, method=6)
    PAGE.write_text(current(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
