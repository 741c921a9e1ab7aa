"""`dynres inspect`: the chosen grid of each picture, and why, from its header alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynres_cli.cli import options
from dynres_cli.cli.options import Option
from dynres_cli.errors import RunError, UsageError

if TYPE_CHECKING:
    from dynres_cli.operations.inspecting import Asked, Inspection

EPILOG = f"""Examples:

  dynres inspect photo.jpg

  dynres inspect photo.jpg --max-num 6 --out grid.png

  cat photo.jpg | dynres inspect - --json | jq .grid

{options.ENVIRONMENT}"""


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
    max_pixels: options.MaxPixels = 89_478_485,
    out: Annotated[
        Path | None, Option("--out", metavar="PNG", help="Draw the grid over the picture (of one IMG).")
    ] = None,
    json: options.Json = False,
    config: options.Config = None,
) -> None:
    """Show the grid that is chosen for a picture, the next candidates, and what it costs."""
    from dynres_cli.facts import Limits
    from dynres_cli.handling import handling_for
    from dynres_cli.operations.inspecting import Asked, Inspection, NotInspected, inspect_all
    from dynres_cli.recipe import resolve
    from dynres_cli.report import inspection, printing

    named = {"min_num": min_num, "max_num": max_num, "image_size": image_size, "thumbnail": thumbnail}
    recipe = resolve(preset, strategy, options.overrides(set_, named))
    asked = Asked(recipe, handling_for(recipe.pixels, exif, alpha), Limits(max_pixels))
    if out is not None and len(images) > 1:
        msg = f"--out {out} can hold one picture; name one IMG"
        raise UsageError(msg)
    failed = False
    for result in inspect_all(images, asked):
        if isinstance(result, NotInspected):
            failed = True
            printing.note(inspection.failure_line(result))
        elif not json:
            printing.data(inspection.as_text(result))
        if json:
            printing.data(inspection.as_json(result))
        if out is not None and isinstance(result, Inspection):
            draw(result, asked, out)
    if failed:
        raise typer.Exit(3)


def draw(result: Inspection, asked: Asked, out: Path) -> None:
    """Write the picture with its grid to `out`."""
    from dynres_cli.operations.grid_picture import drawn

    picture = drawn(result, asked)
    try:
        picture.save(out, format="PNG")
    except OSError as error:
        msg = f"{out}: cannot be written ({error.strerror}); name a file in a folder that exists"
        raise RunError(msg, code="output") from None
