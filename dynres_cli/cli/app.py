"""The `dynres` application: its commands, and what all of them share."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dynres_cli import __version__
from dynres_cli.cli import diff, inspect, join, mapping, merge, plan, report, schema, stats, strategies, tile, verify

# An option that is not given costs Typer the import of pydantic, a good part of what `dynres tile --help` may take.
# Where a command follows nobody asks for the application's own help or completion, so it does without them there.
HAS_COMMAND = len(sys.argv) > 1 and not sys.argv[1].startswith("-")

app = typer.Typer(
    add_completion=not HAS_COMMAND,
    add_help_option=not HAS_COMMAND,
    name="dynres",
    help="Turn folders of images into exactly what a vision-language model is fed.",
    epilog="Start with: dynres tile photos/ out/",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

# DYNRES_MAX_NUM and the like: one prefix for every command's options.
SETTINGS = {"auto_envvar_prefix": "DYNRES"}


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"dynres {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=lambda value: _version(wanted=value), is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Turn folders of images into exactly what a vision-language model is fed."""


app.command("tile", context_settings=SETTINGS, epilog=tile.EPILOG)(tile.tile)
app.command("inspect", context_settings=SETTINGS, epilog=inspect.EPILOG)(inspect.inspect)
app.command("plan", context_settings=SETTINGS, epilog=plan.EPILOG)(plan.plan)
app.command("report", context_settings=SETTINGS, epilog=report.EPILOG)(report.report)
app.command("strategies", context_settings=SETTINGS, epilog=strategies.EPILOG)(strategies.strategies)
app.command("verify", context_settings=SETTINGS, epilog=verify.EPILOG)(verify.verify)
app.command("join", context_settings=SETTINGS, epilog=join.EPILOG)(join.join)
app.command("map", context_settings=SETTINGS, epilog=mapping.EPILOG)(mapping.map_)
app.command("diff", context_settings=SETTINGS, epilog=diff.EPILOG)(diff.diff)
app.command("stats", context_settings=SETTINGS, epilog=stats.EPILOG)(stats.stats)
app.command("schema", context_settings=SETTINGS, epilog=schema.EPILOG)(schema.schema)
app.command("merge", context_settings=SETTINGS, epilog=merge.EPILOG)(merge.merge)
