"""Where a drawing goes: into a folder that is there, over nothing but an earlier drawing, and whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dynres_cli.errors import RunError, UsageError
from dynres_cli.formats import EXTENSIONS

if TYPE_CHECKING:
    from PIL import Image

MAKER = "dynres"
MARK = b"tEXtSoftware\0" + MAKER.encode()
"""Stands near the beginning of every drawing, by which it is known for one that may be replaced."""
HEAD = 128
OTHERS = {*EXTENSIONS, ".svg", ".pdf"} - {".png", ".apng"}
"""Names of other kinds of pictures, which a drawing would only pretend to be."""


def check_place(drawing: Path | None) -> None:
    """Refuse a file for a drawing whose folder is not there, or that is another file, before any work is done."""
    if drawing is None:
        return
    if str(drawing) == "-":
        msg = "--out -: stdout holds the answer in words; name a file for the drawing, as in --out grid.png"
        raise UsageError(msg)
    if not drawing.absolute().parent.is_dir():
        msg = f"--out {drawing}: its folder does not exist; make it first"
        raise UsageError(msg)
    if drawing.is_file() and not _is_replaceable(drawing):
        msg = f"--out {drawing}: a file stands there that dynres did not draw; remove it, or give another name"
        raise UsageError(msg)
    if drawing.suffix.lower() in OTHERS:
        msg = f"--out {drawing}: drawings are PNG; give a name that ends in .png"
        raise UsageError(msg)


def _is_replaceable(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            start = opened.read(HEAD)
    except OSError:
        return False
    return not start or MARK in start


def save(picture: Image.Image, place: Path) -> None:
    """Write a drawing as a PNG; RunError where that cannot be done."""
    from PIL.PngImagePlugin import PngInfo

    from dynres_cli.storage import temporary_name

    info = PngInfo()
    info.add_text("Software", MAKER)
    aside = place.with_name(temporary_name()) if place.is_file() or not place.exists() else place
    try:
        picture.save(aside, format="PNG", pnginfo=info)
        if aside != place:
            aside.replace(place)
    except OSError as error:
        if aside != place:
            aside.unlink(missing_ok=True)
        msg = f"{place}: cannot be written ({error.strerror}); name a file in a folder that exists"
        raise RunError(msg, code="output") from None
