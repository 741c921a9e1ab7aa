"""`dynres merge`: one manifest over the outputs of all shards."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from dynres_cli.cli import options
from dynres_cli.cli.options import Option

EPILOG = f"""Examples:

  mkdir all

  dynres tile photos/ all/1 --shard 1/2           (on one machine)

  dynres tile photos/ all/2 --shard 2/2           (on another)

  dynres merge all/1 all/2 -o all/

The outputs stay where they are: the merged manifest names their files. Every other command takes the merged
folder as it takes any output.

{options.ENVIRONMENT}

Exit status: 0 all done, 1 a shard is missing, doubled or of another run (the message names it), 2 usage."""


def merge(
    outs: Annotated[list[str], typer.Argument(metavar="OUT...", help="The output of each shard, below DIR.")],
    *,
    dest: Annotated[
        str, Option("-o", "--out", metavar="DIR", envvar="DYNRES_OUT", help="Where the merged manifest goes.")
    ],
    manifest_size: options.ManifestSize = 1_000_000,
    json: options.Json = False,
    quiet: options.Quiet = False,
    config: options.Config = None,
) -> None:
    """Join the manifests of `--shard` runs, and prove that every input is there once."""
    from dynres_cli.jsontext import shown, to_json
    from dynres_cli.names import MANIFEST
    from dynres_cli.operations.merging import merge as merged
    from dynres_cli.report import printing
    from dynres_cli.report.text import count, safe

    run = merged(outs, dest, manifest_size)
    manifest = shown(os.path.join(dest, MANIFEST))
    if json:
        counts = {"outs": len(outs), "images": run.images, "tiled": run.tiled, "failed": run.failed}
        printing.data(to_json({**counts, "manifest": manifest}))
    if not quiet:
        every = f"{count(run.images, 'image')} of {count(len(outs), 'shard')}, every input once"
        printing.note(f"{every}: {run.tiled:,} tiled, {run.failed:,} failed; {safe(manifest)}")
