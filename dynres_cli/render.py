"""Makes the pictures of a plan and cuts its views out of them: the only resizing, padding and cropping there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from dynres_cli import resample
from dynres_cli.arena import Arena, empty
from dynres_cli.geometry import Box, Plan, Space, Surface, whole
from dynres_cli.interpolate import Target, TorchFilter, interpolate
from dynres_cli.normalize import statistics
from dynres_cli.presets import Channels, PixelPolicy
from dynres_cli.resample import Floats, Kernel, Order, PillowFilter, Pixels, Resize

Picture = Pixels | Floats


@dataclass(frozen=True, slots=True)
class Look:
    """How pictures are made: which code resizes, in which order of passes, and the statistics of float surfaces."""

    kernel: Kernel = "pillow"
    order: Order = "pillow12"
    mean: Channels = (0.0, 0.0, 0.0)
    std: Channels = (1.0, 1.0, 1.0)

    @classmethod
    def of(cls, policy: PixelPolicy, kernel: Kernel = "pillow", order: Order = "pillow12") -> Look:
        """How a preset's pictures are made."""
        return cls(kernel, order, policy.mean, policy.std)


def render(pixels: Pixels, plan: Plan, look: Look, arena: Arena | None = None) -> list[Picture]:
    """The views of a plan in its order: uint8 (height, width, 3), or float32 where a model is fed resampled floats.

    Float views are normalised already. Views may lie in the arena, if one is given.
    """
    made: list[Picture] = []
    resized: dict[int, Picture] = {}
    for index, surface in enumerate(plan.surfaces):
        if index not in resized:
            parent = pixels if surface.of is None else made[surface.of]
            make = _interpolated if resample.is_torch(surface.filter) else _resized
            resized |= make(parent, plan, index, look, arena)
        made.append(_placed(resized.pop(index), surface, arena))
    seen = {view.surface for view in plan.views}
    shown = {index: _shown(made[index], plan.surfaces[index].space, look, arena) for index in seen}
    return [_cut(shown[view.surface], view.box) for view in plan.views]


def _shown(picture: Picture, space: Space, look: Look, arena: Arena | None) -> Picture:
    """A surface as the model's tensor takes it."""
    return picture if space == "uint8" else _converted(picture, space, "normalised", look, arena)


def _alike(plan: Plan, index: int) -> dict[int, Surface]:
    """A surface and later ones that can be made with it: of the same box of the same parent, by the same arithmetic."""
    asked = plan.surfaces[index]
    torch = resample.is_torch(asked.filter)

    def same(each: Surface) -> bool:
        arithmetic = resample.is_torch(each.filter) == torch and (each.space == asked.space or not torch)
        return arithmetic and (each.of, each.region) == (asked.of, asked.region)

    return {place: each for place, each in enumerate(plan.surfaces) if place >= index and same(each)}


def _resized(parent: Picture, plan: Plan, index: int, look: Look, arena: Arena | None) -> dict[int, Picture]:
    """A surface's picture and those of surfaces alike, by Pillow's rule."""
    alike = _alike(plan, index)
    box = plan.surfaces[index].region or whole(resample.size_of(parent))
    wanted = [
        Resize(
            each.scaled,
            cast("PillowFilter", each.filter),
            resample.first_pass(box.size, each.scaled, look.order, each.first_axis),
        )
        for each in alike.values()
    ]
    made = _resizer(look.kernel)(cast("Pixels", parent), box, wanted, arena)
    return {
        place: _converted(picture, "uint8", each.space, look, arena)
        for (place, each), picture in zip(alike.items(), made, strict=True)
    }


def _resizer(kernel: Kernel) -> Callable[[Pixels, Box, Sequence[Resize], Arena | None], list[Pixels]]:
    if kernel == "pillow":
        return resample.resize_all
    from dynres_cli.kernels.driver import resize_all  # noqa: PLC0415 - numba is loaded only where it is asked for

    return resize_all


def _cut(picture: Picture, box: Box | None) -> Picture:
    return picture if box is None else picture[box.top : box.bottom, box.left : box.right]


def _interpolated(parent: Picture, plan: Plan, index: int, look: Look, arena: Arena | None) -> dict[int, Picture]:
    """A surface's picture and those of surfaces alike, by torch's rule."""
    asked, alike = plan.surfaces[index], _alike(plan, index)
    cut = _cut(parent, asked.region)
    wanted = [Target(each.scaled, cast("TorchFilter", each.filter)) for each in alike.values()]
    if look.kernel == "numba" and cut.dtype == np.uint8:
        from dynres_cli.kernels.interpolating import interpolate_all  # noqa: PLC0415 - as in `_resizer`

        made = interpolate_all(cast("Pixels", cut), _table(asked.space, look), wanted, arena)
    else:
        here: Space = "uint8" if asked.of is None else plan.surfaces[asked.of].space

        def floats(rows: Picture) -> Floats:
            return _converted(rows, here, asked.space, look, None).astype(np.float32, copy=False)

        made = [interpolate(cut, each.size, each.kind, floats) for each in wanted]
    return {place: _held(values, asked.space, arena) for place, values in zip(alike, made, strict=True)}


def _held(values: Floats, space: Space, arena: Arena | None) -> Picture:
    """Resampled values within what their space holds; normalised ones keep the overshoot of a bicubic."""
    if space == "normalised":
        return values
    if space == "unit":
        # Molmo clips what rounding pushes out of 0..1.
        return np.clip(values, 0, 1, out=values)
    levels = empty(arena, values.shape, np.uint8)
    return np.rint(np.clip(values, 0, 255, out=values), out=levels, casting="unsafe")


def _table(space: Space, look: Look) -> Floats:
    """What float each level of each channel is in a space: (3, 256)."""
    levels = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 256, 3)
    floats = _converted(levels, "uint8", space, look, None).astype(np.float32, copy=False)
    return np.ascontiguousarray(floats[0].T)


def _converted(picture: Picture, here: Space, there: Space, look: Look, arena: Arena | None) -> Picture:
    """A picture brought from one space to a later one."""
    if here == there:
        return picture
    # As lines of values and not of pixels: NumPy repeats three numbers several times slower than a line of them.
    lines = picture.reshape(len(picture), -1)
    values: Floats = empty(arena, lines.shape, np.float32)
    unit = lines if here == "unit" else np.divide(lines, np.float32(255), out=values, dtype=np.float32)
    if there == "normalised":
        mean, std = (np.tile(each, picture.shape[1]) for each in statistics(look.mean, look.std))
        np.divide(np.subtract(unit, mean, out=values), std, out=values)
    return values.reshape(picture.shape)


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
