"""An output from Python: records, arrays from disk, drawings for notebooks."""

from __future__ import annotations

import copy
import io
import os
import pickle
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_type_hints
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import dynres_cli
from dynres_cli.errors import RunError, UsageError
from dynres_cli.manifest import FailedRecord, TiledRecord
from dynres_cli.operations.fields import RecordFields
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
        with pytest.raises(RunError, match="was not tiled"):
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


def test_a_record_can_be_handed_on_as_well(finished: Path) -> None:
    """A loader's worker sends back what it was asked for: the record, which reads its arrays where they are wanted."""
    with dynres_cli.open_run(finished) as run:
        record = next(each for each in run if each.status == "tiled")
        for other in (pickle.loads(pickle.dumps(record)), copy.deepcopy(record), copy.copy(record)):
            assert other.record == record.record
            assert np.array_equal(other.pixel_values, record.pixel_values)


def test_a_run_is_found_from_any_folder(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook changes its folder, and a worker may start in another one."""
    monkeypatch.chdir(finished.parent)
    run = dynres_cli.open_run(os.fsencode(finished.name))
    record = next(each for each in run if each.status == "tiled")
    monkeypatch.chdir(tmp_path)
    assert len(record.views) == len(run[record.key].views) == record.total
    assert [each.key for each in pickle.loads(pickle.dumps(run))] == KEYS


@pytest.mark.parametrize("volume", ["5", "2"])
def test_several_threads_are_given_the_records_they_ask_for(source: Path, tmp_path: Path, volume: str) -> None:
    """One open manifest, or volume of it, for all of them: by number, by key and while another one iterates."""
    with dynres_cli.open_run(tiled(source, tmp_path / "out", *SMALL, "--manifest-size", volume)) as run:
        wanted = [*range(len(KEYS)), *KEYS] * 100
        with switching_often(), ThreadPoolExecutor(8) as threads:
            every = [threads.submit(lambda: [record.key for record in run]) for _ in range(8)]
            found = list(threads.map(lambda which: run[which].key, wanted))
        assert found == KEYS * 200
        assert [future.result() for future in every] == [KEYS] * 8


@contextmanager
def switching_often() -> Iterator[None]:
    """Threads that take turns after every few steps, so that a race is lost in seconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def test_a_run_that_was_closed_says_so(finished: Path) -> None:
    """One sentence for every way to ask it; a record that was got before keeps its arrays."""
    run = dynres_cli.open_run(finished)
    record = run["z.bmp"]
    run.close()
    run.close()
    for ask in (lambda: run[0], lambda: run["z.bmp"], lambda: "z.bmp" in run, lambda: list(run)):
        with pytest.raises(RunError, match=r"was closed; open it again with open_run"):
            ask()
    assert len(record.pixel_values) == 7


@pytest.mark.parametrize(
    ("which", "advice"),
    [
        pytest.param(slice(0, 2), r"\[run\[number\] for number in range\(0, 2\)\]", id="slice"),
        pytest.param(slice(-2, None), r"\[run\[number\] for number in range\(3, 5\)\]", id="slice from the end"),
        pytest.param(slice("a", "z"), "give a number or a key", id="slice of keys"),
        pytest.param(1.0, "give a number or a key", id="float"),
        pytest.param(None, "give a number or a key", id="nothing"),
        pytest.param(b"z.bmp", "give a number or a key", id="bytes"),
    ],
)
def test_what_is_neither_number_nor_key_is_refused(finished: Path, which: object, advice: str) -> None:
    """The sentence says what to give, for a slice to the very numbers."""
    with dynres_cli.open_run(finished) as run, pytest.raises(UsageError, match=advice):
        run[which]  # type: ignore[index]


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


def test_every_field_of_a_record_has_a_type() -> None:
    """Type checkers know of a record what its manifest states."""
    stated = {**get_type_hints(TiledRecord), **get_type_hints(FailedRecord), "status": Literal["tiled", "failed"]}
    assert get_type_hints(RecordFields) == stated


def test_what_a_failed_picture_lacks_is_told(finished: Path) -> None:
    """A sum over all records names the one that is to be left out; `getattr` with a default gives that."""
    with (
        dynres_cli.open_run(finished) as run,
        pytest.raises(AttributeError, match=r"bad\.jpg was not tiled .* no tokens"),
    ):
        sum(record.tokens for record in run)
    assert getattr(dynres_cli.open_run(finished)["bad.jpg"], "tokens", None) is None
