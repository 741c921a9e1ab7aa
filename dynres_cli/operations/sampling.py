"""How large PNG files really are: a few pictures are encoded, and the estimate for all corrected by them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from dynres_cli import normalize
from dynres_cli.decode import Means, decode
from dynres_cli.engines.contract import Admit, Outcome
from dynres_cli.facts import Facts, FileLimits
from dynres_cli.items import Done, Item
from dynres_cli.needs import need
from dynres_cli.opening import Source, read_source
from dynres_cli.operations.expecting import Planner, Variant
from dynres_cli.operations.kernel_choice import choose
from dynres_cli.operations.surveying import Picked
from dynres_cli.probe import probe_bytes
from dynres_cli.render import Look, render
from dynres_cli.sinks import png
from dynres_cli.sinks.tree import Writing

Share = tuple[float, float, float]
"""What an estimate is multiplied by: at least, most likely, at most."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the pictures of a sample are encoded."""

    variant: Variant
    limits: FileLimits
    writing: Writing
    look: Look


def encoding(variant: Variant, limits: FileLimits, writing: Writing, pictures: int) -> Encoding:
    """With the kernel that so many pictures are worth."""
    policy = variant.recipe.pixels
    look = Look.of(policy, choose("auto", pictures))
    return Encoding(variant, limits, writing, look)


@dataclass(frozen=True, slots=True)
class Weighed(Done):
    """How many bytes a picture's PNG take."""

    bytes: int


def encode(how: Encoding, item: Item, admit: Admit) -> Weighed:
    """The PNG bytes of one picture; nothing is written."""
    return Weighed(item.key, _png_bytes(how, *_read(how, item), admit))


@dataclass(frozen=True, slots=True)
class Compared(Done):
    """The bytes of a picture's PNG: as they are expected, and as they are."""

    expected: float
    true: int


def compare(how: Encoding, max_tiles: int, item: Item, admit: Admit) -> Compared:
    """The same of a picture whose header nobody has seen before; ImageError where that refuses it."""
    source, facts = _read(how, item)
    expected = Planner(how.variant, how.writing, max_tiles).expect(facts).png
    return Compared(item.key, expected, _png_bytes(how, source, facts, admit))


def _read(how: Encoding, item: Item) -> tuple[Source, Facts]:
    source = read_source(item.path, how.limits, follow=item.explicit)
    return source, probe_bytes(source, how.limits, item.frame or 0)


def _png_bytes(how: Encoding, source: Source, facts: Facts, admit: Admit) -> int:
    handling, recipe = how.variant.handling, how.variant.recipe
    plan = recipe.plan(facts.tiled_size(handling))
    admit(need(facts, plan, how.writing))
    pixels = decode(source, facts, handling, how.limits, Means(how.look.kernel)).pixels
    level = how.writing.png_level
    views = (normalize.preview(view, recipe.pixels) for view in render(pixels, plan, how.look))
    return sum(len(png.encode(view, level, how.look.kernel)) for view in views)


def pairs_of(picked: Sequence[Picked], outcomes: Iterable[Outcome]) -> list[tuple[float, int]]:
    """The expected and the true PNG bytes of each picture of the sample that can be decoded."""
    expected = {each.item.key: each.png for each in picked}
    return [(expected[each.key], each.bytes) for each in outcomes if isinstance(each, Weighed)]


def share(pairs: Sequence[tuple[float, int]], pictures: int, spread: float) -> Share:
    """How much more or less than expected the files are: the ratio of the sums, give or take twice its error.

    The error is that of a ratio over a sample without replacement: none is left where every picture was measured.
    """
    expected, true = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    if not expected:
        return 1 / spread, 1.0, spread
    ratio, count = true / expected, len(pairs)
    if count == 1:
        return ratio / spread, ratio, ratio * spread
    squares = sum((each - ratio * guess) ** 2 for guess, each in pairs)
    unseen = max(0.0, 1 - count / pictures)
    error = 2 * sqrt(unseen * squares / (count - 1) / count) / (expected / count)
    return max(ratio - error, 0.0), ratio, ratio + error
