"""Takes values that are plainly of their option's type as they are, without loading what checks the others.

Typer hands every value to pydantic, also those that were not given, and importing pydantic takes longer than all that
`dynres inspect` has to do. Whatever is in any doubt still goes Typer's own way, and is refused in
Typer's own words, with the variable that it comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption

IN_DOUBT = object()
MOST_DIGITS = 18
"""Of a number that is plain: Python refuses to read some thousands."""
_CHECKERS_PREFIX = "Value error, "
"""How pydantic begins what a check of our own has to say."""
_OUT_OF_RANGE = ("Input should be greater than", "Input should be less than")
"""How it begins what it has to say of a number beside its range."""


class QuickCommand(TyperCommand):
    """A command whose parameters know a good value when they see one."""

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 - handed on as they come
        super().__init__(*args, **settings)
        for parameter in self.params:
            _quicken(parameter)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's own signature
        """Typer's own, once what was given is in order."""
        from dynres_cli.cli.precedence import give_way

        give_way(ctx)
        return super().invoke(ctx)

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's own signature
        """Typer's own, which is asked for its value in every run."""
        option = super().get_help_option(ctx)
        _quicken(option)
        return option


def _quicken(parameter: object) -> None:
    """Give a parameter our class in place of Typer's, who chooses it: it adds one method and no state."""
    if type(parameter) is TyperOption:
        parameter.__class__ = _QuickOption
    elif type(parameter) is TyperArgument:
        parameter.__class__ = _QuickArgument


class _QuickOption(TyperOption):
    def split_envvar_value(self, value: str) -> list[str]:
        """What a variable holds for an option that may be repeated: one value on each line, for names hold blanks."""
        return [line for line in value.splitlines() if line]

    def get_runtime_param(self) -> Any:  # noqa: ANN401 - Typer's own type is not public
        return _Quick(super().get_runtime_param)


class _QuickArgument(TyperArgument):
    """An argument, which a help calls what we call it: Typer puts brackets, dots and its type around that."""

    def get_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - Typer's own signature
        return [str(self.metavar)]

    def get_help_record(self, ctx: Any) -> tuple[str, str] | None:  # noqa: ANN401 - Typer's own signature
        record = super().get_help_record(ctx)
        return record and (str(self.metavar), record[1])

    def get_runtime_param(self) -> Any:  # noqa: ANN401 - Typer's own type is not public
        return _Quick(super().get_runtime_param)


class _Quick:
    """Turns what was given into a value: at once where that is plain, by what Typer would use where it is not."""

    def __init__(self, typers_own: Callable[[], Any]) -> None:
        self.typers_own = typers_own

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: ANN401 - Typer's own signature
        kind = param.type_descriptor
        plain = plain_value(value, kind.annotation, many=param.multiple or param.nargs == -1)
        if plain is IN_DOUBT or not _within(plain, kind.parameter_info.min, kind.parameter_info.max):
            try:
                return self.typers_own().coerce(value, param=param, ctx=ctx)
            except typer.BadParameter as error:
                error.message = _in_our_words(error.message, value, kind.parameter_info)
                source = ctx.get_parameter_source(param.name)
                if source is not None and source.name == "ENVIRONMENT":
                    error.message = f"{error.message.rstrip('.')} (from {_variable(param, ctx)})"
                raise
        return plain


def _in_our_words(message: str, value: object, info: Any) -> str:  # noqa: ANN401 - Typer's own type is not public
    """What pydantic says of a value; that one is out of its range is said as of a family's parameters."""
    if not message.startswith(_OUT_OF_RANGE):
        return message.removeprefix(_CHECKERS_PREFIX)
    allowed = f"{info.min:,} and above" if info.max is None else f"{info.min:,} to {info.max:,}"
    return f"{value} is out of range; allowed are {allowed}"


def _variable(param: Any, ctx: Any) -> str:  # noqa: ANN401 - Typer's own types are not public
    """The environment's name for an option."""
    return str(param.envvar or f"{ctx.auto_envvar_prefix}_{param.name}".upper())


def _within(value: Any, least: float | None, most: float | None) -> bool:  # noqa: ANN401 - of whatever type it is
    """Whether a value is in its option's range, if there is one."""
    return value is None or ((least is None or value >= least) and (most is None or value <= most))


def plain_value(value: object, kind: object, *, many: bool) -> object:
    """The value, if it needs no more than a look to know that it is of this kind; IN_DOUBT otherwise."""
    if value is None:
        return () if many else None
    if many:
        if kind == list[str] and isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
            return list(value)
        return IN_DOUBT
    if get_origin(kind) is Literal:
        return value if value in get_args(kind) else IN_DOUBT
    if kind is int and isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS else IN_DOUBT
    return value if kind in (str, int, float) and type(value) is kind else IN_DOUBT
