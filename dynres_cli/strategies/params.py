"""How a strategy states its parameters: frozen dataclasses whose fields know their range."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from dynres_cli.errors import UsageError


def number(default: float, low: float, high: float) -> Any:  # noqa: ANN401 - stands where a default stands
    """A whole or floating number from `low` to `high`, both included; the default's type decides which."""
    return dataclasses.field(default=default, metadata={"low": low, "high": high})


def choice(default: str, *allowed: str) -> Any:  # noqa: ANN401 - stands where a default stands
    """One of a few words."""
    return dataclasses.field(default=default, metadata={"allowed": allowed})


@dataclass(frozen=True, slots=True)
class Params:
    """Base of every strategy's parameters: a value out of its range is refused on creation."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check(field, getattr(self, field.name))


def _check(field: dataclasses.Field[Any], value: object) -> None:
    """Refuse a value that its field does not allow."""
    rule = field.metadata
    if "low" in rule and not (isinstance(value, int | float) and rule["low"] <= value <= rule["high"]):
        msg = f"{field.name}={value} is out of range; allowed are {rule['low']} to {rule['high']}"
        raise UsageError(msg)
    if "allowed" in rule and value not in rule["allowed"]:
        msg = f"{field.name}={value} is not known; allowed are {', '.join(rule['allowed'])}"
        raise UsageError(msg)


def ordered(low_name: str, low: int, high_name: str, high: int) -> None:
    """Refuse a lower limit above its upper limit."""
    if low > high:
        msg = f"{low_name}={low} is above {high_name}={high}, so no grid is left; raise {high_name} or lower {low_name}"
        raise UsageError(msg)
