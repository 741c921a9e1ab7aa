"""`dynres schema`: the JSON schema of the manifest."""

from __future__ import annotations

import typer

from dynres_cli.cli import options

EPILOG = """Examples:

  dynres schema > manifest.schema.json

Exit status: 0 all done, 2 usage."""


def schema(*, json: options.Json = False) -> None:
    """Print the JSON schema of manifest.json and, within it, of each grid.json."""
    from dynres_cli.operations.schema import manifest_schema
    from dynres_cli.report import printing

    printing.data(printing.indented(manifest_schema()))
    raise typer.Exit
