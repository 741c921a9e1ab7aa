"""The pages of `dynres report`: HTML that needs no network, no script and no other file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from dynres_cli.manifest import FailedRecord
from dynres_cli.operations.cards import Card, Embedded
from dynres_cli.operations.reporting import PAGE
from dynres_cli.report.meanings import meaning
from dynres_cli.report.text import count, safe

MAKER = b'<meta name="generator" content="dynres">'
"""Stands near the beginning of every page, by which it is known for one that may be replaced."""
MARK = "<!-- pictures -->"
"""Where a page is cut in two to take its pictures."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What stands on every page."""

    title: str
    preset: str
    about: str
    """What one looks at, for people who have never heard of tiles."""
    facts: tuple[tuple[str, str], ...]
    histograms: Mapping[str, Mapping[str, int]]
    flags: tuple[str, ...]
    pictures: int
    notes: tuple[str, ...] = ()

    @property
    def pages(self) -> int:
        return max(-(-self.pictures // PAGE), 1)


@cache
def _environment() -> Environment:
    """Names are data: whatever stands in them stays text, and never steers a terminal or the direction of a line."""
    made = Environment(
        loader=PackageLoader("dynres_cli.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"safe_name": safe, "uri": uri, "count": count, "figure": figure, "meaning": meaning}
    return made


def uri(picture: Embedded) -> str:
    """A picture as part of the page."""
    return "data:image/webp;base64," + base64.b64encode(picture.data).decode("ascii")


def figure(value: float) -> str:
    """A number of at most two decimals, without idle zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def piece(card: Card | FailedRecord) -> str:
    """One picture's part of a page."""
    if isinstance(card, FailedRecord):
        return _environment().get_template("failed.html.j2").render(record=card)
    names = [flag.partition(":")[0] for flag in card.record.flags]
    return _environment().get_template("card.html.j2").render(card=card, record=card.record, flag_names=names)


def page_name(number: int) -> str:
    """report.html, report-2.html and so on."""
    return "report.html" if number == 1 else f"report-{number}.html"


def bound(cover: Cover, number: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """A whole page, as it is written: what comes before its pictures, they, and what comes after."""
    names = [page_name(each) for each in range(1, cover.pages + 1)]
    script = _source("filter.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    text = (
        _environment()
        .get_template("page.html.j2")
        .render(
            cover=cover,
            number=number,
            pages=names,
            meanings={flag: meaning(flag) for flag in cover.flags if meaning(flag)},
            style=_source("page.css"),
            script=script,
            digest=digest,
        )
    )
    before, _, after = text.partition(MARK)
    yield before.encode()
    yield from pieces
    yield after.encode()


def _source(name: str) -> str:
    """A template's text as it stands."""
    loader = _environment().loader
    return loader.get_source(_environment(), name)[0].strip() if loader else ""
