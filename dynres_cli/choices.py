"""What a user chose for a run, as the Job that every worker gets."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Literal

from dynres_cli.errors import UsageError
from dynres_cli.facts import FileLimits, Handling
from dynres_cli.handling import handling_for
from dynres_cli.job import Job
from dynres_cli.manifest import LayoutEntry
from dynres_cli.recipe import Recipe
from dynres_cli.render import Look
from dynres_cli.resample import Order
from dynres_cli.sinks.tree import Writing
from dynres_cli.storage import Writer


@dataclass(frozen=True, slots=True)
class Choices:
    """Everything that decides what is written for a picture, and what is refused."""

    recipe: Recipe
    handling: Handling
    limits: FileLimits = field(default_factory=FileLimits)
    writing: Writing = field(default_factory=Writing)
    order: Order = "pillow12"
    frames: Literal["first", "all"] = "first"
    max_tiles: int = 1000
    max_frames: int = 1000
    timeout: float = 120.0
    layout: LayoutEntry | None = None

    @property
    def effective(self) -> dict[str, Any]:
        """The options that change what is written, as they are in force."""
        handling, writing = self.handling, self.writing
        alpha = handling.alpha if isinstance(handling.alpha, str) else "#{:02x}{:02x}{:02x}".format(*handling.alpha)
        return {
            "tiles": writing.tiles,
            "tensor": writing.tensor,
            "dtype": writing.dtype,
            "png_level": writing.png_level,
            "exif": handling.exif,
            "alpha": alpha,
            "depth16": handling.depth16,
            "resample": self.order,
            "on_truncated": handling.on_truncated,
            "frames": self.frames,
        }

    @property
    def given(self) -> dict[str, Any]:
        """Those of them that are not the preset's own."""
        return _changed(self.effective, plain(self.recipe).effective)

    @property
    def limits_given(self) -> dict[str, Any]:
        """The limits that are not the defaults."""
        return _changed(self._limits, plain(self.recipe)._limits)  # noqa: SLF001 - our own kind

    @property
    def _limits(self) -> dict[str, Any]:
        return {
            "max_pixels": self.limits.max_pixels,
            "max_bytes": self.limits.max_bytes,
            "max_tiles": self.max_tiles,
            "max_frames": self.max_frames,
            "timeout": self.timeout,
        }


def plain(recipe: Recipe) -> Choices:
    """A recipe with nothing chosen beside it."""
    return Choices(recipe, handling_for(recipe.pixels))


def _changed(values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value != defaults[name]}


def job_for(chosen: Choices, writer: Writer, *, redo: bool = False, retry_failed: bool = False) -> Job:
    """The Job of a run that writes by `writer`.

    Raises UsageError where choices do not go together.
    """
    recipe = chosen.recipe
    check_layout(chosen)  # before what is written: of its own a packed layout writes no pictures
    check_writing(recipe, chosen.writing)
    return Job(
        recipe=recipe,
        handling=chosen.handling,
        limits=chosen.limits,
        look=Look.of(recipe.pixels, order=chosen.order),
        writing=chosen.writing,
        writer=writer,
        max_tiles=chosen.max_tiles,
        max_frames=chosen.max_frames if chosen.frames == "all" else None,
        redo=redo,
        retry_failed=retry_failed,
        options=chosen.given,
        effective_options=chosen.effective,
        limits_given=chosen.limits_given,
        layout=chosen.layout,
    )


def check_writing(recipe: Recipe, writing: Writing) -> None:
    """Refuse files that a recipe cannot give, and none at all."""
    if writing.dtype == "uint8" and recipe.strategy.float_views:
        msg = f"{recipe.preset} has views that exist only as floats; choose float32, float16 or bfloat16 for --dtype"
        raise UsageError(msg)
    if (writing.tiles, writing.tensor) == ("none", "none"):
        msg = "--tiles none and --tensor none together leave nothing to write; keep one of the two"
        raise UsageError(msg)


def check_layout(chosen: Choices) -> None:
    """Refuse a layout that cannot hold what was chosen; MissingExtra where its library is not installed."""
    name = chosen.layout.name if chosen.layout else None
    if name == "packed":
        if not chosen.recipe.strategy.equal_views:
            msg = (
                f"views of {chosen.recipe.preset} differ in size, so that no array holds them; use --layout webdataset"
            )
            raise UsageError(msg)
        writing = chosen.writing
        beside = ["--tiles png"] if writing.tiles != "none" else []
        beside += ["--tensor none"] if writing.tensor != "npy" else []
        if beside:
            msg = f"the packed layout holds tensors alone; leave out {' and '.join(beside)}, or use --layout webdataset"
            raise UsageError(msg)
    if name == "parquet":
        from dynres_cli.sinks import parquet  # noqa: PLC0415 - for this layout alone

        parquet.require()


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
