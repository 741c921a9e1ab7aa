"""A whole run of `dynres report`: records through the engine, each back as a piece of a page, pages in key order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from dynres_cli.engines.contract import Admit, Engine, EngineLimits, Watch
from dynres_cli.items import Done, Failed, Item
from dynres_cli.manifest import FailedRecord, Record, TiledRecord, exact_key
from dynres_cli.operations.cards import Card, Place, bare, drawn
from dynres_cli.operations.commits import Commits
from dynres_cli.operations.reading import Output
from dynres_cli.operations.rerendering import Sources
from dynres_cli.operations.shares import Shares
from dynres_cli.operations.spread import is_sampled
from dynres_cli.operations.witness import check_committed
from dynres_cli.picture import prepare_worker

NOWHERE = Place("", ())
PAGE = 200
"""Pictures on a page."""


@dataclass(frozen=True, slots=True)
class Wish(Item):
    """One record on its way to its piece of a page, and the file that the piece goes to."""

    record: Record | None = None
    place: Place = NOWHERE
    piece: str = ""


@dataclass(frozen=True, slots=True)
class Drawn(Done):
    """A piece is written; so many of the picture's files could not be read."""

    missing: int = 0


@dataclass(frozen=True, slots=True)
class Artist:
    """The work on one record: look at it, and write its piece."""

    text: Callable[[Card | FailedRecord], str]

    def __call__(self, item: Item, admit: Admit) -> Drawn:
        prepare_worker()
        assert isinstance(item, Wish)  # noqa: S101 - the feed is our own
        record = item.record
        if isinstance(record, TiledRecord):
            card = drawn(record, item.place, admit)
            write_piece(item.piece, self.text(card))
            return Drawn(item.key, card.missing)
        if record is not None:
            write_piece(item.piece, self.text(record))
        return Drawn(item.key)


def write_piece(path: str, text: str) -> None:
    """A piece's text in its file."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """What is to be drawn: which output, beside which sources, how many of its pictures, by whom."""

    output: Output
    sources: Sources | None
    sample: int | None
    folder: str
    """Where pieces lie until they are bound."""
    limits: EngineLimits
    engine: Engine


@dataclass(slots=True)
class Pieces:
    """What came of it."""

    shares: Shares
    count: int = 0
    tiled: int = 0
    missing: int = 0
    """Pictures of which files could not be read."""
    without_source: int = 0
    """Tiled pictures whose original is not among the sources."""

    def path(self, folder: str, number: int) -> str:
        """Where the piece of this number lies."""
        return os.path.join(folder, f"{number}.html")


def draw_all(
    order: ReportOrder, text: Callable[[Card | FailedRecord], str], watch: Watch, seen: Callable[[int, int], None]
) -> Pieces:
    """Write a piece for every picture of the sample; the shares are those of all pictures.

    RunError where the manifest is not sound, at the end at the latest.
    """
    prepare_worker()  # what is loaded here need not be loaded by each worker
    pieces = Pieces(Shares())
    in_work: dict[str, Wish] = {}
    outcomes = order.engine(Artist(text), _wishes(order, pieces, in_work), order.limits, watch)
    for done, outcome in enumerate(outcomes, start=1):
        wish = in_work.pop(outcome.key)
        if isinstance(outcome, Drawn):
            pieces.missing += outcome.missing > 0
        elif isinstance(outcome, Failed):
            _without(wish, outcome, text)
        seen(done, order.output.run.images)
    return pieces


def _wishes(order: ReportOrder, pieces: Pieces, in_work: dict[str, Wish]) -> Iterator[Item]:
    """Every record of the sample with its source; all of them are counted."""
    commits = Commits(order.output)
    for number, record in enumerate(order.output.records()):
        pieces.shares.add(record)
        found = order.sources.find(record) if order.sources else None
        if not is_sampled(number, order.output.run.images, order.sample):
            continue
        check_committed(commits, record)
        key = exact_key(record)
        wish = Wish(key, record.source, "", record=record, piece=pieces.path(order.folder, pieces.count))
        if isinstance(record, TiledRecord):
            paths = tuple(order.output.path(record, entry) for entry in record.files)
            wish = replace(wish, place=Place(order.output.root, paths, found.path if found else None))
            pieces.tiled += 1
            pieces.without_source += found is None
        pieces.count += 1
        in_work[key] = wish
        yield wish


def _without(wish: Wish, failed: Failed, text: Callable[[Card | FailedRecord], str]) -> None:
    """The piece of a picture that no worker lived to draw."""
    if isinstance(wish.record, TiledRecord):
        write_piece(wish.piece, text(bare(wish.record, f"the picture is not shown: {failed.message}")))
