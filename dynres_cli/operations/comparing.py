"""One picture under every preset: what each family makes of the same header."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dynres_cli.facts import Facts, FileLimits
from dynres_cli.handling import handling_for
from dynres_cli.operations.inspecting import Inspection, InspectOptions, NotInspected, inspect_facts, read_facts
from dynres_cli.presets import PRESETS
from dynres_cli.recipe import resolve


@dataclass(frozen=True, slots=True)
class Comparison:
    """What every preset says of one picture, in the order of the registry."""

    source: str
    facts: Facts
    results: tuple[Inspection | NotInspected, ...]

    @property
    def planned(self) -> list[Inspection]:
        return [result for result in self.results if isinstance(result, Inspection)]


def every_preset(limits: FileLimits, exif: str, alpha: str) -> list[InspectOptions]:
    """All presets, each with its own pixel policy where nothing else is asked for."""
    recipes = map(resolve, PRESETS)
    return [InspectOptions(recipe, handling_for(recipe.pixels, exif, alpha), limits) for recipe in recipes]


def compare_all(names: list[str], presets: list[InspectOptions]) -> Iterator[Comparison | NotInspected]:
    """Each picture under all presets; its header is read once."""
    for name in names:
        facts = read_facts(name, presets[0].limits)
        if isinstance(facts, NotInspected):
            yield facts
        else:
            yield Comparison(name, facts, tuple(inspect_facts(name, facts, asked) for asked in presets))
