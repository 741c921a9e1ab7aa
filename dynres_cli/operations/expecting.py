"""What a run will make of a picture, from its header alone: exact in everything but the size of its PNG files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import pow, sqrt  # noqa: A004 - of floats alone, so that types stay floats

from dynres_cli.facts import Facts, Handling, check_views
from dynres_cli.fitting import all_flags, measured_surface
from dynres_cli.flags import fit_flags, flags
from dynres_cli.geometry import Affine, Plan, Size, to_source
from dynres_cli.needs import made_bytes, resampling_bytes
from dynres_cli.recipe import Recipe
from dynres_cli.sinks import npy
from dynres_cli.sinks.tree import Writing

PNG_OF_BITS = {"JPEG": (0.40, 0.31), "MPO": (0.40, 0.31), "WEBP": (0.43, 0.58), "AVIF": (0.43, 0.58)}
PNG_OF_LOSSLESS = (0.08, 0.75)
"""PNG bytes for each byte of pixels: first × (bits of the file for each of its pixels) to the power of second.

Fitted to the views of photographs of 0.1 to 24 megapixels: in JPEG of quality 60 to 95, in WebP, and in PNG, which
stands for every format that loses nothing.
"""
ENLARGED, REDUCED = -0.5, -0.14
"""What enlarging or reducing does to them: they go with the scale to this power, for what is enlarged is smooth."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to tile that is asked about: a recipe with its handling, and what it is called beside others."""

    name: str | int
    recipe: Recipe
    handling: Handling


@dataclass(frozen=True, slots=True)
class Layout:
    """What a picture's size alone decides."""

    grid: str
    tiles: int
    total: int
    tokens: int
    fit: tuple[str, ...]
    npy: int
    pixels: int
    """Of all views."""
    content: float
    """Bytes of pixels that show the picture, weighed by how well enlarged ones compress."""
    memory: int
    """Bytes beside the decoded picture."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One picture's layout, and what its file adds to it."""

    layout: Layout
    flags: tuple[str, ...]
    png: float


@dataclass(slots=True)
class Planner:
    """One variant's layouts, each worked out once for all pictures of a size."""

    variant: Variant
    writing: Writing
    max_tiles: int
    known: dict[Size, Layout] = field(default_factory=dict)

    def expect(self, facts: Facts) -> Expected:
        """What this picture will be; NotTileable as in the run."""
        layout = self.layout(facts.tiled_size(self.variant.handling))
        png = layout.content * _density(facts) if self.writing.tiles == "png" else 0.0
        return Expected(layout, self._flags(facts, layout), png)

    def _flags(self, facts: Facts, layout: Layout) -> tuple[str, ...]:
        recipe, handling = self.variant.recipe, self.variant.handling
        if facts.orientation >= 5:
            return all_flags(facts, handling, recipe, recipe.plan(facts.tiled_size(handling)))
        return flags(facts, handling, layout.fit)

    def layout(self, size: Size) -> Layout:
        """What a picture of this size, as it is tiled, comes to; NotTileable as in the run."""
        layout = self.known.get(size)
        if layout is None:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            layout = self.known[size] = self._worked_out(size)
        return layout

    def _worked_out(self, size: Size) -> Layout:
        recipe = self.variant.recipe
        plan = recipe.plan(size)
        check_views(plan.total, self.max_tiles)
        maps = {number: to_source(plan, size, number) for number in {view.surface for view in plan.views}}
        seen = maps[measured_surface(plan)]
        return Layout(
            grid=f"{plan.grid.cols}x{plan.grid.rows}",
            tiles=plan.tiles,
            total=plan.total,
            tokens=recipe.tokens(size, plan),
            fit=fit_flags(float(1 / seen.scale_x), float(1 / seen.scale_y)),
            npy=npy_bytes(plan, self.writing, equal=recipe.strategy.equal_views),
            pixels=sum(view.box.size.area for view in plan.views),
            content=_content(plan, size, maps),
            memory=resampling_bytes(size, plan) + made_bytes(plan, self.writing),
        )


MOST_KNOWN = 50_000
"""Sizes that a planner remembers: some ten megabytes."""


def npy_bytes(plan: Plan, writing: Writing, *, equal: bool) -> int:
    """The bytes of a picture's tensor files, headers included."""
    if writing.tensor == "none":
        return 0
    width = npy.VALUE_BYTES[writing.dtype]
    sizes = [view.box.size for view in plan.views]
    shapes = [(3, size.height, size.width) for size in sizes]
    headers = [(len(sizes), *shapes[0])] if equal else shapes
    return sum(len(npy.header(shape, writing.dtype)) for shape in headers) + sum(3 * s.area * width for s in sizes)


def _content(plan: Plan, source: Size, maps: Mapping[int, Affine]) -> float:
    """Bytes of pixels that show the picture (padding costs nothing), weighed by their scale."""
    weighed = 0.0
    for number, back in maps.items():
        across, down = Axis(back.scale_x, back.shift_x, source.width), Axis(back.scale_y, back.shift_y, source.height)
        boxes = [view.box for view in plan.views if view.surface == number]
        shown = sum(across.shown(box.left, box.right) * down.shown(box.top, box.bottom) for box in boxes)
        scale = sqrt(1 / (across.scale * down.scale))
        weighed += 3 * shown * scale**2 * pow(scale, ENLARGED if scale > 1 else REDUCED)
    return weighed


class Axis:
    """One axis of a surface's map to the source, in floats: exact enough for an estimate, and quick."""

    def __init__(self, scale: Fraction, shift: Fraction, length: int) -> None:
        self.scale, self.shift, self.length = float(scale), float(shift), float(length)

    def shown(self, start: int, end: int) -> float:
        """How much of the source lies between two edges of the surface."""
        first, last = self.scale * start + self.shift, self.scale * end + self.shift
        return max(min(last, self.length) - max(first, 0.0), 0.0)


def _density(facts: Facts) -> float:
    """PNG bytes for each weighed byte of pixels, by how many bits the file spends on a pixel."""
    factor, power = PNG_OF_BITS.get(facts.format, PNG_OF_LOSSLESS)
    bits = 8 * facts.bytes / facts.frames / (facts.width * facts.height)
    return min(factor * pow(bits, power), 1.0)
