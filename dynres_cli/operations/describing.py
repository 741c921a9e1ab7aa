"""What a preset or a strategy is, in facts that a person can choose by."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dynres_cli.errors import UsageError
from dynres_cli.geometry import Size
from dynres_cli.presets import PRESETS, PixelPolicy
from dynres_cli.recipe import resolve, unknown
from dynres_cli.strategies import FAMILIES

EXAMPLE = Size(1280, 720)
"""A common picture that costs are compared on."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a preset: its value there, the strategy's default, and what is allowed."""

    name: str
    value: Any
    default: Any
    allowed: str


@dataclass(frozen=True, slots=True)
class Description:
    """A preset, its strategy's rule, and what it makes of a picture of 1280×720."""

    preset: str
    strategy: str
    models: str
    rule: str
    overview: str
    keeps_aspect: bool
    reference: str
    notes: str
    confirmed: bool
    tolerance: float
    grid: str
    total: int
    tokens: int
    pixels: PixelPolicy
    parameters: tuple[Parameter, ...]

    @property
    def proof(self) -> str:
        """How the preset is proved against its reference."""
        if self.tolerance == 0:
            return "bit-exact"
        return f"within {self.tolerance:g}"


def described() -> list[Description]:
    """Every preset, in the order of the registry."""
    return [describe(name) for name in PRESETS]


def describe(name: str) -> Description:
    """One preset."""
    preset, recipe = PRESETS[name], resolve(name)
    family, plan = recipe.strategy, recipe.plan(EXAMPLE)
    return Description(
        preset=name,
        strategy=preset.strategy,
        models=preset.models,
        rule=family.rule,
        overview=family.overview,
        keeps_aspect=family.keeps_aspect,
        reference=preset.reference or family.reference,
        notes=preset.notes,
        confirmed=preset.confirmed,
        tolerance=preset.tolerance,
        grid=str(plan.grid),
        total=plan.total,
        tokens=recipe.tokens(EXAMPLE, plan),
        pixels=preset.pixels,
        parameters=tuple(
            _parameter(each, getattr(recipe.params, each.name)) for each in dataclasses.fields(family.params)
        ),
    )


def _parameter(field: dataclasses.Field[Any], value: object) -> Parameter:
    return Parameter(field.name, value, field.default, _allowed(field.metadata, field.default))


def _allowed(rule: Mapping[str, Any], default: object) -> str:
    if "low" in rule:
        return f"{rule['low']} to {rule['high']}"
    if "allowed" in rule:
        return ", ".join(rule["allowed"])
    if isinstance(default, bool):
        return "true or false"
    return f"growing sides, as {default}" if isinstance(default, str) else "pairs, as 336x672,672x336"


def find(name: str) -> list[Description]:
    """The preset of this name, or all presets of the strategy of this name."""
    if name in PRESETS:
        return [describe(name)]
    if name in FAMILIES:
        return [describe(preset) for preset, data in PRESETS.items() if data.strategy == name]
    raise UsageError(unknown("preset or strategy", name, [*PRESETS, *FAMILIES]))
