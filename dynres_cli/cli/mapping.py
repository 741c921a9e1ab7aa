"""`dynres map`: boxes, points and polygons between the frames of a picture and its tiles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dynres_cli.cli import options
from dynres_cli.cli.options import Option
from dynres_cli.cli.pictures import check_place, save
from dynres_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dynres_cli.operations.asking import AskedShape

Frame = Literal["stored", "original", "canvas", "tile", "norm1000"]

EPILOG = f"""Examples:

  dynres map out/ boxes.jsonl                  (from the picture into its tiles)

  dynres map out/ answers.jsonl --from norm1000 --to stored

  echo '{{"id": 1, "key": "a.jpg", "view": 3, "box": [0, 0, 90, 60]}}' | dynres map out/ - --from tile --to original

  dynres map out/ coco.json --out boxes.png

BOXES holds one JSON object a line with "key" and "box" [x0, y0, x1, y1], "point" [x, y] or "polygon"; from a tile
also its "view", and of a name that is no UTF-8 the "raw" of its record. COCO JSON is understood too, with file names
as keys. Frames: stored (the file's pixels), original (as it was tiled), canvas (what the grid cuts), tile, norm1000
(0 to 1000 of the original). What lies outside is clipped and flagged.

{options.ENVIRONMENT}

Exit status: 0 all done, 1 there is no sound manifest, 2 usage, 3 some keys or views are unknown."""


def map_(
    out: Annotated[str, typer.Argument(metavar="OUT", help="What `dynres tile` wrote.")],
    boxes: Annotated[str, typer.Argument(metavar="BOXES", help="A file of JSON lines or COCO JSON; - for stdin.")],
    *,
    start: Annotated[Frame, Option("--from", envvar="DYNRES_FROM", help="The frame that BOXES are in.")] = "original",
    end: Annotated[Frame, Option("--to", envvar="DYNRES_TO", help="The frame that they are wanted in.")] = "tile",
    picture: Annotated[
        Path | None,
        Option("--out", metavar="PNG", envvar="DYNRES_OUT", help="Draw them over the canvas (of one image)."),
    ] = None,
    json: Annotated[bool, Option("--json", help="JSON lines on stdout, as always here.")] = False,
    quiet: options.Quiet = False,
    config: options.Config = None,
) -> None:
    """Say where boxes, points and polygons lie in another frame, one JSON line for each piece."""
    from dynres_cli.operations import asking
    from dynres_cli.operations.mapping import Mapper, known_only
    from dynres_cli.operations.reading import open_output
    from dynres_cli.report import mapped, printing
    from dynres_cli.report.text import safe

    check_place(picture)

    def shapes() -> Iterator[AskedShape]:
        return asking.asked(file, boxes, need_view=start == "tile")

    unknown: dict[str, None] = {}
    with asking.opened(boxes) as file, open_output(out) as output:
        # Everything is understood before the first line is written: a mistake in the last box leaves no half answer.
        named = {each.named for each in shapes()}
        mapper = Mapper(output, start, end)
        mapper.check(named)
        if picture is not None:
            from dynres_cli.operations.box_picture import drawn

            save(drawn(mapper, only_one(named), list(shapes())), picture)
        for each, pieces in known_only(mapper, shapes(), unknown):
            for piece in pieces:
                printing.data(mapped.line(each, piece, in_tiles=end == "tile"))
    for reason in unknown:
        printing.note(f"not mapped  {safe(reason)}")
    raise typer.Exit(3 if unknown else 0)


def only_one(named: set[tuple[str, str]]) -> tuple[str, str]:
    """The one picture that is drawn."""
    if len(named) != 1:
        msg = f"--out draws the boxes of one picture and BOXES name {len(named)}; give those of one key"
        raise UsageError(msg)
    return next(iter(named))
