"""`dynres strategies` and what the application itself answers."""

from __future__ import annotations

import re

import pytest

from dynres_cli import __version__
from dynres_cli.presets import PRESETS
from dynres_cli.recipe import resolve
from tests.cli.command import dynres


@pytest.mark.parametrize("columns", [80, 120])
def test_the_table_holds_what_one_chooses_by(columns: int) -> None:
    """Every preset with its models, its reference, its proof and what it makes of one common picture."""
    text = dynres("strategies", COLUMNS=str(columns)).out
    assert max(map(len, text.splitlines())) <= columns
    rows = {line.split()[0]: line for line in text.splitlines() if re.search(r"\d×\d +\d+ +[\d,]+  ", line)}
    assert set(rows) == set(PRESETS)
    assert re.fullmatch(r"  internvl2 +4×2 +9 +2,304  bit-exact +InternVL2", rows["internvl2"])
    assert re.fullmatch(r"  lfm2-vl +2×1 +3 +769  within 0.016 +LFM2-VL", rows["lfm2-vl"])
    words = " ".join(text.split())
    assert "the grid nearest to the picture's aspect ratio, stretched over it; overview last, above one tile" in words
    for each in dynres("strategies", "--json").json:
        assert f"after {each['reference']}" in words
        assert ("?" in rows[each["preset"]]) is not each["confirmed"]


def test_a_preset_names_its_own_reference_and_what_is_odd_about_it() -> None:
    """What transformers runs is not what the original runs, and a note reaches whoever asks."""
    assert "reference   haotian-liu/LLaVA llava/mm_utils.py" in dynres("strategies", "llava-v1.6").out
    assert "reference   transformers models/llava_next (Pillow" in dynres("strategies", "llava-v1.6-hf").out
    assert "note        transformers 4.57 cuts a landscape" in dynres("strategies", "command-a-vision").out


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_in_full_fits_its_columns(preset: str, columns: int) -> None:
    """What does not fit goes on below the words it belongs to."""
    lines = dynres("strategies", preset, COLUMNS=str(columns)).out.splitlines()
    assert max(map(len, lines)) <= columns
    assert all(line.startswith((preset, "  ")) for line in lines)


@pytest.mark.parametrize("preset", ["llava-v1.6", "llava-onevision", "granite-vision", "aria", "deepseek-vl2"])
def test_a_value_can_be_given_again_as_it_stands(preset: str) -> None:
    """A long list goes on in other lines, with no blank where there is no need; in quotes `--set` takes it so."""
    text = dynres("strategies", preset, COLUMNS="80").out
    names = {"aria": "split_resolutions", "deepseek-vl2": "candidate_resolutions"}
    name = names.get(preset, "grid_pinpoints")
    (value,) = re.findall(rf"^    {name} = *\s+(.+?)\s+\(", text, re.MULTILINE | re.DOTALL)
    own = resolve(preset).params_json
    assert resolve(preset, overrides={name: value}).params_json == own
    assert "".join(value.split()) == ",".join(f"{width}x{height}" for width, height in own[name])


def test_an_unknown_name_is_answered_with_each_known_one_once() -> None:
    """Some strategies are called as their preset is."""
    known = dynres("strategies", "xyz").err.split("known are ")[1].split()
    assert sorted(set(known)) == known


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


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("ti", ["tile"], id="a command"),
        pytest.param("tile --pres", ["--preset"], id="an option"),
        pytest.param("tile --kernel n", ["numba"], id="a word of a list"),
        pytest.param("inspect --preset internvl2", ["internvl2", "internvl2.5"], id="a preset"),
        pytest.param("strategies minicpmv", ["minicpmv", "minicpmv4_6"], id="a strategy"),
    ],
)
def test_a_shell_completes(words: str, expected: list[str]) -> None:
    """What bash asks for with the tabulator key."""
    place = str(len(words.split()))
    ran = dynres(_DYNRES_COMPLETE="complete_bash", COMP_WORDS=f"dynres {words}", COMP_CWORD=place)
    assert (ran.status, ran.out.split()) == (0, expected)


def test_the_version() -> None:
    """`dynres --version`."""
    assert dynres("--version").out == f"dynres {__version__}\n"
