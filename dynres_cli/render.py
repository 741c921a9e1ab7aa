"""Makes the pictures of a plan and cuts its views out of them: the only resizing, padding and cropping there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from dynres_cli import resample
from dynres_cli.geometry import Box, Plan, Size, Space, Surface
from dynres_cli.interpolate import TorchFilter
from dynres_cli.normalize import statistics
from dynres_cli.presets import Channels
from dynres_cli.resample import Floats, Order, PillowFilter, Pixels

Kernel = Literal["numba", "pillow"]
Picture = Pixels | Floats


@dataclass(frozen=True, slots=True)
class Look:
    """How pictures are made: which code resizes, in which order of passes, and the statistics of float surfaces."""

    kernel: Kernel = "pillow"
    order: Order = "pillow12"
    mean: Channels = (0.0, 0.0, 0.0)
    std: Channels = (1.0, 1.0, 1.0)


def render(pixels: Pixels, plan: Plan, look: Look) -> list[Picture]:
    """The views of a plan in its order: uint8 (height, width, 3), or float32 where a model is fed resampled floats.

    Float views are normalised already.
    """
    made: list[Picture] = []
    for surface in plan.surfaces:
        space: Space = "uint8" if surface.of is None else plan.surfaces[surface.of].space
        parent = _cut(pixels if surface.of is None else made[surface.of], surface.region)
        made.append(_placed(_scaled(parent, space, surface, look), surface))
    views = (_cut(made[view.surface], view.box) for view in plan.views)
    spaces = (plan.surfaces[view.surface].space for view in plan.views)
    return [
        cut if space == "uint8" else _converted(cut, space, "normalised", look)
        for cut, space in zip(views, spaces, strict=True)
    ]


def _cut(picture: Picture, box: Box | None) -> Picture:
    return picture if box is None else picture[box.top : box.bottom, box.left : box.right]


def _scaled(parent: Picture, space: Space, surface: Surface, look: Look) -> Picture:
    """The parent at the surface's scale, in the surface's space."""
    if not resample.is_torch(surface.filter):
        return _converted(_resized(cast("Pixels", parent), surface, look), "uint8", surface.space, look)
    kind = cast("TorchFilter", surface.filter)
    values = _converted(parent, space, surface.space, look).astype(np.float32, copy=False)
    values = resample.resize_floats(values, surface.scaled, kind)
    if surface.space == "uint8":
        return np.clip(np.rint(values), 0, 255).astype(np.uint8)
    # Molmo clips what rounding pushes out of 0..1; normalised values keep the overshoot of a bicubic.
    return values.clip(0, 1) if surface.space == "unit" else values


def _resized(pixels: Pixels, surface: Surface, look: Look) -> Pixels:
    source = resample.size_of(pixels)
    first = resample.first_pass(source, surface.scaled, look.order, surface.first_axis)
    return resample.resize(pixels, surface.scaled, cast("PillowFilter", surface.filter), first)


def _converted(picture: Picture, here: Space, there: Space, look: Look) -> Picture:
    """A picture brought from one space to a later one."""
    if here == there:
        return picture
    unit = cast("Floats", picture) if here == "unit" else picture.astype(np.float32) / np.float32(255)
    if there == "unit":
        return unit
    mean, std = statistics(look.mean, look.std)
    return (unit - mean) / std


def _placed(scaled: Picture, surface: Surface) -> Picture:
    """The scaled picture on its canvas; in a float space the canvas is 0.0."""
    if surface.canvas is None:
        return scaled
    canvas = _blank(surface.canvas, surface, scaled.dtype)
    height, width = scaled.shape[:2]
    top, left = surface.offset.y, surface.offset.x
    canvas[top : top + height, left : left + width] = scaled
    return canvas


def _blank(size: Size, surface: Surface, dtype: npt.DTypeLike) -> Picture:
    canvas: Picture = np.zeros((size.height, size.width, 3), dtype)
    if surface.space == "uint8":
        canvas[:] = surface.fill
    return canvas
