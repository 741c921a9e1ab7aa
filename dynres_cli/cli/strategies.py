"""`dynres strategies`: the presets as a table to choose from, or one of them in full."""

from __future__ import annotations

from typing import Annotated

import typer

from dynres_cli.cli import options

EPILOG = """Examples:

  dynres strategies

  dynres strategies llava-v1.6

  dynres strategies --json | jq -r '.[].preset'

Exit status: 0 all done, 2 usage (also: there is no such preset or strategy)."""


def _names(incomplete: str) -> list[str]:
    return [*options.preset_names(incomplete), *options.strategy_names(incomplete)]


def strategies(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", autocompletion=_names, help="A preset or a strategy."),
    ] = None,
    *,
    json: options.Json = False,
) -> None:
    """List presets with their rule and their cost, or show one with its parameters and ranges."""
    from dynres_cli.operations.describing import described, find
    from dynres_cli.report import catalogue, printing

    chosen = find(name) if name else described()
    if json:
        printing.data(catalogue.as_json(chosen))
    elif name:
        printing.data("\n\n".join(catalogue.in_full(each, printing.width()) for each in chosen))
    else:
        printing.data(catalogue.table(chosen, printing.width()))
