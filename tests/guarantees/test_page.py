"""docs/guarantees.md names tests and code that are there, and no test speaks of a guarantee that is not on the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (\d+) \| .+? \| (.+?) \| (.+?) \| (.*?) ?\|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "guarantees.md").read_text("utf-8"))
NUMBERS = range(1, 41)
IN_CODE = re.compile(r"`([^`]+)`")
CITED = re.compile(r"[Gg]uarantees?[ _](\d+(?:\.\d+)?(?:(?:, | and | to )\d+(?:\.\d+)?)*)")


def test_every_guarantee_has_its_row() -> None:
    """Forty, in their order; else the two tests below would look at fewer."""
    assert [int(number) for number, *_ in ROWS] == list(NUMBERS)


@pytest.mark.parametrize(("number", "tests"), [pytest.param(row[0], row[1], id=row[0]) for row in ROWS])
def test_the_tests_of_a_row_are_there(number: str, tests: str) -> None:
    """Each part of a name is found in the file that stands before it."""
    for part in tests.split("; "):
        file, _, names = part.partition(": ")
        below = ROOT / "tests" / (file if file.endswith(".py") else f"guarantees/test_{file}.py")
        known = re.findall(r"^def (test_\w+)", below.read_text("utf-8"), re.MULTILINE)
        assert known, (number, file)
        for name in IN_CODE.findall(names):
            assert any(name in each for each in known), (number, file, name)


@pytest.mark.parametrize(("number", "line"), [pytest.param(row[0], row[2], id=row[0]) for row in ROWS])
def test_the_code_of_a_row_is_there(number: str, line: str) -> None:
    """Each name stands in the file, or in one of the files, that stand before it."""
    texts: list[str] = []
    was_file = False
    for word in IN_CODE.findall(line):
        is_file = word.endswith(".py")
        if is_file:
            texts = (texts if was_file else []) + [(ROOT / "dynres_cli" / word).read_text("utf-8")]
        else:
            assert all(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for text in texts), (number, word)
        was_file = is_file
    assert texts, number


def test_no_test_speaks_of_a_guarantee_that_does_not_exist() -> None:
    """There are 1 to 40."""
    cited = {
        (path.name, number)
        for path in (ROOT / "tests").rglob("*.py")
        for numbers in CITED.findall(path.read_text("utf-8"))
        for number in re.split(r", | and | to ", numbers)
    }
    assert len(cited) > len(NUMBERS)
    assert {(name, number) for name, number in cited if number not in map(str, NUMBERS)} == set()
