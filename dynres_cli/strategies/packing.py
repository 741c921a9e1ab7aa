"""How a family states the arrays that its reference processor returns, without touching a pixel or NumPy.

A family's `pack` names each array and says what it is made of; `dynres_cli.packed` makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dynres_cli.geometry import Box, Plan, Role, Size

Numbers = int | float | bool | tuple["Numbers", ...]


@dataclass(frozen=True, slots=True)
class PixelArray:
    """Pixels of some views, float32.

    `role` picks the views (None: all, in the model's order). `pattern` turns one (3, height, width) view into another
    order of its numbers, written as in "c (h p) (w q) -> (h w) (c p q)": names in brackets are parts of one axis, from
    the outer to the inner, `lengths` gives those that the shape does not tell, and a name that stands only on the right
    repeats the numbers. The views are then stacked on a new first axis, or joined along their first or last one, or
    stay a list of arrays where the reference returns one because they differ in shape;
    `pad_to` adds zeros at the end of each axis up to a length (0: as it is), and `lead` puts axes of length 1 before.
    """

    role: Role | None = None
    pattern: str | None = None
    lengths: Mapping[str, int] = field(default_factory=dict)
    join: Literal["stack", "first", "last", "list"] = "stack"
    pad_to: tuple[int, ...] = ()
    lead: int = 0


@dataclass(frozen=True, slots=True)
class NumberArray:
    """Plain numbers; with a `shape`, one number or a smaller array repeated to fill it, as NumPy broadcasts."""

    values: Numbers
    dtype: str = "int64"
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class MaskArray:
    """Planes of one size that are 1 inside a box each and 0 outside; `lead` puts axes of length 1 before."""

    plane: Size
    inside: tuple[Box, ...]
    dtype: str = "int64"
    lead: int = 0


Packed = PixelArray | NumberArray | MaskArray


def counted(_size: Size, _params: object, plan: Plan) -> dict[str, int]:
    """How many views the picture has, the overview included: what InternVL's models and their like are told beside."""
    return {"num_patches": plan.total}


def packed_and_counted(_size: Size, _params: object, plan: Plan) -> dict[str, Packed]:
    """All views in one array, and how many they are."""
    return {"pixel_values": PixelArray(), "num_patches": NumberArray((plan.total,))}
