"""A manifest that was edited: every command that reads it refuses it, and shows or writes nothing from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dynres_cli.errors import RunError
from dynres_cli.manifest import TiledRecord
from dynres_cli.operations.cards import Place, drawn
from dynres_cli.operations.differing import differences
from dynres_cli.operations.joining import JoinOptions, check_joinable
from dynres_cli.operations.mapping import Mapper
from dynres_cli.operations.opened import open_run
from dynres_cli.operations.reading import Output, open_output
from dynres_cli.operations.statistics import statistics_of
from tests.cli.command import dynres
from tests.operations.outputs import SMALL, copy, edit, tiled

KEY = "z.bmp"

READERS: dict[str, Callable[[Output], object]] = {
    "map": lambda output: Mapper(output, "original", "canvas").check([(KEY, "")]),
    "join": lambda output: check_joinable(output, JoinOptions()),
    "stats": lambda output: statistics_of(output.records()),
    "diff": lambda output: list(differences(output, output)),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"grid": {"cols": 3, "rows": 2}', '"grid": {"cols": 2, "rows": 3}', id="another grid"),
        pytest.param('"canvas": {"width": 84', '"canvas": {"width": 83', id="another canvas"),
        pytest.param('"tokens": 7, "flags"', '"tokens": 8, "flags"', id="other tokens"),
        pytest.param('"box": [0, 0, 28, 28]', '"box": [0, 0, 27, 28]', id="another box"),
    ],
)
def test_what_the_rules_would_not_make_is_refused(out: Path, reader: str, old: str, new: str) -> None:
    """The grid, the canvas and the boxes follow from the size and the parameters, the sums stand in the head."""
    edit(out, old, new)
    with open_output(str(out)) as output, pytest.raises(RunError, match=r"manifest\.json.*edited"):
        READERS[reader](output)


@pytest.mark.parametrize("reader", ["map", "join"])
def test_a_line_that_differs_from_the_pictures_own_record_is_refused(out: Path, reader: str) -> None:
    """33 pixels made 34: the same grid comes of it, but grid.json says otherwise."""
    edit(out, '"width": 33', '"width": 34')
    with open_output(str(out)) as output, pytest.raises(RunError, match=r"z\.bmp is not what z\.bmp/grid\.json says"):
        READERS[reader](output)


@pytest.mark.parametrize("again", [pytest.param(3, id="twice in a row"), pytest.param(1, id="out of order")])
def test_a_record_that_is_there_twice_reaches_nobody(out: Path, again: int) -> None:
    """Whoever keeps records by their keys meets each once, long before the counts can be compared at the end."""
    lines = (out / "manifest.json").read_text("utf-8").split("\n")
    lines.insert(4, lines[again])
    (out / "manifest.json").write_text("\n".join(lines), "utf-8")
    with open_output(str(out)) as output:
        records = output.records()
        assert [next(records).key for _ in range(3)] == ["a/square.jpg", "a/wide.png", "bad.jpg"]
        with pytest.raises(RunError, match=r"manifest\.json.*edited"):
            next(records)
    ran = dynres("report", out, "-j", "4")
    assert (ran.status, ran.err.count("\n"), "edited" in ran.err) == (1, 1, True)


@pytest.mark.parametrize(
    ("old", "command", "status"),
    [
        pytest.param('"image_size": 28', "verify", 3, id="parameter"),
        pytest.param('"image_size": 28', "diff", 1, id="parameter to be shown"),
        pytest.param('"algorithm": 1', "verify", 3, id="unknown field"),
        pytest.param('"mean": [0.485', "verify", 3, id="mean"),
        pytest.param('"mean": [0.485', "diff", 1, id="mean of another"),
    ],
)
def test_a_number_without_end_is_told_in_a_sentence(
    out: Path, finished: Path, old: str, command: str, status: int
) -> None:
    """1e400 is JSON, is read as infinity, and cannot be written again."""
    edit(out, old, f'{old}, "more": 1e400' if old == '"algorithm": 1' else re.sub(r"[\d.]+$", "1e400", old))
    ran = dynres(command, out, *[finished][: command == "diff"])
    assert (ran.status, "Traceback" in ran.err) == (status, False), ran.err


@pytest.mark.parametrize("command", ["verify", "report"])
def test_half_a_character_in_a_key_is_told_in_a_sentence(out: Path, command: str) -> None:
    """No file is called by half of a surrogate pair, which JSON can spell all the same."""
    edit(out, '"key": "z.bmp"', '"key": "\\ud800z.bmp"')
    ran = dynres(command, out)
    assert (ran.status, "Traceback" in ran.err) == (3 if command == "verify" else 1, False)


def test_a_report_of_an_edited_manifest_is_not_written(out: Path) -> None:
    """Exit 1 with the manifest's name, and no page."""
    edit(out, '"width": 33', '"width": 34')
    ran = dynres("report", out, "-j", "1")
    assert (ran.status, "manifest.json: z.bmp" in ran.err) == (1, True)
    assert not (out / "report.html").exists()


def test_a_manifest_without_its_tree_still_maps_boxes(finished: Path, tmp_path: Path) -> None:
    """The line is believed where the picture has no record of its own beside it."""
    (tmp_path / "manifest.json").write_bytes((finished / "manifest.json").read_bytes())
    with open_output(str(tmp_path)) as output:
        assert Mapper(output, "original", "canvas").picture(KEY).record.key == KEY


def test_a_tile_with_other_pixels_is_not_shown(finished: Path, tmp_path: Path) -> None:
    """Another tile's file in its place has the right size and the wrong picture."""
    out = copy(finished, tmp_path / "out")
    (out / KEY / "tile_r0_c0.png").write_bytes((out / KEY / "tile_r0_c1.png").read_bytes())
    with open_run(out) as run, open_output(str(out)) as output:
        record = run[KEY].record
        assert isinstance(record, TiledRecord)
        card = drawn(record, Place(str(out), tuple(output.path(record, each) for each in record.files)), lambda _: None)
    assert (card.missing, card.views[0].picture) == (1, None)
    assert card.views[1].picture is not None


def test_a_line_that_differs_from_a_shards_index_is_refused(source: Path, tmp_path: Path) -> None:
    """In shards the records were committed to indexes."""
    out = tiled(source, tmp_path / "out", *SMALL, "--layout", "webdataset")
    edit(out, '"width": 33', '"width": 34')
    with open_output(str(out)) as output, pytest.raises(RunError, match=r"z\.bmp is not what shard-00000\.index\.json"):
        READERS["map"](output)
