"""`dynres inspect`: the chosen grid of each picture, and why, from its header alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from dynres_cli.cli import options
from dynres_cli.cli.options import Option
from dynres_cli.cli.pictures import check_place, save
from dynres_cli.errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from dynres_cli.facts import FileLimits
    from dynres_cli.operations.comparing import Comparison
    from dynres_cli.operations.inspecting import Inspection, InspectOptions, NotInspected

Result = TypeVar("Result", "Inspection", "Comparison")

EPILOG = f"""Examples:

  dynres inspect photo.jpg

  dynres inspect photo.jpg --max-num 6 --out grid.png

  dynres inspect photo.jpg --all --out sheet.png

  cat photo.jpg | dynres inspect - --json | jq .grid

{options.ENVIRONMENT}

Exit status: 0 all done, 1 a drawing cannot be written, 2 usage, 3 some pictures cannot be looked at."""


def inspect(
    images: Annotated[list[str], typer.Argument(metavar="IMG...", help="Image files; - reads one from stdin.")],
    *,
    preset: options.Preset = None,
    strategy: options.Strategy = None,
    set_: options.Set = None,
    min_num: options.MinNum = None,
    max_num: options.MaxNum = None,
    image_size: options.ImageSize = None,
    thumbnail: options.Thumbnail = None,
    exif: options.Exif = "reference",
    alpha: options.Alpha = "reference",
    frames: options.Frames = "first",
    max_frames: options.MaxFrames = 1000,
    max_pixels: options.MaxPixels = 89_478_485,
    out: Annotated[
        Path | None, Option("--out", metavar="PNG", help="Draw the grid over the picture (of one IMG).")
    ] = None,
    all_: Annotated[
        bool, Option("--all", envvar="DYNRES_ALL", help="Every preset side by side; --out draws how each cuts it.")
    ] = False,
    picture: Annotated[
        Literal["auto", "kitty", "blocks", "none"],
        Option("--picture", help="Show the picture in the terminal: blocks works in nearly all [where it can]."),
    ] = "auto",
    json: options.Json = False,
    config: options.Config = None,
) -> None:
    """Show the grid that is chosen for a picture, the next candidates, and what it costs."""
    from dynres_cli.facts import FileLimits
    from dynres_cli.handling import handling_for
    from dynres_cli.operations.inspecting import InspectOptions
    from dynres_cli.recipe import resolve
    from dynres_cli.report.handles import mute_libraries

    named = {"min_num": min_num, "max_num": max_num, "image_size": image_size, "thumbnail": thumbnail}
    given = options.overrides(set_, named)
    limits = FileLimits(max_pixels)
    if out is not None and len(images) > 1:
        msg = f"--out {out} can hold one picture; name one IMG"
        raise UsageError(msg)
    check_place(out)
    if frames == "all" and (all_ or out is not None):
        msg = "--frames all looks at the pictures of files one by one; leave out --all and --out"
        raise UsageError(msg)
    mute_libraries()
    if all_:
        options.refuse_beside_all(preset, strategy, given)
        raise typer.Exit(_compare(images, limits, exif, alpha, Destination(out, json=json)))
    recipe = resolve(preset, strategy, given)
    asked = InspectOptions(
        recipe, handling_for(recipe.pixels, exif, alpha), limits, max_frames if frames == "all" else None
    )
    raise typer.Exit(_inspect(images, asked, Destination(out, json=json, picture=picture)))


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the answer goes."""

    out: Path | None
    json: bool
    picture: Literal["auto", "kitty", "blocks", "none"] = "none"


def _inspect(images: list[str], asked: InspectOptions, where: Destination) -> int:
    """Each picture under one preset."""
    from dynres_cli.operations.inspecting import NotInspected, inspect_all
    from dynres_cli.report import inspection, printing

    status, results = 0, inspect_all(images, asked)
    if where.out is not None:
        from dynres_cli.operations.grid_picture import drawn  # loads NumPy, which the header alone does not need

        results = _drawing(results, lambda result: drawn(result, asked), where.out)
    for result in results:
        if where.json:
            printing.data(inspection.as_json(result))
        if isinstance(result, NotInspected):
            status = 3
            printing.note(inspection.failure_line(result))
            continue
        if not where.json:
            _tell(result, asked, where)
    return status


def _drawing(
    results: Iterator[Result | NotInspected], draw: Callable[[Result], Image], out: Path
) -> Iterator[Result | NotInspected]:
    """The results, drawn; a file whose header promises a picture that its pixels do not give is a bad one as well."""
    from dynres_cli.errors import ImageError
    from dynres_cli.operations.inspecting import NotInspected

    for result in results:
        if isinstance(result, NotInspected):
            yield result
            continue
        try:
            save(draw(result), out)
        except ImageError as error:
            yield NotInspected(result.source, "decode", error.code, str(error))
        else:
            yield result


def _tell(result: Inspection, asked: InspectOptions, where: Destination) -> None:
    """A picture's facts, with the picture itself where the terminal can show it and its pixels can be had."""
    from dynres_cli.errors import ImageError
    from dynres_cli.report import inspection, printing, terminal

    means = terminal.here() if where.picture == "auto" else where.picture
    seen = None
    if means != "none":
        from dynres_cli.operations import glimpsing, grid_picture

        try:
            if means == "kitty":
                printing.data(terminal.kitty(grid_picture.encoded(result, asked), printing.width()))
            else:
                seen = glimpsing.glimpse(result, asked, inspection.glimpse_size(result, printing.width()))
        except ImageError as error:
            printing.note(f"the picture is not shown: {error}")
    exact = terminal.exact_colours(os.environ)
    printing.data(inspection.as_text(result, printing.width(), seen, exact=exact))


def _compare(images: list[str], limits: FileLimits, exif: str, alpha: str, where: Destination) -> int:
    """Each picture under every preset."""
    from dynres_cli.operations.comparing import compare_all, every_preset
    from dynres_cli.operations.inspecting import NotInspected
    from dynres_cli.report import comparison, inspection, printing

    status, presets = 0, every_preset(limits, exif, alpha)
    results = compare_all(images, presets)
    if where.out is not None:
        from dynres_cli.operations.contact_sheet import drawn

        results = _drawing(results, lambda result: drawn(result, presets), where.out)
    for result in results:
        if isinstance(result, NotInspected):
            status = 3
            printing.note(inspection.failure_line(result))
            if where.json:
                printing.data(inspection.as_json(result))
            continue
        as_asked = comparison.as_json_lines(result) if where.json else comparison.as_text(result, printing.width())
        printing.data(as_asked)
    return status
