"""The same pictures under every limit of tiles, and the largest limit whose tokens fit."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dynres_cli.errors import RunError, UsageError
from dynres_cli.facts import Handling
from dynres_cli.operations.expecting import Variant
from dynres_cli.operations.forecast import Forecast
from dynres_cli.recipe import Recipe, resolve

LIMITS_OF_TILES = (
    *("max_num", "max_patches", "max_crops", "max_num_tiles", "max_tiles", "max_image_tiles", "max_slice_nums"),
    *("max_partition", "num_crops", "dynamic_hd", "pan_and_scan_max_num_crops"),
)
"""What families call the most tiles that a picture may be cut into."""
CUTTING = {
    **dict.fromkeys(("do_pan_and_scan", "do_image_splitting", "crop_mode", "crop_to_patches"), "true"),
    "vision_input_type": "thumb+tile",
}
"""Parameters with the value under which a family cuts pictures; under any other its limit says nothing."""
MOST_STEPS = 200
TRIED = range(1, 41)
"""The limits among which the largest that fits is sought."""
UNITS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "G": 10**9, "T": 10**12}


@dataclass(frozen=True, slots=True)
class Fit:
    """What is to fit: all tokens together, the dearest picture's, or both."""

    budget: int | None = None
    context: int | None = None

    def holds(self, forecast: Forecast) -> bool:
        """Whether a forecast fits."""
        within_budget = self.budget is None or forecast.all_tokens <= self.budget
        return within_budget and (self.context is None or forecast.most_tokens <= self.context)


def limit_of_tiles(recipe: Recipe) -> str:
    """The name of the parameter that is swept; UsageError where there is none, or where nothing is cut."""
    params = recipe.params_json
    for name in LIMITS_OF_TILES:
        if name in params:
            _refuse_uncut(recipe.preset, params)
            return name
    msg = f"{recipe.preset} has no limit of tiles to sweep; `dynres strategies {recipe.preset}` lists its parameters"
    raise UsageError(msg)


def _refuse_uncut(preset: str, params: Mapping[str, object]) -> None:
    for name, value in CUTTING.items():
        own = str(params.get(name, value)).lower()
        if own != value:
            msg = f"{preset} has no limit of tiles to sweep while {name} is {own}; add --set {name}={value}"
            raise UsageError(msg)


def refuse_given(recipe: Recipe, given: Mapping[str, object]) -> None:
    """UsageError where the limit that is to be swept was given too: it would be of no effect."""
    name = limit_of_tiles(recipe)
    if name in given:
        msg = f"--sweep, --budget-tokens and --context try one {name} after the other; leave out {name}={given[name]}"
        raise UsageError(msg)


def steps(text: str) -> range:
    """`1..40` as numbers."""
    found = re.fullmatch(r"([0-9]{1,9})\.\.([0-9]{1,9})", text.strip())
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        msg = f"--sweep {text}: write it as FIRST..LAST, for example 1..40"
        raise UsageError(msg)
    asked = range(int(found[1]), int(found[2]) + 1)
    if len(asked) > MOST_STEPS:
        msg = f"--sweep {text}: that is {len(asked):,} limits and {MOST_STEPS} at once are allowed; take fewer"
        raise UsageError(msg)
    return asked


def tokens(option: str, text: str) -> int:
    """A number of tokens from `2B`, `1.5M`, `8192`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMBGT]?)", text.replace(",", "").strip(), re.IGNORECASE)
    number = float(found[1]) * UNITS[found[2].upper()] if found else 0.0
    if not 0 < number < math.inf:
        msg = f"{option} {text}: write tokens as 8192, 500M or 2B"
        raise UsageError(msg)
    return int(number)


def tried(recipe: Recipe, given: Mapping[str, object]) -> list[int]:
    """The limits that are tried where none are named: those that the other parameters allow."""
    name, allowed = limit_of_tiles(recipe), list[int]()
    for number in TRIED:
        with suppress(UsageError):  # some families' least number of tiles lies above 1
            resolve(recipe.preset, overrides={**given, name: number})
            allowed.append(number)
    if not allowed:
        msg = f"no {name} up to {TRIED[-1]} goes with the other parameters; name the limits with --sweep FIRST..LAST"
        raise UsageError(msg)
    return allowed


def swept(recipe: Recipe, handling: Handling, asked: Iterable[int], given: Mapping[str, object]) -> tuple[Variant, ...]:
    """The recipe under each limit, named by it."""
    name = limit_of_tiles(recipe)
    recipes = ((number, resolve(recipe.preset, overrides={**given, name: number})) for number in asked)
    return tuple(Variant(number, each, handling) for number, each in recipes)


def largest(forecasts: Sequence[Forecast], fit: Fit) -> Forecast:
    """The one with the largest limit that fits; RunError where none does, with what the cheapest would take."""
    fitting = [each for each in forecasts if fit.holds(each)]
    if fitting:
        return fitting[-1]
    least = min(forecasts, key=lambda each: (each.all_tokens, each.most_tokens))
    msg = (
        f"no limit fits: with {least.variant.name} the pictures take {least.all_tokens:,} tokens,"
        f" the dearest one {least.most_tokens:,}; allow more, or choose a smaller --image-size or another preset"
    )
    raise RunError(msg, code="nothing_fits")
