"""`dynres report`: pages that show what the model sees, safe to open whatever the names and the pictures are."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli.command import SAMPLES, dynres, manifest, tree
from tests.pictures import noise

NASTY = '<img src=x onerror=alert(1)> "quoted" &amp; \u202e.png'
SMALL = ("--image-size", "28", "--max-num", "6", "--kernel", "pillow", "--no-fsync", "-q")


class Page(HTMLParser):
    """The parts of a page that tests look at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())

    def all(self, tag: str, kind: str = "") -> list[dict[str, str]]:
        """The attributes of every such element."""
        return [has for name, has in self.tags if name == tag and has.get("class", "").startswith(kind)]


def page(out: Path, name: str = "report.html") -> Page:
    """One page of a report."""
    return Page((out / name).read_text("utf-8"))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures with a name that wants to be HTML, and a file that is no picture."""
    folder = tmp_path_factory.mktemp("source")
    Image.fromarray(noise(90, 60, 1)).save(folder / NASTY.replace("/", ""))
    Image.fromarray(noise(40, 130, 2)).save(folder / "tall.png")
    Image.fromarray(noise(30, 30, 3)).save(folder / "square.jpg")
    (folder / "bad.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture
def out(source: Path, tmp_path: Path) -> Path:
    """Its output."""
    assert dynres("tile", source, tmp_path / "out", *SMALL).status == 3
    return tmp_path / "out"


def test_a_card_for_every_picture_with_its_boxes_and_its_views(out: Path, source: Path) -> None:
    """Boxes are the record's own source boxes, views stand in the model's order, each with its number."""
    ran = dynres("report", out, "--source", source)
    shown = page(out)
    images = manifest(out)["images"]
    tiled = [image for image in images if image["status"] == "tiled"]
    boxes = [
        [box[0], box[1], box[2] - box[0], box[3] - box[1]]
        for image in tiled
        for box in [file["source_box"] for file in image["files"] if file["kind"] == "tile"]
    ]
    drawn = [[float(rect[name]) for name in ("x", "y", "width", "height")] for rect in shown.all("rect", "box")]
    assert ran.status == 0
    assert len(shown.all("article", "card")) == len(images)
    assert drawn == [pytest.approx(box) for box in boxes]
    assert len(shown.all("img")) == sum(image["total"] for image in tiled)


def test_a_page_needs_nothing_but_itself(out: Path, source: Path) -> None:
    """Every reference is data: or another page of the report, and the page forbids the rest to its reader."""
    dynres("report", out, "--source", source)
    shown = page(out)
    links = [has[name] for _, has in shown.tags for name in ("src", "href") if name in has]
    assert len(links) > 10
    assert all(link.startswith("data:") or re.fullmatch(r"report(-\d+)?\.html", link) for link in links)
    (policy,) = [has["content"] for tag, has in shown.tags if tag == "meta" and "http-equiv" in has]
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_names_with_html_in_them_stay_text(out: Path) -> None:
    """The tag in the name is no tag, and the character that turns the direction of a line is shown as an escape."""
    dynres("report", out)
    shown, text = page(out), (out / "report.html").read_text("utf-8")
    assert not any("onerror" in has for _, has in shown.tags)
    assert html.escape(NASTY[:28]) in text
    assert "\u202e" not in text
    assert "\\u202e" in text


def test_without_sources_the_canvas_is_joined_from_its_tiles(out: Path) -> None:
    """84 by 56 is the canvas of 3×2 tiles of 28; boxes lie on it as they were cut."""
    dynres("report", out)
    shown = page(out)
    assert "0 0 84 56" in {svg.get("viewbox", "") for svg in shown.all("svg")}
    assert any("joined from its tiles" in word for word in shown.words)


def test_sources_that_are_elsewhere_are_told(out: Path, tmp_path: Path) -> None:
    """On stderr and on the page: nobody shall take the canvases for the originals."""
    (tmp_path / "other").mkdir()
    shutil.copy(SAMPLES / "coffee.jpg", tmp_path / "other" / "square.png")
    told = "3 of 3 pictures are not below --source"
    assert told in dynres("report", out, "--source", tmp_path / "other").err
    assert any(word.startswith(told) for word in page(out).words)


def test_the_report_and_the_statistics_count_scales_alike(tmp_path: Path) -> None:
    """291 pixels become 448, 1.54 times as many: what the flag rounds to 1.5 is in one band for both."""
    Image.fromarray(noise(291, 291, 4)).save(tmp_path / "one.png")
    dynres("tile", tmp_path / "one.png", tmp_path / "out", "--tensor", "none", "-q")
    dynres("report", tmp_path / "out")
    scales = dynres("stats", tmp_path / "out", "--json").json["scales"]
    assert [name for name, number in scales.items() if number] == ["up to 1.5x"]
    assert "up to 1.5x" in page(tmp_path / "out").words


def test_the_histograms_count_every_picture(out: Path) -> None:
    """Grids, aspect ratios, scales, tokens, flags and failures by code, whatever the sample."""
    dynres("report", out, "--sample", "2")
    shown = page(out)
    assert len(shown.all("article", "card")) == 2
    assert {"Grids", "Tokens a picture", "Failures", "unidentified"} <= set(shown.words)
    assert "a sample of 2 of 4 pictures" in shown.words


def test_two_hundred_pictures_a_page_and_no_page_of_an_earlier_report_stays(tmp_path: Path) -> None:
    """201 pictures make two pages that know each other; a sample of one takes the second page away again."""
    (tmp_path / "in").mkdir()
    first = tmp_path / "in" / "000.png"
    Image.new("RGB", (20, 20)).save(first)
    for number in range(1, 201):
        shutil.copy(first, tmp_path / "in" / f"{number:03}.png")
    out = tmp_path / "out"
    dynres("tile", tmp_path / "in", out, *SMALL, "--tensor", "none")
    assert dynres("report", out).status == 0
    assert [len(page(out, name).all("article", "card")) for name in ("report.html", "report-2.html")] == [200, 1]
    assert "report-2.html" in {has["href"] for has in page(out).all("a")}
    dynres("report", out, "--sample", "1")
    assert not (out / "report-2.html").exists()


def test_the_report_is_no_stranger_to_the_output(out: Path) -> None:
    """Verify finds nothing, and nothing else was changed."""
    before = tree(out)
    dynres("report", out)
    assert {name: data for name, data in tree(out).items() if name != "report.html"} == before
    assert dynres("verify", out).status == 0


def test_a_tile_that_is_gone_is_told(out: Path) -> None:
    """Exit 3; the card says how many files cannot be read."""
    (out / "tall.png" / "tile_r0_c0.png").unlink()
    ran = dynres("report", out)
    assert ran.status == 3
    assert any("1 file of this picture cannot be read" in word for word in page(out).words)


def test_a_source_that_changed_is_not_shown_as_the_original(out: Path, source: Path, tmp_path: Path) -> None:
    """The canvas stands in its place, and a note says why."""
    other = tmp_path / "other"
    shutil.copytree(source, other)
    Image.fromarray(noise(40, 130, 9)).save(other / "tall.png")
    dynres("report", out, "--source", other)
    assert any("has changed since it was tiled" in word for word in page(out).words)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"dynres.manifest/1"', '"dynres.manifest/9"', id="a newer schema"),
        pytest.param("tall.png/tile_r0_c0.png", "../../x/tile_r0_c0.png", id="a path that leads out"),
        pytest.param('"images": 4', '"images": "four"', id="edited"),
    ],
)
def test_a_manifest_that_is_not_sound_is_refused(out: Path, old: str, new: str) -> None:
    """Exit 1, and no report."""
    text = (out / "manifest.json").read_text("utf-8")
    assert old in text
    (out / "manifest.json").write_text(text.replace(old, new), "utf-8")
    assert dynres("report", out).status == 1
    assert not (out / "report.html").exists()


def test_an_output_without_a_manifest(tmp_path: Path) -> None:
    """Exit 1 with its name."""
    ran = dynres("report", tmp_path)
    assert (ran.status, str(tmp_path) in ran.err) == (1, True)


def test_a_marker_in_a_pictures_metadata_does_not_reach_the_report(tmp_path: Path) -> None:
    """Guarantee 26: what is shown was encoded again, from pixels alone."""
    metadata = Image.Exif()
    metadata[0x010E] = "PLANTED-MARKER"
    (tmp_path / "in").mkdir()
    Image.fromarray(noise(40, 30)).save(tmp_path / "in" / "a.jpg", exif=metadata)
    dynres("tile", tmp_path / "in", tmp_path / "out", *SMALL)
    dynres("report", tmp_path / "out", "--source", tmp_path / "in")
    assert "PLANTED" not in (tmp_path / "out" / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The Chromium that is installed, driven by Playwright."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright: pip install 'dynres[test-browser]'"
    )
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("needs a Chromium on PATH, such as Debian's chromium")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield launched
        launched.close()


PLACES = """() => [...document.querySelectorAll(".picture svg")].map((svg) => {
  const at = svg.querySelector("image").getBoundingClientRect();
  return [...svg.querySelectorAll("rect.box")].map((box) => {
    const is = box.getBoundingClientRect();
    return [(is.left - at.left) / at.width, (is.top - at.top) / at.height, is.width / at.width, is.height / at.height];
  });
})"""


@pytest.mark.parametrize("width", [360, 800, 1400])
def test_in_a_browser_boxes_lie_where_the_tiles_are(browser: Any, tmp_path: Path, width: int) -> None:  # noqa: ANN401
    """As shares of the picture they are those of the record, at every width, and nothing is wider than the window."""
    out = tmp_path / "out"
    dynres("tile", SAMPLES / "coffee.jpg", SAMPLES / "rocket.jpg", out, "--kernel", "pillow", "--tensor", "none", "-q")
    dynres("report", out, "--source", SAMPLES / "coffee.jpg", "--source", SAMPLES / "rocket.jpg")
    shown = browser.new_page(viewport={"width": width, "height": 800})
    told: list[str] = []
    shown.on("console", lambda message: told.append(message.text))
    shown.on("pageerror", lambda error: told.append(str(error)))
    shown.goto((out / "report.html").as_uri())
    for image, places in zip(manifest(out)["images"], shown.evaluate(PLACES), strict=True):
        across, down = image["width"], image["height"]
        boxes = [file["source_box"] for file in image["files"] if file["kind"] == "tile"]
        shares = [[l / across, t / down, (r - l) / across, (b - t) / down] for l, t, r, b in boxes]  # noqa: E741 - a box
        assert places == [pytest.approx(share, abs=0.004) for share in shares]
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert told == []
    shown.close()


def test_in_a_browser_names_stay_text_and_cards_can_be_filtered(browser: Any, out: Path) -> None:  # noqa: ANN401
    """No element comes from a name; typing leaves the cards that match; without script every card is there."""
    dynres("report", out)
    shown = browser.new_page()
    told: list[str] = []
    shown.on("console", lambda message: told.append(message.text))
    shown.on("dialog", lambda dialog: told.append(dialog.message))
    shown.goto((out / "report.html").as_uri())
    names = shown.locator(".card h2").all_inner_texts()
    assert names[0].startswith("<img src=x onerror=alert(1)>")
    assert shown.locator("h2 img").count() == 0
    shown.fill("#search", "tall")
    assert shown.locator(".card:visible").count() == 1
    shown.fill("#search", "")
    shown.click("button[data-flag=failed]")
    assert shown.locator(".card:visible h2").all_inner_texts() == ["bad.jpg"]
    assert told == []
    plain = browser.new_page(java_script_enabled=False)
    plain.goto((out / "report.html").as_uri())
    assert (plain.locator(".card:visible").count(), plain.locator("#filter:visible").count()) == (4, 0)
    shown.close()
    plain.close()


def test_in_a_browser_the_blanks_of_a_name_are_shown(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """Names that differ in nothing else would look alike."""
    for name in ("a b.png", "a  b.png", " a b.png"):
        Image.fromarray(noise(30, 30, 4)).save(tmp_path / name)
    dynres("tile", *sorted(tmp_path.iterdir()), tmp_path / "out", *SMALL)
    dynres("report", tmp_path / "out")
    shown = browser.new_page()
    shown.goto((tmp_path / "out" / "report.html").as_uri())
    assert shown.locator(".card h2").all_inner_texts() == [" a b.png", "a  b.png", "a b.png"]
    shown.close()


def test_in_a_browser_a_view_is_no_taller_than_its_picture(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """A long screenshot is one view to some families; its card was as long as that, and the next far below."""
    Image.fromarray(noise(60, 1800, 5)).save(tmp_path / "long.png")
    dynres("tile", tmp_path / "long.png", tmp_path / "out", "--preset", "qwen2-vl", "--tensor", "none", "-q")
    dynres("report", tmp_path / "out")
    shown = browser.new_page(viewport={"width": 1200, "height": 800})
    shown.goto((tmp_path / "out" / "report.html").as_uri())
    size = shown.locator(".views img").bounding_box()
    view = manifest(tmp_path / "out")["images"][0]["canvas"]
    assert size["height"] <= 461
    # What is shown was reduced to whole pixels, of which it has few across.
    assert size["width"] / size["height"] == pytest.approx(view["width"] / view["height"], rel=0.1)
    shown.close()


def test_the_first_page_explains_itself(out: Path) -> None:
    """The family's rule, and a line for each flag that occurs; a flag says the same where it stands on a card."""
    assert dynres("report", out, "-q").status == 0
    text = html.unescape((out / "report.html").read_text("utf-8"))
    assert "How this family cuts: the grid nearest to the picture's aspect ratio" in text
    assert "<dt>distorted</dt><dd>its width and its height are scaled unequally, by this factor</dd>" in text
    assert 'title="its width and its height are scaled unequally, by this factor"' in text
    assert "<dt>cmyk</dt>" not in text
