"""Pictures taken in Chromium: the report as the README shows it. Needs `make browser` and a Chromium on PATH.

Run from the repository's root: python -m docs.generate.browser
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "report.png"
WIDTH, HEIGHT = 1460, 1120
SHOWN = (
    "coffee.jpg",
    "page.png",
    "panorama.jpg",
    "rocket.jpg",
    "screenshot.png",
    "transparent.png",
    "space/hubble.jpg",
)
COLOURS = 200


def main() -> None:
    """Tile the samples, write their report, and take its picture."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        _dynres("tile", *(f"samples/{name}" for name in SHOWN), str(out), "--tensor", "none", "-q")
        _dynres("report", str(out), *(part for name in SHOWN for part in ("--source", f"samples/{name}")), "-q")
        shot = taken(out / "report.html")
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


def _dynres(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "dynres_cli", *arguments], cwd=ROOT, check=True)


def taken(page: Path) -> bytes:
    """The first screen of a page, as a PNG."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        shown = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        shown.goto(page.as_uri())
        shot: bytes = shown.screenshot()
        browser.close()
    return shot


if __name__ == "__main__":
    main()
