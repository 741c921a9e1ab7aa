"""The canvas from its tiles: every level as plain Pillow makes it, or a sentence why not."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dynres_cli.errors import RunError, UsageError
from dynres_cli.geometry import Size
from dynres_cli.manifest import TiledRecord
from dynres_cli.operations.joining import JoinOptions, NotJoined, check_joinable, join_one, obstacle, refuse_dest
from dynres_cli.operations.reading import open_output
from dynres_cli.operations.replanning import replanned
from dynres_cli.presets import PRESETS
from dynres_cli.storage import Writer
from tests.cli.command import tree
from tests.operations.outputs import SMALL, edit, pictures, record, tiled
from tests.operations.records import planned_record
from tests.pictures import columns_first


def join(out: Path, dest: Path, wanted: JoinOptions | None = None) -> dict[str, str]:
    """Join everything; the reasons of those that could not be, by key."""
    failed = {}
    dest.mkdir(exist_ok=True)
    with open_output(str(out)) as output:
        check_joinable(output, wanted or JoinOptions())
        for each in output.records():
            if isinstance(each, TiledRecord):
                try:
                    join_one(output, each, Writer(str(dest)), wanted or JoinOptions())
                except NotJoined as reason:
                    failed[each.key] = str(reason)
    return failed


def levels(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A picture's RGB levels."""
    return np.asarray(Image.open(path).convert("RGB"))


def test_the_canvas_is_pillows_resize_bit_for_bit(finished: Path, source: Path, tmp_path: Path) -> None:
    """DEST/KEY.png for each of the 4 pictures that were tiled; the fifth was none."""
    assert join(finished, tmp_path / "dest") == {}
    names = {"a/square.jpg.png", "a/wide.png.png", "tall.jpg.png", "z.bmp.png"}
    assert set(tree(tmp_path / "dest")) == names
    for name in names:
        key = name.removesuffix(".png")
        canvas = record(finished, key)["canvas"]
        expected = columns_first(levels(source / key), canvas["width"], canvas["height"])
        assert np.array_equal(levels(tmp_path / "dest" / name), expected)


def test_crop_leaves_the_padding_out(source: Path, tmp_path: Path) -> None:
    """LLaVA-NeXT centres 90×60 as 336×224 on its canvas of 336×672; the picture alone is what is kept."""
    out = tiled(
        source, tmp_path / "out", "--preset", "llava-v1.6", "-j", "1", "--engine", "serial", "-q", "--tensor", "none"
    )
    assert join(out, tmp_path / "dest", JoinOptions(crop=True)) == {}
    whole = record(out, "a/wide.png")["canvas"]
    cropped = levels(tmp_path / "dest" / "a" / "wide.png.png")
    assert (whole["width"], whole["height"]) == (336, 672)
    assert np.array_equal(cropped, columns_first(levels(source / "a" / "wide.png"), 336, 224))


def test_the_originals_size_is_lossy_and_says_so(finished: Path, tmp_path: Path) -> None:
    """90×60 again, with a comment in the file."""
    assert join(finished, tmp_path / "dest", JoinOptions(size="original")) == {}
    with Image.open(tmp_path / "dest" / "a" / "wide.png.png") as picture:
        assert picture.size == (90, 60)
        assert str(picture.info["Comment"]).startswith("lossy")


def test_a_second_time_nothing_is_written_and_other_files_are_spared(finished: Path, tmp_path: Path) -> None:
    """The same file is left as it is; another one is only replaced where that was asked for."""
    join(finished, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.png")}
    assert join(finished, tmp_path) == {}
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.png")} == before
    (tmp_path / "z.bmp.png").write_text("mine")
    assert "--overwrite" in join(finished, tmp_path)["z.bmp"]
    assert (tmp_path / "z.bmp.png").read_text() == "mine"
    assert join(finished, tmp_path, JoinOptions(overwrite=True)) == {}
    assert levels(tmp_path / "z.bmp.png").shape[2] == 3


def test_a_lost_or_changed_tile_fails_its_own_picture(out: Path, tmp_path: Path) -> None:
    """The others are joined, and of the failed one nothing is written."""
    (out / "z.bmp" / "tile_r0_c1.png").unlink()
    Image.new("RGB", (28, 28)).save(out / "tall.jpg" / "tile_r0_c0.png")
    failed = join(out, tmp_path / "dest")
    assert set(failed) == {"z.bmp", "tall.jpg"}
    assert "tall.jpg/tile_r0_c0.png" in failed["tall.jpg"]
    assert set(tree(tmp_path / "dest")) == {"a/square.jpg.png", "a/wide.png.png"}


def test_without_pngs_there_is_nothing_to_join(source: Path, tmp_path: Path) -> None:
    """Before anything is written."""
    out = tiled(source, tmp_path / "out", *SMALL, "--tiles", "none")
    with pytest.raises(RunError, match="--tiles none"):
        join(out, tmp_path / "dest")
    assert tree(tmp_path / "dest") == {}


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_preset_has_one_uint8_canvas_or_a_reason(preset: str) -> None:
    """Without files the reason can only be that there are none, or one of the plan."""
    made = planned_record(preset, Size(1280, 720))
    reason = obstacle(made, replanned(made), JoinOptions())
    assert reason is not None
    plan = replanned(made)
    if plan.canvas is None:
        assert "no canvas" in reason
    elif plan.surfaces[next(view.surface for view in plan.views if view.role == "tile")].space != "uint8":
        assert "floats" in reason
    else:
        assert "--tiles none" in reason


@pytest.mark.parametrize("path", ["../../x", "/tmp/x", "z.bmp/a\\u0000b"])
def test_guarantee_23_a_forged_key_writes_nothing(out: Path, tmp_path: Path, path: str) -> None:
    """Refused before the first picture is joined."""
    edit(out, '"key": "z.bmp"', f'"key": "{path}"')
    before = tree(tmp_path)
    with pytest.raises(RunError, match=r"manifest\.json"):
        join(out, tmp_path / "dest")
    assert tree(tmp_path) == before


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_guarantee_23_a_link_in_the_destination_is_not_followed(finished: Path, tmp_path: Path) -> None:
    """`a` leads elsewhere: its two pictures fail, and nothing is written there."""
    (tmp_path / "dest").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "dest" / "a").symlink_to(tmp_path / "elsewhere")
    assert set(join(finished, tmp_path / "dest")) == {"a/square.jpg", "a/wide.png"}
    assert tree(tmp_path / "elsewhere") == {}


def test_the_destination_may_not_lie_in_the_output(out: Path) -> None:
    """What is joined there would be strangers to `verify`."""
    with pytest.raises(UsageError, match="lies in the output"):
        refuse_dest(str(out), str(out / "canvases"))


def test_the_session_of_pictures_is_what_these_tests_think(tmp_path: Path) -> None:
    """Five candidates, one of them broken."""
    assert len(tree(pictures(tmp_path / "in"))) == 5
