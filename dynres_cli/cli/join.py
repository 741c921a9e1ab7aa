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
    from dynres_cli.manifest import TiledRecord
    from dynres_cli.operations.joining import JoinOptions, NotJoined, check_joinable, join_one, refuse_dest
    from dynres_cli.operations.reading import open_output
    from dynres_cli.report import joined, printing
    from dynres_cli.report.steps import steps
    from dynres_cli.report.text import safe
    from dynres_cli.storage import Writer, check_writable

    refuse_dest(out, dest)
    wanted, account = JoinOptions(crop, size, overwrite), joined.Account(lossy=size == "original")
    with open_output(out) as output, steps(quiet=quiet) as progress:
        total = check_joinable(output, wanted)
        check_writable(dest)
        for record in output.records():
            if not isinstance(record, TiledRecord):
                account.skipped += 1
                continue
            try:
                join_one(output, record, Writer(dest, sync=fsync), wanted)
                account.joined += 1
            except NotJoined as reason:
                account.failed.append(record.key)
                printing.note(f"failed  {safe(str(reason))}")
            progress(account.joined + len(account.failed), total)
    if json:
        printing.data(joined.as_json(account))
    if not quiet:
        printing.note(joined.summary(account, dest))
    raise typer.Exit(3 if account.failed else 0)
