"""`dynres stats`: what an output holds, in numbers."""

from __future__ import annotations

from typing import Annotated

import typer

from dynres_cli.cli import options
from dynres_cli.cli.options import Option
from dynres_cli.errors import UsageError

EPILOG = f"""Examples:

  dynres stats out/

  dynres stats out/ --json | jq .grids

  dynres stats out/ --csv > images.csv

{options.ENVIRONMENT}

Exit status: 0 all done, 1 there is no sound manifest, 2 usage."""


def stats(
    out: Annotated[str, typer.Argument(metavar="OUT", help="What `dynres tile` wrote.")],
    *,
    json: options.Json = False,
    csv: Annotated[bool, Option("--csv", help="Print one row of CSV for each image.")] = False,
    config: options.Config = None,
) -> None:
    """Show grids, aspect ratios, tokens, flags, failures and bytes of an output, from its manifest."""
    from dynres_cli.operations.reading import open_output
    from dynres_cli.operations.statistics import statistics_of
    from dynres_cli.report import printing, statistics

    if json and csv:
        msg = "--json and --csv both want stdout; give one of the two"
        raise UsageError(msg)
    with open_output(out) as output:
        if csv:
            statistics_of(output.records())  # all of it is sound before the first row is printed
            for row in statistics.csv_lines(output.records()):
                printing.data(row)
            return
        found = statistics_of(output.records())
    printing.data(statistics.as_json(found) if json else statistics.as_text(found, printing.width()))
