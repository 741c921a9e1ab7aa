"""The configuration file: a table of options for each command."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from dynres_cli.cli.app import COMMANDS
from dynres_cli.errors import UsageError

WITH_TABLES = [name for name in COMMANDS if name not in ("strategies", "schema")]
"""The commands that have something to configure."""
NOT_IN_A_FILE = ("--config", "--shard")
"""The file itself, and what differs from task to task."""
LARGEST = 1 << 20
"""Bytes; what goes beyond is no file of settings, and may have no end."""


def defaults(context: typer.Context, found: Path) -> dict[str, Any]:
    """What the file says of this command's options, by the names of its parameters."""
    try:
        tables = tomllib.loads(_text(found))
    except OSError as error:
        msg = (
            f"{found}: cannot read the configuration: {error.strerror}; name a TOML file with a table for each command"
        )
        raise UsageError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"{found}: not a TOML file: {error}"
        raise UsageError(msg) from None
    _refuse_unknown_tables(tables, found)
    table = tables.get(context.info_name or "", {})
    if not isinstance(table, dict):
        msg = f"{found}: {context.info_name} must be a table: [{context.info_name}]"
        raise UsageError(msg)
    return _by_parameter(context, table, found)


def _text(found: Path) -> str:
    with found.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        msg = f"{found}: too large for a configuration; name a TOML file with a table for each command"
        raise UsageError(msg)
    return data.decode("utf-8")


def _refuse_unknown_tables(tables: Mapping[str, object], found: Path) -> None:
    """A table of no command would be of no effect, and nobody would be told."""
    for name in tables:
        if name in WITH_TABLES:
            continue
        if name in COMMANDS:
            msg = f"{found}: dynres {name} takes no defaults from a file; take the table [{name}] out"
        else:
            near = difflib.get_close_matches(name, WITH_TABLES, n=1)
            hint = f"did you mean [{near[0]}]?" if near else f"the tables are {', '.join(WITH_TABLES)}"
            msg = f"{found}: there is no command {name!r}; {hint}"
        raise UsageError(msg)


def _by_parameter(context: typer.Context, table: dict[str, Any], found: Path) -> dict[str, Any]:
    """The table's long option names as the command's own parameter names."""
    known = {
        option.removeprefix("--"): parameter
        for parameter in context.command.params
        for option in parameter.opts
        if option.startswith("--") and option not in NOT_IN_A_FILE
    }
    for name in table:
        if name not in known:
            if f"--{name}" in NOT_IN_A_FILE:
                msg = f"{found}: --{name} is given on the command line alone; take it out of the file"
                raise UsageError(msg)
            near = difflib.get_close_matches(name, list(known), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            msg = f"{found}: {context.info_name} has no option {name!r}{hint}"
            raise UsageError(msg)
    return {str(known[name].name): _listed(value, known[name]) for name, value in table.items()}


def _listed(value: object, parameter: Any) -> object:  # noqa: ANN401 - Typer's own types are not public
    """A value as its option wants it: one that may be repeated takes a list, or what would be the only one in it."""
    return value if isinstance(value, list) or not getattr(parameter, "multiple", False) else [value]
