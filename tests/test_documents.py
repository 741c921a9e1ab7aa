"""Every command that the README and the how-to pages show is run, and what it prints is what they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dynres_cli.operations.describing import described
from tests.documents import ROOT, Block, Desk, blocks, missing, needs_of, pattern, run_page

README = (ROOT / "README.md").read_text("utf-8")
PAGES = [page for page in sorted((ROOT / "docs" / "how-to").glob("*.md")) if blocks(page.read_text("utf-8"))]
"""Those that show sessions or Python; scripts for other programs have tests of their own."""
NEEDED = ("command bash", "command find", "command jq")


def refuse_without(needs: tuple[str, ...]) -> None:
    """Skip with the names of what is missing."""
    lacking = missing((*NEEDED, *needs))
    if lacking:
        pytest.skip(f"the commands of this page need: {', '.join(lacking)}")


@pytest.mark.slow
def test_the_readme_prints_what_it_shows(tmp_path: Path) -> None:
    """From its first command to its last, in one folder."""
    refuse_without(())
    found = blocks(README)
    assert len([each for each in found if each.kind == "console"]) >= 6
    assert len([each for each in found if each.kind == "python"]) >= 1
    run_page(README, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_how_to_prints_what_it_shows(page: Path, tmp_path: Path) -> None:
    """Each page begins anew, with nothing but the samples."""
    text = page.read_text("utf-8")
    refuse_without(needs_of(text))
    run_page(text, tmp_path)


def test_there_are_pages() -> None:
    """Else the test before would pass by running nothing."""
    assert len(PAGES) >= 6


def test_blocks_say_what_they_need() -> None:
    """A comment before a block is the block's, one in the first line the page's."""
    page = "<!-- needs: module ray -->\n\n# Title\n\n<!-- needs: module torch, command jq -->\n```python\nx = 1\n```\n"
    assert needs_of(page) == ("module ray",)
    assert blocks(page) == [Block("python", "x = 1\n", ("module torch", "command jq"))]
    assert needs_of("# Title\n") == ()
    assert missing(("module json", "command no-such-command", "module no_such_module")) == [
        "command no-such-command",
        "module no_such_module",
    ]


def test_a_wrong_output_is_found(tmp_path: Path) -> None:
    """A command may take several lines and print nothing; `...` stands for anything, other words for themselves."""
    desk = Desk.laid(tmp_path)
    desk.check(Block("console", "$ printf 'a b\\nc d\\n'\na ...\nc d\n$ true\n$ echo \\\n>   two\ntwo\n"))
    with pytest.raises(AssertionError, match="echo one"):
        desk.check(Block("console", "$ echo one\ntwo\n"))
    assert re.fullmatch(pattern("1.5 ..."), "1x5 s") is None


def test_the_table_says_what_the_registry_says() -> None:
    """Every preset and nothing else; of each its rule, overview, aspect, proof, and whether a value is unconfirmed."""
    table = README.split("<!-- presets: begin", 1)[1].split("<!-- presets: end", 1)[0]
    told: dict[str, tuple[str, ...]] = {}
    for line in re.findall(r"^\| (`.*) \|$", table, re.MULTILINE):
        names, *facts = line.split(" | ")
        told |= {name: (*facts, mark) for name, mark in re.findall(r"`([a-z0-9.-]+)`(\??)", names)}
    assert told == {
        each.preset: (
            each.rule,
            each.overview,
            "kept" if each.keeps_aspect else "squashed",
            each.proof,
            "" if each.confirmed else "?",
        )
        for each in described()
    }
