"""Values that are taken at a look are those that Typer would have made of them."""

from __future__ import annotations

from typing import Literal

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.core import TyperCommand
from typer.testing import CliRunner

from dynres_cli.cli.app import COMMANDS, app_for, whole_app
from dynres_cli.cli.values import IN_DOUBT, QuickCommand, plain_value
from tests.cli.command import dynres

WORDS = st.sampled_from(["6", "06", "16", "-6", "six", "", "1.5", "²", "٣", "on", "off", "red", "blue", "a b", "é"])
ARGUMENTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["--number", "--ranged", "--size", "--colour", "--name", "--each"]), WORDS).map(
            "=".join
        ),
        st.sampled_from(["--flag", "--no-flag"]),
        WORDS,
    ),
    max_size=6,
)


def outcome(kind: type[TyperCommand], arguments: list[str]) -> tuple[int, str]:
    """The exit status and all output of a command with options of every type that ours have."""
    app = typer.Typer(rich_markup_mode=None)

    @app.command(cls=kind)
    def show(
        words: list[str] | None = None,
        *,
        number: int = 3,
        ranged: int = typer.Option(2, min=1, max=9),
        size: float | None = None,
        colour: Literal["red", "blue"] = "red",
        name: str | None = None,
        each: list[str] | None = typer.Option(None),  # noqa: B008 - Typer's own way
        flag: bool = False,
    ) -> None:
        typer.echo(repr((words, number, ranged, size, colour, name, each, flag)))

    done = CliRunner().invoke(app, arguments)
    return done.exit_code, done.output


@settings(deadline=None, max_examples=60)
@given(ARGUMENTS)
def test_a_quick_command_does_what_typer_does(arguments: list[str]) -> None:
    """Values, refusals and their words are the same, save pydantic's mark of a check that is not its own."""
    status, words = outcome(TyperCommand, arguments)
    assert outcome(QuickCommand, arguments) == (status, words.replace("Value error, ", ""))


@pytest.mark.parametrize(
    ("variable", "value"), [("DYNRES_MAX_NUM", "many"), ("DYNRES_KERNEL", "fast"), ("DYNRES_FSYNC", "maybe")]
)
def test_a_wrong_value_of_the_environment_is_told_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """Nothing in the command line shows where it comes from."""
    monkeypatch.setenv(variable, value)
    ran = dynres("tile", "in", "out")
    assert ran.status == 2
    assert ran.err.endswith(f" (from {variable})\n")


def test_whatever_is_in_doubt_is_left_to_typer() -> None:
    """A number that is none, a word that is no choice, a text where several are wanted."""
    assert plain_value("6", int, many=False) == 6
    assert plain_value("six", int, many=False) is IN_DOUBT
    assert plain_value("½", int, many=False) is IN_DOUBT
    assert plain_value("red", list[str], many=True) is IN_DOUBT


def test_the_overview_lists_what_the_application_has() -> None:
    """The quick overview and the whole application name the same commands, each line whole within 80 columns."""
    quick = CliRunner().invoke(app_for(["--help"]), ["--help"]).output
    assert quick == CliRunner().invoke(whole_app(), ["--help"]).output
    for name, command in COMMANDS.items():
        assert f"  {name:<12}{command.summary}\n" in quick


def test_an_unknown_command_is_a_usage_error_that_names_it() -> None:
    """What follows an unknown word is nobody's business."""
    done = CliRunner().invoke(app_for(["tiles", "--help"]), ["tiles", "--help"])
    assert done.exit_code == 2
    assert "No such command 'tiles'" in done.output
