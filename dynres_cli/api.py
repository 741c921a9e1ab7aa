"""The Python interface: a picture in, the model's own arrays out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, SupportsIndex, TypeGuard, cast, overload

import numpy as np
import numpy.typing as npt

from dynres_cli import geometry, normalize
from dynres_cli.errors import UsageError
from dynres_cli.geometry import Size
from dynres_cli.given import Given, pixels_of
from dynres_cli.kernels.cache import WORTH_COMPILING, compile_unless_another_does, kernels_ready
from dynres_cli.packed import build
from dynres_cli.presets import OneSize, PixelPolicy, SizesDiffer
from dynres_cli.recipe import Recipe, resolve
from dynres_cli.render import Look, Picture, render
from dynres_cli.resample import Kernel, Pixels, size_of
from dynres_cli.strategies.packing import PixelArray

_CALLS = itertools.count()
LONGEST = (1 << 31) - 1
"""Pixels of the longest side that a format can state."""


class Views(np.ndarray[Any, np.dtype[np.float32]]):
    """A (total, 3, height, width) float32 array that remembers the size of the picture it was made from."""

    source_size: Size | None = None

    def __array_finalize__(self, origin: object) -> None:
        self.source_size = getattr(origin, "source_size", None)

    def __array_wrap__(
        self,
        array: npt.NDArray[Any],
        context: tuple[np.ufunc, tuple[Any, ...], int] | None = None,
        return_scalar: bool = False,  # noqa: FBT001, FBT002 - NumPy's own signature
    ) -> Any:  # noqa: ANN401 - one number, or an array
        """NumPy's own, but a sum or a maximum is a number as of a plain array, and no array without axes."""
        return array[()] if return_scalar else super().__array_wrap__(array, context, return_scalar)

    def __reduce_ex__(self, _protocol: SupportsIndex, /) -> tuple[Any, ...]:
        """By way of a plain array, for of others NumPy copies the values and sends them in the pickle itself."""
        return _remembering, (np.asarray(self), self.source_size)


def _remembering(values: npt.NDArray[np.float32], size: Size | None) -> Views:
    """An array as Views of a picture of this size."""
    views = values.view(Views)
    views.source_size = size
    return views


class ViewList(list[npt.NDArray[np.float32]]):
    """Arrays (3, height, width) of differing sizes, and the size of the picture they were made from."""

    source_size: Size | None = None


def plan(width: int, height: int, preset: str = "internvl2", **params: object) -> geometry.Plan:
    """What a model is shown of a picture of this size; NotTileable if the family refuses it, UsageError for no size."""
    return _recipe(preset, params).plan(_size(width, height))


def tokens(width: int, height: int, preset: str = "internvl2", **params: object) -> int:
    """How many tokens a picture of this size costs, as its record states them; it raises what `plan` does."""
    recipe, size = _recipe(preset, params), _size(width, height)
    return recipe.tokens(size, recipe.plan(size))


def _size(width: object, height: object) -> Size:
    if not (_is_side(width) and _is_side(height)):
        msg = f"a picture of {width!s:.40}×{height!s:.40} is none; give whole numbers of pixels from 1 to {LONGEST:,}"
        raise UsageError(msg)
    return Size(int(width), int(height))


def _is_side(value: object) -> TypeGuard[int]:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        return False
    return 1 <= int(value) <= LONGEST


def tile_image(path_or_array: Given, preset: str = "internvl2", **params: object) -> list[Pixels]:
    """The views as uint8 (height, width, 3) arrays in the model's order; pictures are given as to `load_image`.

    Each is an array of its own, which may be drawn on, also where views overlap.
    """
    recipe = _recipe(preset, params)
    look = look_of(recipe.pixels)
    pixels = pixels_of(path_or_array, recipe.pixels, look.kernel)
    views = [normalize.preview(view, recipe.pixels) for view in _views(pixels, recipe, look)]
    return [view.copy() for view in views] if len(views) > 1 else views


@overload
def load_image(path: Given, preset: OneSize = "internvl2", **params: object) -> Views: ...
@overload
def load_image(path: Given, preset: SizesDiffer, **params: object) -> ViewList: ...
@overload
def load_image(path: Given, preset: str, **params: object) -> Views | ViewList: ...
def load_image(path: Given, preset: str = "internvl2", **params: object) -> Views | ViewList:
    """The normalised views of a picture as one float32 (total, 3, height, width) array, in the model's order.

    Where the strategy's views differ in size, a list of (3, height, width) arrays. The picture is a path, a binary file
    object (`io.BytesIO(content)`, read from its beginning), or uint8 levels (height, width, 3); paths and file objects
    are opened as the preset's reference does, with its rules for transparency and EXIF. ImageError, with a `code`, for
    a picture that cannot be had, and UsageError for a call that is wrong whatever the picture.

    Threads may call it side by side, and nothing that was returned is written to again.
    """
    recipe = _recipe(preset, params)
    look = look_of(recipe.pixels)
    pixels = pixels_of(path, recipe.pixels, look.kernel)
    views = _views(pixels, recipe, look)
    if recipe.strategy.equal_views:
        return _remembering(normalize.normalise(views, recipe.pixels, look.kernel), size_of(pixels))
    tensors = ViewList(normalize.normalise_one(view, recipe.pixels, look.kernel) for view in views)
    tensors.source_size = size_of(pixels)
    return tensors


def pack(
    views: npt.NDArray[np.float32] | Sequence[npt.NDArray[np.float32]],
    preset: str = "internvl2",
    size: tuple[int, int] | Size | int | None = None,
    **params: object,
) -> dict[str, Any]:
    """The arrays that the reference processor returns for one picture, under its own names.

    A list of arrays stands where the reference returns one because they differ in shape, as MiniCPM-V's pixel_values.

    `views` is what `load_image` returned, with the same preset and parameters. For views that come from elsewhere, say
    a pixel_values.npy, `size` is the picture's (width, height), as its record states it. One number is the parameter of
    that name, where a family has one.
    """
    recipe = _recipe(preset, params)
    if _is_side(size) and hasattr(recipe.params, "size"):
        recipe, size = _recipe(preset, {**params, "size": size}), None
    source = getattr(views, "source_size", None) if size is None else _given_size(size)
    if source is None:
        msg = "pack needs the size of the picture: pass what load_image returned, or size=(width, height)"
        raise UsageError(msg)
    made, arrays = recipe.plan(source), _arrays(views)
    if len(arrays) != made.total:
        msg = (
            f"{len(arrays)} views are not what {preset} makes of {source} ({made.total}); pack them as they were loaded"
        )
        raise UsageError(msg)
    _check_shapes(arrays, made)
    stated = recipe.strategy.pack
    return build(stated(source, recipe.params, made) if stated else {"pixel_values": PixelArray()}, arrays, made)


def _given_size(size: object) -> Size:
    """A picture's size as a caller may give it."""
    if isinstance(size, Size):
        return size
    try:
        width, height = cast("tuple[object, object]", size)
    except (TypeError, ValueError):
        msg = f"size={size!r:.40} is no size; give (width, height), the picture's own in pixels"
        raise UsageError(msg) from None
    return _size(width, height)


def _arrays(views: Iterable[Any]) -> list[npt.NDArray[Any]]:
    """Views of any kind as a list of arrays."""
    try:
        return [np.asanyarray(view) for view in views]
    except (TypeError, ValueError, RuntimeError):  # the last is torch's
        msg = f"an object of type {type(views).__name__} is no list of views; pass what load_image returned"
        raise UsageError(msg) from None


def _check_shapes(arrays: Sequence[npt.NDArray[Any]], made: geometry.Plan) -> None:
    """Refuse what has not the shape of the view that it stands for, as tile_image's levels have not."""
    for number, (array, view) in enumerate(zip(arrays, made.views, strict=True)):
        wanted = (3, view.box.size.height, view.box.size.width)
        if array.shape != wanted:
            msg = (
                f"view {number} is an array of {array.dtype} with shape {array.shape}, not {wanted}; "
                "pass what load_image returned, with the same preset and parameters"
            )
            raise UsageError(msg)


def _recipe(preset: str, params: dict[str, object]) -> Recipe:
    """The recipe, with InternVL's own word `input_size` understood."""
    if preset == "" or not isinstance(preset, str | None):
        msg = f"{preset!r:.40} is no preset; give the name of one, such as 'internvl2'"
        raise UsageError(msg)
    if "image_size" in params and "input_size" in params:
        given = f"image_size={params['image_size']} and input_size={params['input_size']}"
        msg = f"{given} are one parameter; give one of them"
        raise UsageError(msg)
    renamed = {"image_size" if name == "input_size" else name: value for name, value in params.items()}
    return resolve(preset, overrides=renamed)


def _kernel() -> Kernel:
    """The compiled code where it is there, or once so many pictures came that compiling it is worth the wait.

    That wait is about ten seconds; `compile_kernels` takes it beforehand.
    """
    ready = kernels_ready() or (next(_CALLS) >= WORTH_COMPILING and compile_unless_another_does())
    return "numba" if ready else "pillow"


def look_of(policy: PixelPolicy) -> Look:
    """How a preset's pictures are made."""
    return Look.of(policy, _kernel())


def _views(pixels: Pixels, recipe: Recipe, look: Look) -> list[Picture]:
    return render(pixels, recipe.plan(size_of(pixels)), look)
