"""What the application offers, as plain data: every command with its options, read from Typer itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args, get_origin

import typer

from dynres_cli.cli.app import whole_app

ABOUT = "Turn folders of images into exactly what a vision-language model is fed."
EVERYWHERE = ("-h", "--help")


@dataclass(frozen=True, slots=True)
class Option:
    """One option; `default` is what holds when nobody says anything, None where that is simply nothing."""

    flags: tuple[str, ...]
    value: str | None
    """What stands for its value, None for a switch."""
    choices: tuple[str, ...]
    default: str | None
    help: str
    environment: str | None
    config: str | None
    """Its name in the file; None where its command reads none, or the option has no place in one."""
    repeated: bool


@dataclass(frozen=True, slots=True)
class Argument:
    """What a command is given by position."""

    name: str
    help: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command with all that its help says."""

    name: str
    about: str
    usage: str
    arguments: tuple[Argument, ...]
    options: tuple[Option, ...]
    examples: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def reads_a_file(self) -> bool:
        """Whether it takes defaults from dynres.toml."""
        return any(each.config for each in self.options)


def commands() -> list[Command]:
    """Every command, in the order of `dynres --help`."""
    group: Any = typer.main.get_command(whole_app())
    return [_command(name, found) for name, found in group.commands.items()]


def _command(name: str, found: Any) -> Command:  # noqa: ANN401 - Typer's own parser has no public types
    arguments = tuple(
        Argument(each.metavar or each.name.upper(), each.help or "")
        for each in found.params
        if each.param_type_name == "argument"
    )
    examples, notes = _epilog(found.epilog or "")
    return Command(
        name=name,
        about=" ".join((found.help or "").split()),
        usage=" ".join(["dynres", name, "[OPTIONS]", *(argument.name for argument in arguments)]),
        arguments=arguments,
        options=_options([each for each in found.params if each.param_type_name == "option"]),
        examples=examples,
        notes=notes,
    )


def _epilog(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The examples of a help's last part, and the paragraphs after them."""
    paragraphs = [part.strip("\n") for part in text.split("\n\n") if part.strip() and part.strip() != "Examples:"]
    examples = tuple(part.strip() for part in paragraphs if part.startswith("  "))
    notes = tuple(" ".join(part.split()) for part in paragraphs if not part.startswith("  "))
    return examples, notes


def _options(found: list[Any]) -> tuple[Option, ...]:
    options = tuple(_option(each) for each in found)
    reads_a_file = any("--config" in each.flags for each in options)
    return options if reads_a_file else tuple(replace(each, config=None) for each in options)


def _option(found: Any) -> Option:  # noqa: ANN401 - Typer's own parser has no public types
    said, told = _bracketed(found.help or "")
    choices = _choices(found.type_descriptor.annotation)
    long = next((flag for flag in found.opts if flag.startswith("--")), None)
    hidden = found.name in ("config", "shard")
    own = found.envvar or f"DYNRES_{found.name.upper()}"
    return Option(
        flags=(*found.opts, *found.secondary_opts),
        value=None if found.is_flag else found.metavar or _kind(choices, found.name),
        choices=choices,
        default=_default(found) if told is None else told,
        help=said,
        environment=own if found.allow_from_autoenv else None,
        config=long.removeprefix("--") if long and not hidden else None,
        repeated=found.multiple,
    )


def _bracketed(text: str) -> tuple[str, str | None]:
    """A help without the default that it names in brackets, and that default."""
    found = re.fullmatch(r"(.*?)\s*\[([^\]]+)\]\.?", text, re.DOTALL)
    if found is None:
        return text, None
    return found[1].rstrip(".") + ".", found[2]


def _default(found: Any) -> str | None:  # noqa: ANN401 - Typer's own parser has no public types
    if found.default is None or found.default in ([], ()):
        return None
    if found.is_flag:
        return "on" if found.default else None
    return f"{found.default:g}" if isinstance(found.default, float) else str(found.default)


def _choices(annotation: object) -> tuple[str, ...]:
    return tuple(str(each) for each in get_args(annotation)) if get_origin(annotation) is Literal else ()


def _kind(choices: tuple[str, ...], name: str) -> str:
    return "|".join(choices) if choices else name.upper()


def spelled(option: Option) -> str:
    """An option as one writes it: its names and what stands for its value."""
    names = ", ".join(option.flags[:2]) if option.flags[0].count("-") == 1 else "/".join(option.flags)
    return f"{names} {option.value}" if option.value else names


def undocumented() -> Iterator[str]:
    """Whatever has no help of its own."""
    for command in commands():
        if not command.about or not command.examples:
            yield command.name
        for argument in command.arguments:
            if not argument.help:
                yield f"{command.name} {argument.name}"
        for option in command.options:
            if not option.help:
                yield f"{command.name} {option.flags[0]}"
