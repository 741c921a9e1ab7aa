"""`dynres strategies` and what the application itself answers."""

from __future__ import annotations

from dynres_cli import __version__
from dynres_cli.presets import PRESETS
from tests.cli.command import dynres


def test_every_preset_is_listed_in_80_columns() -> None:
    """Each with what it makes of one common picture."""
    text = dynres("strategies").out
    assert max(map(len, text.splitlines())) <= 80
    listed = {line.split()[0] for line in text.splitlines() if line.startswith("  ") and "tokens" in line}
    assert listed == set(PRESETS)


def test_the_json_holds_parameters_and_ranges() -> None:
    """One object a preset."""
    said = {each["preset"]: each for each in dynres("strategies", "--json").json}
    assert set(said) == set(PRESETS)
    max_num = next(each for each in said["internvl2"]["parameters"] if each["name"] == "max_num")
    assert max_num == {"name": "max_num", "value": 12, "default": 12, "allowed": "1 to 1000"}
    assert (said["internvl2"]["total"], said["internvl2"]["tokens"]) == (9, 2304)


def test_one_preset_in_full_and_a_strategy_by_its_presets() -> None:
    """A name that does not exist gets the nearest one that does."""
    assert "max_num = 12    (1 to 1000; default 12)" in dynres("strategies", "internvl2").out
    assert "pinpoint_order = height_width" in dynres("strategies", "llava_next").out
    unknown = dynres("strategies", "internvl22")
    assert unknown.status == 2
    assert "internvl2" in unknown.err


def test_the_version() -> None:
    """`dynres --version`."""
    assert dynres("--version").out == f"dynres {__version__}\n"
