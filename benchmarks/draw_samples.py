"""Makes samples/ from scikit-image's public-domain photographs and from drawings of our own; run once, by hand.

The pictures are committed, so nothing depends on this script: it records how each of them came about.
It needs scikit-image (`pip install scikit-image`), which no other part of the project does.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import skimage
from PIL import Image, ImageDraw, ImageFilter, ImageFont

PHOTOGRAPHS = Path(skimage.__file__).parent / "data"
SAMPLES = Path(__file__).parent.parent / "samples"
ORIENTATION = 0x0112

INK, GREY, PAPER, WHITE = (34, 34, 40), (120, 120, 130), (250, 248, 243), (255, 255, 255)
PAGE_TITLE = "On cutting a picture into squares"
PAGE_TEXT = """\
A vision model looks at the world through a small square window. Give it a wide street, a receipt as long as
an arm or a page of fine print, and it has two choices: to squeeze the whole of it into the window, or to look
several times.

Squeezing is quick and loses the letters. A page of a thousand words, reduced to a square the size of a
postage stamp, keeps its columns and its headings, and hardly a word of it can be read. Looking several times
keeps the letters but asks new questions: how many looks, in what arrangement, and in what order are they
told?

The usual answer is a grid. From all the grids that the budget allows, one takes the grid whose shape is
nearest to the picture's own, stretches the picture until it fills the grid, and cuts along the lines. A last
look, at the whole picture made small, reminds the model how the pieces belong together.

It sounds simple, and it is. Yet two grids can be equally near; a stretched picture depends on how it was
stretched; and a rotated photograph has two widths, the one in the file and the one in the viewer's eye.
Whoever trains with one answer and serves with another will never see an error message. The model only becomes
a little worse, on some pictures, on some days.

So the rule has to be written down, to the last tie and the last rounding, and followed every time. That is
all there is to the art of cutting a picture into squares: not a clever rule, but always the same one."""

PALETTE = [(94, 129, 172), (163, 190, 140), (208, 135, 112), (180, 142, 173), (235, 203, 139), (136, 192, 208)]
NAMES = ["Ada", "Bruno", "Chidi", "Dunja", "Emil", "Farah", "Goro", "Hana"]
LINES = [
    "The early train was cancelled, so we walked along the river instead.",
    "Does anyone still have the notes from Tuesday? Mine end at page four.",
    "Found it: the lamp was never plugged in. Two hours well spent.",
    "Bread is in the oven. Come by at six, and bring the good butter.",
    "New record: eleven kilometres, of which nine against the wind.",
    "Reminder: the library closes at 17:30 this week, not at 19:00.",
]


def wrapped(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """The paragraph broken into lines that fit the width."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font=font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def page() -> Image.Image:
    """A sheet of A4 at 120 dots per inch, in shades of grey."""
    sheet = Image.new("RGB", (992, 1403), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((110, 100), PAGE_TITLE, fill=INK, font=ImageFont.load_default(38))
    draw.line((110, 165, 882, 165), fill=GREY, width=2)
    body, y = ImageFont.load_default(22), 195
    for paragraph in PAGE_TEXT.split("\n\n"):
        for line in wrapped(draw, paragraph, body, 772):
            draw.text((110, y), line, fill=INK, font=body)
            y += 35
        y += 20
    draw.text((490, 1330), "1", fill=GREY, font=body)
    return sheet.convert("L")


def card(draw: ImageDraw.ImageDraw, index: int, top: int) -> None:
    """One card of the feed: a face, a name, a message, a chart and what others made of it."""
    title, body, small = (ImageFont.load_default(size) for size in (28, 22, 20))
    draw.rounded_rectangle((24, top, 696, top + 360), radius=18, fill=WHITE, outline=(222, 224, 230), width=2)
    draw.ellipse((48, top + 24, 112, top + 88), fill=PALETTE[index % 6])
    draw.text((80, top + 56), NAMES[index][0], fill=WHITE, font=title, anchor="mm")
    draw.text((132, top + 24), NAMES[index], fill=INK, font=title)
    draw.text((132, top + 62), f"{index + 2} minutes ago", fill=GREY, font=small)
    for row, line in enumerate(wrapped(draw, LINES[index % 6], body, 620)):
        draw.text((48, top + 106 + 30 * row), line, fill=INK, font=body)
    for bar in range(12):
        height = 20 + (bar * 37 + index * 53) % 100
        draw.rectangle((48 + bar * 52, top + 306 - height, 88 + bar * 52, top + 306), fill=PALETTE[(bar + index) % 6])
    draw.text((48, top + 320), f"{index * 7 % 40 + 3} likes     {index + 2} answers", fill=GREY, font=small)


def screenshot() -> Image.Image:
    """A long page as a telephone would capture it: a bar on top, then a feed of cards."""
    screen = Image.new("RGB", (720, 3200), (240, 242, 247))
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, 720, 140), fill=(46, 52, 64))
    draw.text((24, 16), "09:41", fill=WHITE, font=ImageFont.load_default(24))
    draw.text((24, 66), "Neighbours", fill=WHITE, font=ImageFont.load_default(44))
    for index in range(8):
        card(draw, index, 160 + index * 378)
    return screen.quantize(128, dither=Image.Dither.NONE)


def cut_out() -> Image.Image:
    """The cat's head on a transparent ground, with a soft edge."""
    cat = Image.open(PHOTOGRAPHS / "chelsea.png").crop((60, 0, 360, 300))
    mask = Image.new("L", cat.size, 0)
    ImageDraw.Draw(mask).ellipse((30, 20, 270, 290), fill=255)
    cat.putalpha(mask.filter(ImageFilter.GaussianBlur(8)))
    return cat


def save_portrait() -> None:
    """A portrait as a telephone held upright stores it: lying on its side, with the tag that says so."""
    upright = Image.open(PHOTOGRAPHS / "astronaut.png").crop((64, 0, 384, 448))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(SAMPLES / "portrait-exif.jpg", quality=90, exif=exif)


def main() -> None:
    """Write every sample."""
    (SAMPLES / "space").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PHOTOGRAPHS / "rocket.jpg", SAMPLES / "rocket.jpg")
    shutil.copyfile(PHOTOGRAPHS / "chelsea.png", SAMPLES / "chelsea.png")
    shutil.copyfile(PHOTOGRAPHS / "retina.jpg", SAMPLES / "retina.jpg")
    shutil.copyfile(PHOTOGRAPHS / "hubble_deep_field.jpg", SAMPLES / "space" / "hubble.jpg")
    Image.open(PHOTOGRAPHS / "astronaut.png").save(SAMPLES / "astronaut.jpg", quality=92, subsampling=0)
    Image.open(PHOTOGRAPHS / "coffee.png").save(SAMPLES / "coffee.jpg", quality=92, progressive=True)
    Image.open(PHOTOGRAPHS / "rocket.jpg").crop((0, 267, 640, 427)).save(SAMPLES / "panorama.jpg", quality=92)
    save_portrait()
    page().save(SAMPLES / "page.png", optimize=True)
    screenshot().save(SAMPLES / "screenshot.png", optimize=True)
    cut_out().save(SAMPLES / "transparent.png", optimize=True)


if __name__ == "__main__":
    main()
