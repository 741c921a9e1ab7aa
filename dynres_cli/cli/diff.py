"""`dynres diff`: what changed from one output to another."""

from __future__ import annotations

from typing import Annotated

import typer

from dynres_cli.cli import options

EPILOG = f"""Examples:

  dynres diff before/ after/

  dynres diff before/ after/ --json | jq -r '.changed[].key'

A line begins with + (added), - (removed), ~ (changed) or ! (a parameter of the run).

{options.ENVIRONMENT}

Exit status: 0 no difference, 1 there is no sound manifest, 2 usage, 3 they differ."""


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="What `dynres tile` wrote.")],
    after: Annotated[str, typer.Argument(metavar="B", help="What it wrote another time.")],
    *,
    json: options.Json = False,
    quiet: options.Quiet = False,
    config: options.Config = None,
) -> None:
    """Compare two outputs by their manifests: images, grids, pixels and parameters."""
    from dynres_cli.operations.differing import differences, settings
    from dynres_cli.operations.reading import open_output
    from dynres_cli.report import differences as shown
    from dynres_cli.report import printing

    with open_output(before) as one, open_output(after) as other:
        told = settings(one.run, other.run)
        say = shown.document if json else shown.lines
        counts = say(told, differences(one, other))
    if not quiet:
        printing.note(shown.summary(told, counts))
    raise typer.Exit(3 if told or counts.total() > counts["same"] else 0)
