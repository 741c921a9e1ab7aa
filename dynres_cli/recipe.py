"""From names and overrides to one value that says how every picture is tiled."""

from __future__ import annotations

import dataclasses
import difflib
import json
import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from dynres_cli.errors import UsageError
from dynres_cli.geometry import Plan, Size
from dynres_cli.presets import PRESETS, PixelPolicy
from dynres_cli.strategies import FAMILIES, Params, Prompt, Strategy, load

DEFAULT_PRESET = "internvl2"

SHOWN = 60
"""Characters of a wrong value or name in a message."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A strategy with its parameters and the pixel policy: everything that decides what a model is shown."""

    preset: str
    strategy_name: str
    params: Params
    pixels: PixelPolicy

    @property
    def strategy(self) -> Strategy[Any]:
        return load(self.strategy_name)

    def plan(self, size: Size) -> Plan:
        """The plan for a picture of this size; NotTileable if the family refuses it."""
        return self.strategy.plan(size, self.params)

    def tokens(self, size: Size, plan: Plan) -> int:
        return self.strategy.tokens(size, self.params, plan)

    def prompt(self, size: Size, plan: Plan) -> Prompt | None:
        """The placeholder text as runs, where the model defines one."""
        return self.strategy.prompt(size, self.params, plan) if self.strategy.prompt else None

    @property
    def params_json(self) -> dict[str, Any]:
        """The parameters as they stand in JSON: by name, in their own order, tuples as lists."""
        values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self.params)))
        return values

    @property
    def differences(self) -> dict[str, Any]:
        """What was asked for beyond the default preset: its name and the parameters that are not its own."""
        own = resolve(self.preset).params_json
        changed = {name: value for name, value in self.params_json.items() if value != own[name]}
        return ({} if self.preset == DEFAULT_PRESET else {"preset": self.preset}) | changed


def resolve(
    preset: str | None = None, strategy: str | None = None, overrides: Mapping[str, object] | None = None
) -> Recipe:
    """The recipe for a preset (or a strategy's first preset), with some parameters replaced.

    Values may be text, as given on a command line. Raises UsageError for unknown names and values out of range, saying
    what is allowed.
    """
    name = preset or _first_preset_of(strategy)
    if name not in PRESETS:
        hint = f" (it is a strategy: --strategy {name})" if name in FAMILIES else ""
        raise UsageError(unknown("preset", name, PRESETS) + hint)
    chosen = PRESETS[name]
    if strategy is not None and strategy != chosen.strategy:
        msg = f"preset {name} belongs to strategy {chosen.strategy}, not to {strategy}; give one of the two"
        raise UsageError(msg)
    family = load(chosen.strategy)
    values = {**chosen.params, **_parsed(name, family.params, overrides or {})}
    return Recipe(name, chosen.strategy, family.params(**values), chosen.pixels)


def _first_preset_of(strategy: str | None) -> str:
    if strategy is None:
        return DEFAULT_PRESET
    for name, preset in PRESETS.items():
        if preset.strategy == strategy:
            return name
    raise UsageError(unknown("strategy", strategy, FAMILIES))


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a name that does not exist, with the nearest one that does."""
    names = sorted(set(known))
    near = [each for each in names if name and each.startswith(name)] or _nearest(name, names)
    hint = f"; did you mean {' or '.join(near)}?" if near else f"; known are {', '.join(names)}"
    return f"there is no {kind} named {name!r:.{SHOWN}}{hint}"


def _nearest(name: str, names: list[str]) -> list[str]:
    """The names that a checkpoint's on a hub begins with, as Qwen/Qwen2.5-VL-7B-Instruct does, or a likely slip."""
    alike = {_letters(each): each for each in names}
    word = _letters(name.rpartition("/")[2])
    begun = max((each for each in alike if word.startswith(each)), key=len, default="")
    if word == begun:
        near = [word] if word else []
    elif begun:
        near = [each for each in alike if each.startswith(begun)]
    else:
        # Of another version all that are known: which of their rules it has, only its own card tells.
        family = re.split(r"\d", word)[0]
        others = [each for each in alike if family and re.split(r"\d", each)[0] == family]
        near = others or difflib.get_close_matches(word, alike, n=1)
    return [alike[each] for each in near]


def _letters(name: str) -> str:
    """A name without what people spell in several ways."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _parsed(preset: str, params: type[Params], overrides: Mapping[str, object]) -> dict[str, Any]:
    """Overrides with text turned into the parameters' own types."""
    hints = get_type_hints(params)
    names = {field.name for field in dataclasses.fields(params)}
    for name in overrides:
        if name not in names:
            msg = f"{preset}: {unknown('parameter', name, names)}"
            raise UsageError(msg)
    return {name: parse_value(name, value, hints[name]) for name, value in overrides.items()}


def parse_value(name: str, value: object, kind: Any) -> Any:  # noqa: ANN401 - the kind is a type hint
    """A parameter's value from text or from JSON-like data."""
    if kind is bool:
        return _truth(name, value)
    if kind in (int, float):
        return _number(name, value, kind)
    if kind is str:
        return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return _pairs(name, value)


def _truth(name: str, value: object) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if str(value).lower() not in words:
        msg = f"{name}={value!s:.{SHOWN}} is neither true nor false"
        raise UsageError(msg)
    return words[str(value).lower()]


def _number(name: str, value: object, kind: type[int | float]) -> float:
    try:
        return kind(str(value))
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        msg = f"{name}={value!s:.{SHOWN}} is not {wanted}"
        raise UsageError(msg) from None


def _pairs(name: str, value: object) -> tuple[tuple[int, int], ...]:
    """Pairs of whole numbers, from `336x672,672x336` or a list of pairs."""
    try:
        if isinstance(value, str):
            return tuple((int(first), int(second)) for first, second in (part.split("x") for part in value.split(",")))
        return tuple((operator.index(first), operator.index(second)) for first, second in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        msg = f"{name}={value!s:.{SHOWN}} is not a list of pairs; write it as 336x672,672x336"
        raise UsageError(msg) from None
