"""An output from Python: records, arrays from disk, drawings for notebooks."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import dynres_cli
from dynres_cli.errors import RunError
from dynres_cli.operations.opened import OpenRun
from dynres_cli.presets import PRESETS
from dynres_cli.svg import plan_html
from tests.operations.outputs import SMALL, edit, tiled

KEYS = ["a/square.jpg", "a/wide.png", "bad.jpg", "tall.jpg", "z.bmp"]


def test_records_come_in_key_order_with_their_fields(finished: Path) -> None:
    """Iterated, counted, by number and by key; a failed one is there too."""
    with dynres_cli.open_run(finished) as run:
        assert [record.key for record in run] == KEYS
        assert (len(run), run[1].key, run[-1].key, run["tall.jpg"].orientation) == (5, "a/wide.png", "z.bmp", 6)
        assert [record.status for record in run].count("failed") == 1
        assert run.run.tiled == 4
        assert [key in run for key in ("tall.jpg", "no.jpg", 1)] == [True, False, False]
        with pytest.raises(KeyError):
            run["no.jpg"]
        with pytest.raises(IndexError):
            run[5]
        assert repr(run["a/wide.png"]) == "<a/wide.png: 90×60, grid 3×2, 7 tokens>"


def test_arrays_are_those_of_load_image_and_stay_on_disk(finished: Path, source: Path) -> None:
    """Mapped from the file, not read; the views are the pictures' levels."""
    with dynres_cli.open_run(finished) as run:
        record = run["a/wide.png"]
        assert isinstance(record.pixel_values, np.memmap)
        expected = dynres_cli.load_image(source / "a" / "wide.png", image_size=28, max_num=6)
        assert np.array_equal(record.pixel_values, expected)
        assert [view.shape for view in record.views] == [(28, 28, 3)] * 7
        with pytest.raises(RunError, match="no tensor"):
            _ = run["bad.jpg"].pixel_values


def test_views_of_several_sizes_are_a_list(source: Path, tmp_path: Path) -> None:
    """As load_image gives them."""
    out = tiled(source, tmp_path / "out", "--preset", "minicpm-v-2.6", "-j", "1", "--engine", "serial", "-q")
    with dynres_cli.open_run(out) as run:
        found = run["tall.jpg"].pixel_values
        expected = dynres_cli.load_image(source / "tall.jpg", "minicpm-v-2.6")
        assert isinstance(found, list)
        assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


def test_without_a_kind_of_file_it_says_so(source: Path, tmp_path: Path) -> None:
    """--tensor none leaves no pixel_values; the sentence says what to do."""
    out = tiled(source, tmp_path / "out", *SMALL, "--tensor", "none")
    with pytest.raises(RunError, match="--tensor npy"):
        _ = dynres_cli.open_run(out)["z.bmp"].pixel_values


def test_guarantee_24_a_planted_pickle_is_refused(out: Path, tmp_path: Path) -> None:
    """And never executed."""

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return os.mkdir, (str(tmp_path / "executed"),)

    planted = io.BytesIO()
    np.save(planted, np.array([Trap()], object), allow_pickle=True)
    (out / "z.bmp" / "pixel_values.npy").write_bytes(planted.getvalue())
    with pytest.raises(RunError, match="another array"):
        _ = dynres_cli.open_run(out)["z.bmp"].pixel_values
    assert not (tmp_path / "executed").exists()


def test_a_cut_array_is_a_sentence(out: Path) -> None:
    """Not a crash on the first value that is missing."""
    os.truncate(out / "z.bmp" / "pixel_values.npy", 500)
    with pytest.raises(RunError, match="dynres verify"):
        _ = dynres_cli.open_run(out)["z.bmp"].pixel_values


def test_guarantee_23_a_forged_manifest_opens_nothing(out: Path) -> None:
    """The paths are looked at before the first record is given."""
    edit(out, '"path": "z.bmp/pixel_values.npy"', '"path": "../../x.npy"')
    with pytest.raises(RunError, match=r"manifest\.json"):
        dynres_cli.open_run(out)


def test_a_run_can_be_handed_to_worker_processes(finished: Path) -> None:
    """Pickled by its path; a forked child opens the manifest for itself."""
    run = dynres_cli.open_run(finished)
    assert [record.key for record in pickle.loads(pickle.dumps(run))] == KEYS
    assert isinstance(run, OpenRun)
    if hasattr(os, "fork"):
        child = os.fork()
        if child == 0:
            os._exit(0 if [record.key for record in run] == KEYS else 1)
        assert [record.key for record in run] == KEYS
        assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_plan_draws_itself(preset: str) -> None:
    """Well-formed SVG with one number for each tile of the grid and one for the overview; the caption has the total."""
    plan = dynres_cli.plan(1280, 720, preset)
    figure = ET.fromstring(plan._repr_html_())
    labels = [text.text for text in figure.iter("{http://www.w3.org/2000/svg}text")]
    grid = [number for number, view in enumerate(plan.views) if view.role == "tile" and view.layer == 0]
    overview = next((number for number, view in enumerate(plan.views) if view.role == "overview"), None)
    assert labels == [str(number) for number in [*grid, *([] if overview is None else [overview])]]
    caption = figure.find("figcaption")
    assert caption is not None
    assert str(caption.text).endswith(f"= {plan.total}")


def test_a_record_draws_itself_and_its_name_stays_text(finished: Path) -> None:
    """The caption begins with the key; a failed picture has no drawing."""
    run = dynres_cli.open_run(finished)
    assert "<figcaption>tall.jpg · 50×120" in run["tall.jpg"]._repr_html_()
    assert run["bad.jpg"]._repr_html_() == ""
    assert "&lt;b&gt;" in plan_html(dynres_cli.plan(9, 9), "<b>")
