"""How large PNG files really are: a few pictures are encoded, and the estimate for all corrected by them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from dynres_cli import normalize
from dynres_cli.decode import Means, decode
from dynres_cli.engines.contract import Admit, Outcome
from dynres_cli.facts import FileLimits
from dynres_cli.items import Item, Weighed
from dynres_cli.needs import need
from dynres_cli.opening import read_source
from dynres_cli.operations.expecting import Variant
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


def encode(how: Encoding, item: Item, admit: Admit) -> Weighed:
    """The PNG bytes of one picture; nothing is written."""
    source = read_source(item.path, how.limits, follow=item.explicit)
    facts, handling, recipe = probe_bytes(source, how.limits, item.frame or 0), how.variant.handling, how.variant.recipe
    plan = recipe.plan(facts.tiled_size(handling))
    admit(need(facts, plan, how.writing))
    pixels = decode(source, facts, handling, how.limits, Means(how.look.kernel)).pixels
    views = render(pixels, plan, how.look)
    level = how.writing.png_level
    files = [png.encode(normalize.preview(view, recipe.pixels), level, how.look.kernel) for view in views]
    return Weighed(item.key, sum(map(len, files)))


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
