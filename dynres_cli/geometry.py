"""Sizes, boxes and plans: which pictures are made from an image, and which parts of them a model sees.

Standard library only: a plan is arithmetic and never touches a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Filter = Literal["bicubic", "bilinear", "lanczos", "torch-bicubic", "torch-bilinear", "torch-bilinear-antialias"]
"""How a surface is resampled. The plain names are Pillow's antialiased filters on uint8 (uint8 between the passes);
the `torch-` names are torch's float kernels, applied in the surface's own space."""

Space = Literal["uint8", "unit", "normalised"]
"""What a surface's values are: uint8 levels, floats in 0..1, or floats after mean and standard deviation."""

Role = Literal["tile", "overview"]
RGB = tuple[int, int, int]

BLACK: RGB = (0, 0, 0)
WHITE: RGB = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels, both at least 1."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            msg = f"a size needs at least 1×1 pixels, not {self.width}×{self.height}"
            raise ValueError(msg)

    @property
    def area(self) -> int:
        return self.width * self.height

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height

    @property
    def transposed(self) -> Size:
        """Height for width: the size of the picture mirrored on its diagonal."""
        return Size(self.height, self.width)

    def __str__(self) -> str:
        return f"{self.width}×{self.height}"


@dataclass(frozen=True, slots=True)
class Point:
    """A pixel's place from the top left corner."""

    x: int = 0
    y: int = 0


@dataclass(frozen=True, slots=True)
class Box:
    """A half-open rectangle in whole pixels: `right` and `bottom` are the first ones outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> Size:
        return Size(self.right - self.left, self.bottom - self.top)


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns and rows of tiles."""

    cols: int
    rows: int

    @property
    def tiles(self) -> int:
        return self.cols * self.rows

    @property
    def aspect(self) -> float:
        """Columns over rows."""
        return self.cols / self.rows

    def times(self, side: int) -> Size:
        """The canvas that this many square tiles of `side` pixels fill."""
        return Size(self.cols * side, self.rows * side)

    def __str__(self) -> str:
        return f"{self.cols}×{self.rows}"


@dataclass(frozen=True, slots=True)
class Surface:
    """One picture that the renderer makes: crop the parent, resample the crop, place it on a canvas.

    `scaled` is the size that `region` of the parent is resampled to; `of` names an earlier surface by its index, or the
    source if it is None; `canvas` is None where the scaled picture fills the surface. With a plain filter the
    resampling is Pillow's on uint8 whatever `space` says; `space` is then where `fill` applies: levels for `uint8`, and
    0.0 in that space for the others. `first_axis` is where Pillow's two passes begin: vertical for references that
    resize the transposed picture.
    """

    scaled: Size
    of: int | None = None
    region: Box | None = None
    canvas: Size | None = None
    offset: Point = Point()
    fill: RGB = BLACK
    filter: Filter = "bicubic"
    space: Space = "uint8"
    first_axis: Literal["horizontal", "vertical"] = "horizontal"

    @property
    def size(self) -> Size:
        """The size of the surface itself, padding included."""
        return self.canvas or self.scaled


@dataclass(frozen=True, slots=True)
class View:
    """A box of one surface that the model sees; `row` and `col` count from 0 and are 0 for an overview.

    `layer` is 0 for the tiles of the plan's own grid; a family that cuts the picture by further grids counts them from
    1, so that layer, row and column together name a tile.
    """

    surface: int
    box: Box
    role: Role = "tile"
    row: int = 0
    col: int = 0
    layer: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Every surface to make and every view to show, in the model's own order."""

    grid: Grid
    surfaces: tuple[Surface, ...]
    views: tuple[View, ...]

    @property
    def total(self) -> int:
        """How many views the model sees, the overview included."""
        return len(self.views)

    @property
    def tiles(self) -> int:
        """How many views are tiles; the overview never counts."""
        return sum(view.role == "tile" for view in self.views)

    @property
    def thumbnail(self) -> bool:
        """Whether an overview is shown beside the tiles."""
        return any(view.role == "overview" for view in self.views)

    @property
    def grid_tiles(self) -> dict[int, View]:
        """The tiles of the plan's own grid by their numbers in the model's order."""
        return {number: view for number, view in enumerate(self.views) if view.role == "tile" and view.layer == 0}

    @property
    def canvas_surface(self) -> int | None:
        """The surface that the grid cuts, or None where tiles lie on pictures of their own."""
        cut = {view.surface for view in self.grid_tiles.values()}
        return cut.pop() if len(cut) == 1 else None

    @property
    def canvas(self) -> Size | None:
        """The size of the one picture that the grid cuts, or None where there is none."""
        cut = self.canvas_surface
        return None if cut is None else self.surfaces[cut].size

    @property
    def rendered_pixels(self) -> int:
        """How many pixels all surfaces hold together: what rendering costs."""
        return sum(surface.size.area for surface in self.surfaces)

    def _repr_html_(self) -> str:
        """The grid drawn, for notebooks."""
        from dynres_cli.svg import plan_html  # noqa: PLC0415 - drawing is nobody else's business

        return plan_html(self)


def whole(size: Size) -> Box:
    """The box that covers a picture of this size."""
    return Box(0, 0, size.width, size.height)


def tile_views(surface: int, grid: Grid, tile: Size, layer: int = 0) -> tuple[View, ...]:
    """The views of a grid that fills a surface, row by row."""
    return tuple(
        View(
            surface,
            Box(col * tile.width, row * tile.height, (col + 1) * tile.width, (row + 1) * tile.height),
            row=row,
            col=col,
            layer=layer,
        )
        for row in range(grid.rows)
        for col in range(grid.cols)
    )


def overview(surface: int, size: Size) -> View:
    """The view that shows the whole of a surface beside the tiles."""
    return View(surface, whole(size), role="overview")


@dataclass(frozen=True, slots=True)
class Affine:
    """A map of pixel edges, exact in fractions: x goes to scale_x · x + shift_x, and y likewise."""

    scale_x: Fraction
    shift_x: Fraction
    scale_y: Fraction
    shift_y: Fraction

    def x(self, x: float | Fraction) -> Fraction:
        return self.scale_x * Fraction(x) + self.shift_x

    def y(self, y: float | Fraction) -> Fraction:
        return self.scale_y * Fraction(y) + self.shift_y

    def after(self, first: Affine) -> Affine:
        """The map that applies `first`, then this one."""
        return Affine(
            self.scale_x * first.scale_x,
            self.scale_x * first.shift_x + self.shift_x,
            self.scale_y * first.scale_y,
            self.scale_y * first.shift_y + self.shift_y,
        )

    @property
    def inverse(self) -> Affine:
        return Affine(1 / self.scale_x, -self.shift_x / self.scale_x, 1 / self.scale_y, -self.shift_y / self.scale_y)


def to_source(plan: Plan, source: Size, surface: int) -> Affine:
    """The map from a surface's pixel edges to those of the source picture, through its chain of parents."""
    made = plan.surfaces[surface]
    parent = source if made.of is None else plan.surfaces[made.of].size
    region = made.region or whole(parent)
    scale_x = Fraction(region.right - region.left, made.scaled.width)
    scale_y = Fraction(region.bottom - region.top, made.scaled.height)
    here = Affine(scale_x, region.left - scale_x * made.offset.x, scale_y, region.top - scale_y * made.offset.y)
    return here if made.of is None else to_source(plan, source, made.of).after(here)


def shown_part(plan: Plan, source: Size, surface: int) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """The part of the source that a surface was made of: left, top, right, bottom; around it the surface is padding."""
    made = plan.surfaces[surface]
    if made.of is None:
        box = made.region or whole(source)
        return Fraction(box.left), Fraction(box.top), Fraction(box.right), Fraction(box.bottom)
    left, top, right, bottom = shown_part(plan, source, made.of)
    box, back = made.region or whole(plan.surfaces[made.of].size), to_source(plan, source, made.of)
    return (
        max(left, back.x(box.left)),
        max(top, back.y(box.top)),
        min(right, back.x(box.right)),
        min(bottom, back.y(box.bottom)),
    )


def source_box(plan: Plan, source: Size, view: View) -> tuple[float, float, float, float]:
    """The part of the source picture that a view shows, its padding left out: left, top, right, bottom."""
    left, top, right, bottom = shown_part(plan, source, view.surface)
    box, back = view.box, to_source(plan, source, view.surface)
    return (
        float(min(max(back.x(box.left), left), right)),
        float(min(max(back.y(box.top), top), bottom)),
        float(min(max(back.x(box.right), left), right)),
        float(min(max(back.y(box.bottom), top), bottom)),
    )


def content_box(plan: Plan, source: Size, surface: int) -> tuple[float, float, float, float]:
    """Where the whole source picture lies on a surface, which may be beyond its edges: left, top, right, bottom."""
    there = to_source(plan, source, surface).inverse
    return float(there.x(0)), float(there.y(0)), float(there.x(source.width)), float(there.y(source.height))
