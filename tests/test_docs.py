"""The documentation: complete, current, and with no link that leads nowhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docs.generate import app, codes, families, figures, man, manifest, passes, presets, python_api, reference, session
from dynres_cli.presets import PRESETS
from dynres_cli.strategies import FAMILIES
from tests.cli.command import SAMPLES, dynres

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WRITTEN = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "samples" / "README.md", ROOT / "benchmarks" / "RESULTS.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ENOUGH = 1_500_000
"""Bytes that all pictures of the documentation may have together."""


def test_everything_the_app_offers_is_explained() -> None:
    """Every command has a sentence and an example, every argument and every option its help."""
    assert list(app.undocumented()) == []


@pytest.mark.parametrize("command", app.commands(), ids=lambda command: command.name)
def test_every_option_is_in_the_reference_and_in_the_man_page(command: app.Command) -> None:
    """By all of its names, with its variable and its name in the file."""
    page = reference.pages()[f"reference/commands/{command.name}.md"]
    roff = man.pages()[f"dynres-{command.name}.1"].replace("\\-", "-")
    for option in command.options:
        for flag in option.flags:
            assert flag in page
            assert flag in roff
        assert option.environment is None or f"`{option.environment}`" in page
        assert option.config is None or f"`{option.config}`" in page


@pytest.mark.parametrize("command", app.commands(), ids=lambda command: command.name)
def test_variables_are_named_by_one_rule(command: app.Command) -> None:
    """DYNRES_ and the long name in capitals; --shard alone has none, for it differs from task to task."""
    for option in command.options:
        long = next(flag for flag in option.flags if flag.startswith("--"))
        expected = "DYNRES_" + long.removeprefix("--").upper().replace("-", "_")
        assert option.environment == (None if long == "--shard" else expected)


def test_a_variable_that_the_reference_names_works() -> None:
    """The one whose parameter has another name in the code."""
    done = dynres("inspect", SAMPLES / "coffee.jpg", "--json", DYNRES_ALL="1")
    assert len(done.lines) == len(PRESETS)


def test_every_code_flag_field_and_name_has_words() -> None:
    """Whoever adds one is told here where its words belong: docs/generate."""
    assert codes.missing() == set()
    assert manifest.unexplained() == set()
    assert python_api.unlisted() == set()
    assert set(presets.UNCONFIRMED) == {name for name, preset in PRESETS.items() if not preset.confirmed}


@pytest.mark.parametrize("command", app.commands(), ids=lambda command: command.name)
def test_a_page_speaks_of_the_file_where_the_command_reads_it(command: app.Command) -> None:
    """`strategies` and `schema` have no --config, and no option with a name in the file."""
    reads = "--config" in {flag for option in command.options for flag in option.flags}
    assert ("dynres.toml" in man.pages()[f"dynres-{command.name}.1"]) == reads
    assert any(option.config for option in command.options) == reads


def test_the_man_pages_are_current() -> None:
    """Else run `make man`."""
    assert {path.name: path.read_text("utf-8") for path in man.FOLDER.glob("*.1")} == man.pages()


def test_the_man_pages_are_sound_roff() -> None:
    """The formatter has nothing to warn of."""
    if shutil.which("groff") is None:
        pytest.skip("needs groff: apt-get install groff")
    for path in man.FOLDER.glob("*.1"):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", path], capture_output=True, check=True)
        assert done.stderr == b"", path.name


def test_every_family_is_told_with_its_facts() -> None:
    """Each once, with lists as the registry has them; else run `make man`."""
    text = families.PAGE.read_text("utf-8")
    assert sorted(families.families(text)) == sorted(FAMILIES)
    assert families.current(text) == text
    assert {path.stem for path in figures.FOLDER.glob("*.webp")} == set(FAMILIES)


def test_the_page_on_pillow_13_is_current() -> None:
    """Its numbers come out of the samples; else run `make pictures`."""
    text = passes.PAGE.read_text("utf-8")
    assert passes.current(text) == text
    assert near(passes.drawn(), passes.FIGURE)


def near(made: Image.Image, stored: Path) -> bool:
    """Whether a stored picture shows what was drawn; WebP is not lossless, and its encoder may differ."""
    with Image.open(stored) as picture:
        if picture.size != made.size:
            return False
        levels = np.asarray(picture.convert("RGB").reduce(4), np.int16) - np.asarray(made.reduce(4), np.int16)
    return float(np.abs(levels).mean()) < 4


@pytest.mark.parametrize("family", ["internvl", "llava_next"])
def test_a_figure_shows_what_dynres_makes(family: str) -> None:
    """The stored drawing is the one that the renderer's views give."""
    assert near(figures.drawn(figures.subject(family)), figures.FOLDER / f"{family}.webp")


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_every_figure_shows_what_dynres_makes(family: str) -> None:
    """Else run `make pictures`."""
    assert near(figures.drawn(figures.subject(family)), figures.FOLDER / f"{family}.webp")


def test_pictures_stay_small() -> None:
    """A clone should not be dear for its pictures."""
    assert sum(path.stat().st_size for path in (DOCS / "images").rglob("*") if path.is_file()) < ENOUGH


def test_the_recorded_session_holds_its_commands_and_fetches_nothing() -> None:
    """The README shows it; a picture that asked for a font would be another one without a network."""
    drawing = session.PICTURE.read_text("utf-8")
    told = re.sub(r"<[^>]+>", "", drawing).replace("&#160;", " ")
    for command in session.COMMANDS:
        assert f"dynres {' '.join(command)}" in told
    assert set(re.findall(r"https?://[^\"\s)]+", drawing)) == {"http://www.w3.org/2000/svg"}


def links() -> Iterator[tuple[Path, str]]:
    """Every relative link of every page that is written."""
    for page in WRITTEN:
        text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        for target in LINK.findall(text):
            if ":" not in target:
                yield page, target


def anchors(text: str) -> set[str]:
    """The places that a page's headings make."""
    plain = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in HEADING.findall(text))
    return {re.sub(r"\s+", "-", heading.strip()) for heading in plain}


def test_links_lead_somewhere() -> None:
    """To a file of the repository or a page of the reference, and to a heading of it where they name one."""
    made = {(DOCS / path).resolve(): text for path, text in reference.pages().items()}
    for page, target in links():
        path, _, anchor = target.partition("#")
        place = ((page.parent / path) if path else page).resolve()
        assert place in made or place.exists(), f"{page.relative_to(ROOT)}: {target}"
        assert not anchor or anchor in anchors(made.get(place) or place.read_text("utf-8")), f"{page}: {target}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly from a copy of the documentation that has one more how-to."""
    pytest.importorskip("material", reason="needs MkDocs Material: pip install 'dynres[docs]'")
    home = tmp_path_factory.mktemp("docs")
    for name in ("docs", "samples", "benchmarks"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (*ROOT.glob("*.md"), ROOT / "mkdocs.yml"):
        shutil.copy(path, home)
    (home / "docs" / "how-to").mkdir(exist_ok=True)
    text = (
        "# Something new\n\nSee [the samples](../../samples/README.md) and [the script](../../benchmarks/bench.py).\n"
    )
    (home / "docs" / "how-to" / "something-new.md").write_text(text)
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return home / "site"


@pytest.mark.slow
def test_the_site_finds_new_pages_by_itself(site: Path) -> None:
    """A how-to is in the navigation once it lies in its folder, and its links fit the site."""
    assert "Something new" in (site / "index.html").read_text("utf-8")
    page = (site / "how-to" / "something-new.html").read_text("utf-8")
    assert '<a href="../project/samples.html">the samples</a>' in page
    assert "and the script." in page


@pytest.mark.slow
def test_the_site_fetches_nothing(site: Path) -> None:
    """Pages load no font, script, style or picture from anywhere else."""
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        loaded = re.findall(r"<(?:script|img|iframe|source)[^>]+src=\"?(https?:[^\s\">]+)", text)
        loaded += re.findall(r"<link[^>]+rel=\"(?:stylesheet|preconnect|preload)\"[^>]+href=\"(https?:[^\">]+)", text)
        assert loaded == [], page.relative_to(site)
    for style in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?https?:", style.read_text("utf-8")), style.relative_to(site)
