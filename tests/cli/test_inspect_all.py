"""`dynres inspect --all`: one picture under every preset."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from dynres_cli.presets import PRESETS
from tests.cli.command import SAMPLES, dynres
from tests.cli.test_inspect import sized


def test_every_preset_has_its_line_of_json_in_the_registrys_order() -> None:
    """46 lines, each what `inspect --preset NAME --json` prints."""
    ran = dynres("inspect", SAMPLES / "coffee.jpg", "--all", "--json")
    alone = dynres("inspect", SAMPLES / "coffee.jpg", "--preset", "molmo", "--json")
    assert ran.status == 0
    assert [line["preset"] for line in ran.lines] == list(PRESETS)
    assert [line for line in ran.lines if line["preset"] == "molmo"] == [alone.json]


def test_the_table_fits_80_columns_and_costs_are_seen_as_bars() -> None:
    """A line a preset with grid, views, canvas and tokens; the dearest has the longest bar."""
    text = dynres("inspect", SAMPLES / "coffee.jpg", "--all").out
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.split()[:1]}
    assert max(map(len, text.splitlines())) <= 80
    assert lines["internvl2"][1:5] == ["3×2", "6+1", "1344×896", "1,792"]
    assert lines["perception-lm"][-1] == "█" * 22
    assert set(PRESETS) <= set(lines)


def test_a_preset_that_refuses_the_picture_says_why_and_the_others_go_on(tmp_path: Path) -> None:
    """A strip of 2010×10 is above the ratio of 200 that Qwen2-VL takes."""
    sized(tmp_path / "strip.png", 2010, 10)
    ran = dynres("inspect", "strip.png", "--all", cwd=tmp_path)
    (row,) = [line for line in ran.out.splitlines() if line.startswith("qwen2-vl ")]
    assert (ran.status, "no plan:" in row) == (0, True)
    said = {line["preset"]: line for line in dynres("inspect", "strip.png", "--all", "--json", cwd=tmp_path).lines}
    assert (said["qwen2-vl"]["status"], said["qwen2-vl"]["code"]) == ("failed", "not_tileable")
    assert said["internvl2"]["status"] == "ok"


def test_each_preset_reads_the_picture_its_own_way() -> None:
    """DeepSeek-OCR turns the sample that lies on its side; InternVL2 does not."""
    lines = dynres("inspect", SAMPLES / "portrait-exif.jpg", "--all", "--json").lines
    sizes = {line["preset"]: (line["width"], line["height"]) for line in lines}
    assert (sizes["internvl2"], sizes["deepseek-ocr"]) == ((448, 320), (320, 448))


def test_the_contact_sheet_has_a_panel_for_every_way_to_cut(tmp_path: Path) -> None:
    """Four panels a row under the heading; a bad file makes none and is exit 3."""
    assert dynres("inspect", SAMPLES / "astronaut.jpg", "--all", "--out", tmp_path / "sheet.png").status == 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 1992
        assert sheet.height > 1000
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    assert dynres("inspect", tmp_path / "bad.jpg", "--all", "--out", tmp_path / "none.png").status == 3
    assert not (tmp_path / "none.png").exists()


@pytest.mark.parametrize("beside", [("--preset", "molmo"), ("--max-num", "6"), ("--set", "max_num=6")])
def test_a_choice_beside_all_is_a_usage_error(beside: tuple[str, str]) -> None:
    """--all compares presets as they are."""
    assert dynres("inspect", SAMPLES / "coffee.jpg", "--all", *beside).status == 2
