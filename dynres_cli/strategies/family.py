"""What a strategy is: a few pure functions from a size to what the model sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from dynres_cli.geometry import Grid, Plan, Size
from dynres_cli.strategies.packing import Numbers, Packed
from dynres_cli.strategies.params import Params

__all__ = ["Candidate", "Numbers", "Packed", "Prompt", "Strategy"]

P = TypeVar("P", bound=Params)

Prompt = tuple[tuple[str, int], ...]
"""Placeholder text as runs: each piece of text and how often it stands."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A grid that the rule considered, and how far it is from what the rule looks for (0 is perfect)."""

    grid: Grid
    distance: float


@dataclass(frozen=True, slots=True)
class Strategy(Generic[P]):
    """A family of grid rules.

    `plan` raises NotTileable for a size that the family refuses. `inputs` gives what the model needs beside pixels,
    under the reference's own names; `pack` states every array that its processor returns (None: the views alone,
    stacked as pixel_values). `equal_views` says whether all views of all pictures have one size under any
    parameters, so that they fit into one tensor.
    """

    params: type[P]
    plan: Callable[[Size, P], Plan]
    tokens: Callable[[Size, P, Plan], int]
    rule: str
    overview: str
    """When the whole picture is shown beside the tiles: last, first or never."""
    keeps_aspect: bool
    reference: str
    prompt: Callable[[Size, P, Plan], Prompt] | None = None
    inputs: Callable[[Size, P, Plan], Mapping[str, Numbers]] | None = None
    pack: Callable[[Size, P, Plan], Mapping[str, Packed]] | None = None
    candidates: Callable[[Size, P], list[Candidate]] | None = None
    largest: Callable[[P], Plan] | None = None
    """The plan with the most pixels in its views that any picture can get, where the rule has one."""
    equal_views: bool = True
    float_views: bool = False
    """Whether some views exist only as floats: padded or resampled after normalisation."""
