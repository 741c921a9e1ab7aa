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
    """Values, refusals and their words are the same, save pydantic's own words of a check and of a range."""
    status, words = outcome(TyperCommand, arguments)
    quick_status, quick_words = outcome(QuickCommand, arguments)
    assert quick_status == status
    if "Input should be greater" in words or "Input should be less" in words:
        assert quick_words.endswith("is out of range; allowed are 1 to 9\n")
    else:
        assert quick_words == words.replace("Value error, ", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--max-tiles", "0"), "'--max-tiles': 0 is out of range; allowed are 1 and above\n"),
        (("-j", "-3"), "'-j' / '--jobs': -3 is out of range; allowed are 0 and above\n"),
        (("--max-frames", "200000"), "'--max-frames': 200000 is out of range; allowed are 1 to 100,000\n"),
        (("--timeout", "inf"), "'--timeout': inf is out of range; allowed are 0.001 to 1,000,000\n"),
        (("--max-memory", "120%"), "--max-memory 120%: write bytes as 4G or 500M, or a share up to 100%\n"),
    ],
)
def test_what_is_out_of_range_is_told_with_the_range(words: tuple[str, str], said: str) -> None:
    """As of the parameters of a family."""
    ran = dynres("tile", "in", "out", *words)
    assert (ran.status, ran.err.endswith(said)) == (2, True), ran.err


ENDLESS = "9" * 5000


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "in", "--max-memory", ENDLESS),
        ("plan", "in", "--max-memory", f"{ENDLESS}%"),
        ("plan", "in", "--budget-tokens", f"{ENDLESS}B"),
        ("plan", "in", "--sweep", f"1..{ENDLESS}"),
        ("plan", "in", "--max-pixels", ENDLESS),
        ("tile", "in", "out", "--layout", "packed", "--shard-size", f"{ENDLESS}G"),
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_a_number_that_no_machine_holds_is_a_usage_error(words: tuple[str, ...]) -> None:
    """A slip of the keyboard ends in a sentence, not in a traceback."""
    ran = dynres(*words)
    assert (ran.status, words[-2] in ran.err) == (2, True), ran.err[-300:]


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
