"""The `dynres` application: its commands, and what all of them share."""

from __future__ import annotations

from typing import Annotated

import typer

from dynres_cli import __version__
from dynres_cli.cli import inspect, strategies, tile

app = typer.Typer(
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
app.command("strategies", context_settings=SETTINGS, epilog=strategies.EPILOG)(strategies.strategies)
