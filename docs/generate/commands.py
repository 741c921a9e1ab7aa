"""The reference of the command line as Markdown: one page a command, and one on what all of them share."""

from __future__ import annotations

from docs.generate.app import ABOUT, Command, Option, commands, spelled

FOUND_FIRST = "---\nsearch:\n  boost: 3\n---\n"
"""Whoever looks for an option wants the page that explains it."""


def pages() -> dict[str, str]:
    """Each page's text by its path below reference/."""
    found = commands()
    return {"commands/index.md": _overview(found)} | {f"commands/{each.name}.md": page(each) for each in found}


def _overview(found: list[Command]) -> str:
    rows = "\n".join(f"| [`dynres {each.name}`]({each.name}.md) | {each.about} |" for each in found)
    return f"""# Commands

{ABOUT}

| command | what it does |
|---|---|
{rows}

`-h` and `--help` explain a command, `dynres --version` names the version, and `dynres --install-completion` teaches
your shell to complete commands and options. `man dynres` and `man dynres-tile` hold the same as these pages.

## Where an option may come from

A flag wins over the environment, the environment over a file, a file over the default. Where two options do not go
together, the one from the stronger place counts: `--all` does without a `preset` of the file.

* **Environment.** `DYNRES_` and the option's long name in capitals, with `_` for `-`: `DYNRES_MAX_NUM=6`. A switch
  takes `1` or `0`; an option that may be repeated takes one value on each line. Only `--shard` cannot be set so: each
  part of a run has to say which part it is.
* **File.** `./dynres.toml`, or the one that `--config` names. It has a table for each command that has `--config`, and
  in it the options' long names without the dashes:

    ```toml
    [tile]
    preset = "llava-v1.6"
    dtype = "bfloat16"
    include = ["*.jpg", "*.png"]
    set = ["image_size=336"]
    ```

A name that no option has is refused, with the nearest one that exists.
"""


def page(command: Command) -> str:
    """One command's page."""
    parts = [FOUND_FIRST + f"# dynres {command.name}", command.about, f"```text\n{command.usage}\n```"]
    if command.arguments:
        parts.append("\n\n".join(f"`{each.name}`\n:   {each.help}" for each in command.arguments))
    if command.examples:
        parts += ["## Examples", "```text\n" + "\n".join(command.examples) + "\n```"]
    parts += ["## Options", "\n\n".join(_entry(each) for each in command.options)]
    if command.notes:
        parts += ["## Notes", *(_escaped(note) for note in command.notes)]
    return "\n\n".join(parts) + "\n"


def _entry(option: Option) -> str:
    """An option with its help, and under it where else it may come from."""
    names = [f"default {_code(option.default)}"] if option.default else []
    names += [f"environment `{option.environment}`"] if option.environment else []
    names += [f"file `{option.config}`"] if option.config else []
    repeated = " May be given more than once." if option.repeated else ""
    small = f"\n    <small>{' · '.join(names)}</small>" if names else ""
    return f"`{spelled(option)}`\n:   {_escaped(option.help)}{repeated}  {small}"


def _code(default: str) -> str:
    """A default as one would type it; one in words stays words."""
    return default if " " in default else f"`{default}`"


def _escaped(text: str) -> str:
    """A help's own words as Markdown: only what it has in backquotes is code."""
    return text.replace("*", "\\*").replace("_", "\\_").replace("<", "&lt;")
