"""`dynres join`: the canvases again from their tiles."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from dynres_cli.cli import options
from dynres_cli.cli.options import Option

EPILOG = f"""Examples:

  dynres join out/ canvases/

  dynres join out/ pictures/ --crop                (without the padding of LLaVA-NeXT and the like)

  dynres join out/ pictures/ --size original       (resized back: lossy, and labelled so)

{options.ENVIRONMENT}

Exit status: 0 all done, 1 there is no canvas to join (the message says why), 2 usage, 3 some tiles are missing or
damaged."""


def join(
    out: Annotated[str, typer.Argument(metavar="OUT", help="What `dynres tile` wrote.")],
    dest: Annotated[str, typer.Argument(metavar="DEST", help="The folder for DEST/KEY.png.")],
    *,
    crop: Annotated[bool, Option("--crop", help="Leave the padding out.")] = False,
    size: Annotated[
        Literal["canvas", "original"], Option(help="original resizes the canvas back, which is lossy.")
    ] = "canvas",
    overwrite: Annotated[bool, Option("--overwrite", help="Replace other files that stand there.")] = False,
    fsync: Annotated[bool, Option("--fsync/--no-fsync", help="Make every file durable.")] = True,
    json: options.Json = False,
    quiet: options.Quiet = False,
    config: options.Config = None,
) -> None:
    """Write DEST/KEY.png for every image: the canvas that its tiles were cut from, bit for bit."""
    from dynres_cli.operations.joining import Account, JoinOptions, check_joinable, join_all, refuse_dest
    from dynres_cli.operations.reading import open_output
    from dynres_cli.report import joined, printing
    from dynres_cli.report.steps import steps
    from dynres_cli.report.text import safe
    from dynres_cli.storage import Writer, check_writable

    refuse_dest(out, dest)
    wanted, account = JoinOptions(crop, size, overwrite), Account()
    with open_output(out) as output, steps(quiet=quiet) as progress:
        total = check_joinable(output, wanted)
        check_writable(dest)
        for reason in join_all(output, Writer(dest, sync=fsync), wanted, account):
            if reason is not None:
                printing.note(f"failed  {safe(str(reason))}")
            progress(account.joined + len(account.failed), total)
    lossy = size == "original"
    if json:
        printing.data(joined.as_json(account, lossy=lossy))
    if not quiet:
        printing.note(joined.summary(account, dest, lossy=lossy))
    raise typer.Exit(3 if account.failed else 0)
