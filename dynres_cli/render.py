"""Makes the pictures of a plan and cuts its views out of them: the only resizing, padding and cropping there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from dynres_cli import resample
from dynres_cli.arena import Arena, empty
from dynres_cli.geometry import Box, Plan, Space, Surface, whole
from dynres_cli.interpolate import TorchFilter
from dynres_cli.normalize import statistics
from dynres_cli.presets import Channels
from dynres_cli.resample import Floats, Kernel, Order, PillowFilter, Pixels, Wanted

Picture = Pixels | Floats


@dataclass(frozen=True, slots=True)
class Look:
    """How pictures are made: which code resizes, in which order of passes, and the statistics of float surfaces."""

    kernel: Kernel = "pillow"
    order: Order = "pillow12"
    mean: Channels = (0.0, 0.0, 0.0)
    std: Channels = (1.0, 1.0, 1.0)


def render(pixels: Pixels, plan: Plan, look: Look, arena: Arena | None = None) -> list[Picture]:
    """The views of a plan in its order: uint8 (height, width, 3), or float32 where a model is fed resampled floats.

    Float views are normalised already. Views may lie in the arena, if one is given.
    """
    made: list[Picture] = []
    resized: dict[int, Pixels] = {}
    for index, surface in enumerate(plan.surfaces):
        parent = pixels if surface.of is None else made[surface.of]
        if resample.is_torch(surface.filter):
            space: Space = "uint8" if surface.of is None else plan.surfaces[surface.of].space
            scaled = _interpolated(_cut(parent, surface.region), space, surface, look)
        else:
            if index not in resized:
                resized |= _resized(cast("Pixels", parent), plan, index, look, arena)
            scaled = _converted(resized.pop(index), "uint8", surface.space, look)
        made.append(_placed(scaled, surface, arena))
    return [_seen(made[view.surface], plan.surfaces[view.surface].space, view.box, look) for view in plan.views]


def _seen(picture: Picture, space: Space, box: Box, look: Look) -> Picture:
    """One view, as the model's tensor takes it."""
    view = _cut(picture, box)
    return view if space == "uint8" else _converted(view, space, "normalised", look)


def _resized(parent: Pixels, plan: Plan, index: int, look: Look, arena: Arena | None) -> dict[int, Pixels]:
    """A surface's picture, and with it those of later surfaces that are made from the same box of the same parent."""
    asked = plan.surfaces[index]
    alike = {
        place: each
        for place, each in enumerate(plan.surfaces)
        if place >= index and (each.of, each.region) == (asked.of, asked.region) and not resample.is_torch(each.filter)
    }
    box = asked.region or whole(resample.size_of(parent))
    wanted = [
        Wanted(
            each.scaled,
            cast("PillowFilter", each.filter),
            resample.first_pass(box.size, each.scaled, look.order, each.first_axis),
        )
        for each in alike.values()
    ]
    return dict(zip(alike, _resizer(look.kernel)(parent, box, wanted, arena), strict=True))


def _resizer(kernel: Kernel) -> Callable[[Pixels, Box, Sequence[Wanted], Arena | None], list[Pixels]]:
    if kernel == "pillow":
        return resample.resize_all
    from dynres_cli.kernels.driver import resize_all  # noqa: PLC0415 - numba is loaded only where it is asked for

    return resize_all


def _cut(picture: Picture, box: Box | None) -> Picture:
    return picture if box is None else picture[box.top : box.bottom, box.left : box.right]


def _interpolated(parent: Picture, space: Space, surface: Surface, look: Look) -> Picture:
    """The parent at the surface's scale by torch's rule, in the surface's space."""
    kind = cast("TorchFilter", surface.filter)
    values = _converted(parent, space, surface.space, look).astype(np.float32, copy=False)
    values = resample.resize_floats(values, surface.scaled, kind)
    if surface.space == "uint8":
        return np.clip(np.rint(values), 0, 255).astype(np.uint8)
    # Molmo clips what rounding pushes out of 0..1; normalised values keep the overshoot of a bicubic.
    return values.clip(0, 1) if surface.space == "unit" else values


def _converted(picture: Picture, here: Space, there: Space, look: Look) -> Picture:
    """A picture brought from one space to a later one."""
    if here == there:
        return picture
    unit = cast("Floats", picture) if here == "unit" else picture.astype(np.float32) / np.float32(255)
    if there == "unit":
        return unit
    # As lines of values and not of pixels: NumPy repeats three numbers several times slower than a line of them.
    mean, std = (np.tile(each, unit.shape[1]) for each in statistics(look.mean, look.std))
    return ((unit.reshape(len(unit), -1) - mean) / std).reshape(unit.shape)


def _placed(scaled: Picture, surface: Surface, arena: Arena | None) -> Picture:
    """The scaled picture on its canvas; in a float space the canvas is 0.0."""
    if surface.canvas is None:
        return scaled
    canvas = empty(arena, (surface.canvas.height, surface.canvas.width, 3), scaled.dtype)
    height, width = scaled.shape[:2]
    top, left = surface.offset.y, surface.offset.x
    bottom, right = top + height, left + width
    line = np.empty(canvas.shape[1:], scaled.dtype)
    line[:] = surface.fill if surface.space == "uint8" else 0
    # Whole lines are copied many times faster than a colour is repeated, and what the picture covers needs none.
    canvas[:top], canvas[bottom:] = line, line
    canvas[top:bottom, :left], canvas[top:bottom, right:] = line[:left], line[right:]
    canvas[top:bottom, left:right] = scaled
    return canvas
