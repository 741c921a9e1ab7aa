"""`dynres plan`: what a run will make, told before it is made."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dynres_cli.presets import PRESETS
from tests.cli.command import SAMPLES, Ran, dynres, manifest
from tests.cli.test_inspect import sized
from tests.files import every_file

CONTRACT = ["images", "tiles", "total", "tokens", "bytes", "grids", "flags", "failed", "seconds_estimate"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every format and mode, pictures on their side, odd sizes, and files that are no pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, data in every_file().items():
        (folder / name).write_bytes(data)
    for orientation in range(1, 9):
        metadata = Image.Exif()
        metadata[0x0112] = orientation
        Image.new("RGB", (300, 100 + orientation)).save(folder / f"side{orientation}.jpg", exif=metadata)
    for width, height in ((1, 1), (2010, 10), (900, 899), (1300, 410)):
        sized(folder / f"{width}x{height}.webp", width, height)
    (folder / "empty.png").write_bytes(b"")
    (folder / "words.jpg").write_bytes(b"these are words")
    return folder


def told_by(images: list[dict[str, Any]]) -> dict[str, Any]:
    """What the records of a run come to, in the words of the plan."""
    tiled = [image for image in images if image["status"] == "tiled"]
    grids = Counter(f"{image['grid']['cols']}x{image['grid']['rows']}" for image in tiled)
    tensors = [file["bytes"] for image in tiled for file in image["files"] if file["kind"] == "tensor"]
    flags = Counter(flag.partition(":")[0] for image in tiled for flag in image["flags"])
    return {
        "images": len(images),
        **{name: sum(image[name] for image in tiled) for name in ("tiles", "total", "tokens")},
        "npy": sum(tensors),
        "grids": dict(grids),
        "flags": dict(flags),
        "failed": len(images) - len(tiled),
        "tokens_max": max(image["tokens"] for image in tiled),
    }


@pytest.mark.parametrize("options", [(), ("--preset", "qwen2-vl"), ("--preset", "deepseek-ocr", "--dtype", "float16")])
def test_counts_equal_the_runs(pictures: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    """Every number that a header decides is the run's: views, tokens, grids, flags, failures, and tensor bytes."""
    planned = dynres("plan", pictures, "--json", *options)
    made = dynres("tile", pictures, tmp_path / "out", "--tiles", "none", *options)
    run = told_by(manifest(tmp_path / "out")["images"])
    said = {**planned.json, "npy": planned.json["bytes"]["npy"]}
    assert (planned.status, made.status) == (3, 3)
    assert {name: said[name] for name in run} == run


def test_the_json_to_the_letter() -> None:
    """The contract's fields come first and in its order; what is more stands behind them."""
    ran = dynres("plan", SAMPLES, "--json")
    assert ran.status == 0
    assert list(ran.json)[: len(CONTRACT)] == CONTRACT
    assert list(ran.json["bytes"]) == ["npy", "png", "png_low", "png_high"]
    assert ran.json["bytes"]["png_low"] < ran.json["bytes"]["png"] < ran.json["bytes"]["png_high"]
    assert ran.json["tokens_p50"] <= ran.json["tokens_p95"] <= ran.json["tokens_max"] == 3328


def test_png_bytes_of_the_samples_are_within_a_quarter(tmp_path: Path) -> None:
    """Photographs, a page and a screenshot; a sample of all of them leaves nothing to guess."""
    said = dynres("plan", SAMPLES, "--json").json["bytes"]
    measured = dynres("plan", SAMPLES, "--json", "--sample", "100").json["bytes"]
    dynres("tile", SAMPLES, tmp_path / "out", "--tensor", "none")
    files = [file for image in manifest(tmp_path / "out")["images"] for file in image["files"]]
    true = sum(file["bytes"] for file in files)
    assert 0.75 * true < said["png"] < 1.25 * true
    assert measured["png_low"] == measured["png"] == measured["png_high"] == true


def test_a_sweep_has_one_row_a_limit(tmp_path: Path) -> None:
    """Each row is what a plan with that --max-num says; the drawing is a PNG."""
    rows = dynres("plan", SAMPLES, "--sweep", "1..13", "--json", "--out", tmp_path / "sweep.png").lines
    six = dynres("plan", SAMPLES, "--max-num", "6", "--json").json
    assert [row["max_num"] for row in rows] == list(range(1, 14))
    assert rows[5] == {"max_num": 6, **six}
    with Image.open(tmp_path / "sweep.png") as picture:
        assert picture.size == (1200, 760)
    text = dynres("plan", SAMPLES, "--sweep", "1..13").out.splitlines()
    assert len(text) == 14
    assert max(map(len, text)) <= 80


def test_the_largest_limit_for_a_budget_is_found() -> None:
    """15,000 tokens in all allow max_num 8 over the samples; a context of 1,600 for each allows 5."""
    budget = dynres("plan", SAMPLES, "--budget-tokens", "15k", "--json")
    context = dynres("plan", SAMPLES, "--context", "1600", "--json")
    assert (budget.json["max_num"], budget.json["tokens"]) == (8, 14848)
    assert (context.json["max_num"], context.json["tokens_max"]) == (5, 1536)
    assert "the largest max_num that fits is 8" in budget.err
    nothing = dynres("plan", SAMPLES, "--context", "10")
    assert (nothing.status, "no limit fits" in nothing.err) == (1, True)


def test_all_presets_side_by_side() -> None:
    """A row a preset in the registry's order, in 80 columns."""
    rows = dynres("plan", SAMPLES, "--all", "--json").lines
    assert [row["preset"] for row in rows] == list(PRESETS)
    assert {row["images"] for row in rows} == {11}
    assert max(map(len, dynres("plan", SAMPLES, "--all").out.splitlines())) <= 80


def test_a_person_reads_a_summary(pictures: Path) -> None:
    """Tokens with their spread, bytes by kind, the grids as bars, failures by code."""
    text = dynres("plan", pictures).out
    assert "p50 " in text
    assert "of tensors, about " in text
    assert "empty 1" in text
    assert "█" in text
    assert max(map(len, text.splitlines())) <= 80


def test_what_is_passed_over_is_told(tmp_path: Path) -> None:
    """A folder of links to pictures would seem to hold one, and the budget would be sought for that one."""
    sized(tmp_path / "a.png", 40, 30)
    for number in range(3):
        (tmp_path / f"link{number}.png").symlink_to(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("no picture")
    assert dynres("plan", tmp_path, "--json").json["skipped"] == {"link": 3, "not_an_image_name": 1}
    assert dynres("plan", tmp_path, "--json", "-L").json["skipped"] == {"not_an_image_name": 1}
    text = dynres("plan", tmp_path).out
    assert "skipped    link 3, not_an_image_name 1" in text
    assert "-L follows them" in text
    budget = dynres("plan", tmp_path, "--budget-tokens", "1k")
    assert "passed over 3 links below the inputs; -L follows them" in budget.err
    assert "links" not in dynres("plan", tmp_path, "--budget-tokens", "1k", "-L").err


@pytest.mark.parametrize("more", [(), ("--json", "-q"), ("--sweep", "1..3")])
def test_what_will_fail_is_named(tmp_path: Path, more: tuple[str, ...]) -> None:
    """As by `tile`: the first ten in the order of keys, and how many more there are; quiet or not."""
    sized(tmp_path / "good.png", 40, 30)
    for number in range(12):
        (tmp_path / f"bad{number:02}.png").write_bytes(b"")
    ran = dynres("plan", tmp_path, *more)
    lines = ran.err.splitlines()
    assert ran.status == 3
    assert [line.split(": ")[:2] for line in lines[:10]] == [[f"failed  bad{n:02}.png", "empty"] for n in range(10)]
    assert lines[10:] == ["... and 2 more failures"]


def test_what_only_some_presets_refuse_is_told_with_their_names(tmp_path: Path) -> None:
    """The exit status says that something will fail; the line says what, why, and under which presets."""
    sized(tmp_path / "thin.png", 9000, 30)
    ran = dynres("plan", tmp_path, "--all")
    (line,) = ran.err.splitlines()
    assert ran.status == 3
    assert line.startswith("failed  thin.png: not_tileable: ")
    assert line.endswith("(with qwen2-vl and 2 others)")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        pytest.param((), 2, id="no input"),
        pytest.param(("missing",), 2, id="an input that does not exist"),
        pytest.param(("samples", "--sweep", "9..3"), 2, id="a sweep that ends before it begins"),
        pytest.param(("samples", "--budget-tokens", "many"), 2, id="a budget in words"),
        pytest.param(("samples", "--preset", "qwen2-vl", "--sweep", "1..4"), 2, id="no limit of tiles to sweep"),
        pytest.param(("samples", "--max-num", "3", "--sweep", "1..4"), 2, id="a limit that is swept"),
        pytest.param(("samples", "--set", "max_num=3", "--context", "8k"), 2, id="a limit that is sought"),
        pytest.param(("samples", "--preset", "gemma3", "--context", "1k"), 2, id="a limit that says nothing"),
        pytest.param(("samples", "--all", "--sweep", "1..4"), 2, id="presets and limits at once"),
        pytest.param(("samples", "--out", "x.png"), 2, id="a drawing of no sweep"),
        pytest.param(("samples", "--sweep", "1..4", "--sample", "3"), 2, id="a sample beside a sweep"),
        pytest.param(("dynres_cli",), 4, id="no image"),
    ],
)
def test_what_cannot_be_planned(arguments: tuple[str, ...], status: int) -> None:
    """The exit statuses of tile."""
    ran: Ran = dynres("plan", *arguments)
    assert (ran.status, ran.out) == (status, "")


@pytest.mark.parametrize("preset", ["llava-v1.6", "idefics3-8b"])
def test_a_grid_without_a_limit_is_not_called_no_grid(preset: str) -> None:
    """These families cut by a grid, but over a list of canvases or up to a side; `strategies` lists what they have."""
    ran = dynres("plan", SAMPLES, "--preset", preset, "--context", "8k")
    assert ran.status == 2
    assert f"no limit of tiles to sweep; `dynres strategies {preset}` lists its parameters" in ran.err


def test_quiet_leaves_the_answer_alone() -> None:
    """The limit stands on stdout; the sentence about it is for people."""
    told, quiet = (dynres("plan", SAMPLES / "coffee.jpg", "--context", "1k", "--json", *more) for more in ((), ("-q",)))
    assert told.out == quiet.out
    assert "the largest max_num that fits" in told.err
    assert quiet.err == ""


@pytest.mark.parametrize(
    "options",
    [("--preset", "deepseek-ocr"), ("--preset", "lfm2-vl"), ("--preset", "nvila-s2"), ("--min-num", "3")],
)
def test_only_limits_that_are_allowed_are_tried(options: tuple[str, ...]) -> None:
    """Where the least number of tiles is above 1, the largest limit is sought from there on."""
    row = dynres("plan", SAMPLES, "--context", "8192", "--json", *options).json
    assert row["tokens_max"] <= 8192
    assert {"max_num", "max_tiles", "max_crops"} & row.keys()
