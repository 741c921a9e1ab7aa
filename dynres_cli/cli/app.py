"""The `dynres` application: its commands, each imported when it is asked for, and what all of them share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated

import typer

from dynres_cli import __version__
from dynres_cli.cli.values import QuickCommand


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command is, and what the overview says of it in one line of 80 columns."""

    module: str
    function: str
    summary: str


COMMANDS = {
    "tile": Command("tile", "tile", "Tile files and folders: PNGs, tensors, records, a manifest."),
    "inspect": Command("inspect", "inspect", "Show the grid chosen for a picture, why, and what it costs."),
    "plan": Command("plan", "plan", "Say what a run would make and cost, from headers alone."),
    "report": Command("report", "report", "Write pages that show what the model sees of each picture."),
    "strategies": Command("strategies", "strategies", "List presets, or show one with its parameters and ranges."),
    "verify": Command("verify", "verify", "Hold every file against the manifest and its records."),
    "join": Command("join", "join", "Put each canvas together again from its tiles."),
    "map": Command("mapping", "map_", "Carry boxes, points and polygons from one frame to another."),
    "diff": Command("diff", "diff", "Compare two outputs: images, grids, pixels, parameters."),
    "stats": Command("stats", "stats", "Count grids, tokens, flags, failures and bytes."),
    "schema": Command("schema", "schema", "Print the JSON schema of the manifest."),
    "merge": Command("merge", "merge", "Join the manifests of --shard runs, and prove them whole."),
}
OVERVIEW = ((), ("--help",), ("-h",), ("--version",))
"""What is asked of the application itself; no option of any command is needed to answer."""

COMPLETING = "_DYNRES_COMPLETE"
"""Set where a shell asks how a line could go on; the line itself is then in the environment too."""

# DYNRES_MAX_NUM and the like: one prefix for every command's options.
SETTINGS = {"auto_envvar_prefix": "DYNRES"}


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The application with what these arguments need of it: building all commands takes longer than running some."""
    if COMPLETING in os.environ:
        return whole_app()
    if tuple(arguments) in OVERVIEW:
        return _overview()
    if arguments[0] in COMMANDS:
        # An option that is not given costs Typer the import of pydantic, and behind a command's name nobody asks for
        # the application's own help or completion.
        return _with_commands(arguments[:1], _application(has_options=False))
    return whole_app()


def whole_app() -> typer.Typer:
    """The application with every command and option."""
    return _with_commands(COMMANDS, _application(has_options=True))


def _application(*, has_options: bool) -> typer.Typer:
    app = typer.Typer(
        add_completion=has_options,
        add_help_option=has_options,
        name="dynres",
        help="Turn folders of images into exactly what a vision-language model is fed.",
        epilog="Start with: dynres tile photos/ out/",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(root)
    return app


def _with_commands(names: Sequence[str] | dict[str, Command], app: typer.Typer) -> typer.Typer:
    for name in names:
        command = COMMANDS[name]
        module = import_module(f"dynres_cli.cli.{command.module}")
        register = app.command(
            name, cls=QuickCommand, context_settings=SETTINGS, epilog=module.EPILOG, short_help=command.summary
        )
        register(getattr(module, command.function))
    return app


def _overview() -> typer.Typer:
    app = _application(has_options=True)
    for name, command in COMMANDS.items():
        app.command(name, short_help=command.summary)(_nothing)
    return app


def _nothing() -> None:
    """Stand for a command that is only listed."""


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"dynres {__version__}")
        raise typer.Exit


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
