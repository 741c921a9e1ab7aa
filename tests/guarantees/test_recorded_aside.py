"""Guarantees 3 and 37 where a picture fails whose own folder cannot be written: the manifest tells of that failure."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.guarantees import corpus
from tests.guarantees.command import as_nobody, codes, counts, dynres, images, manifest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")

SEALED = "0001.jpg"
"""The picture whose folder nothing can be removed from."""


@pytest.fixture
def place(anyones: Path) -> Path:
    """Two pictures in `in`, tiled into `out`, one folder of which is then sealed."""
    corpus.photos(anyones / "in", 2)
    (anyones / "out").mkdir()
    (anyones / "out").chmod(0o777)
    assert as_nobody(anyones / "in", anyones / "out").returncode == 0
    (anyones / "out" / SEALED).chmod(0o555)
    return anyones


def findings(out: Path) -> set[str]:
    """The paths that verify complains of."""
    told = dynres("verify", out, "--json").stdout
    return {each["path"] for each in json.loads(told)["findings"]}


def test_an_older_record_that_cannot_be_removed_is_not_the_runs(place: Path) -> None:
    """Other parameters, twice: one tiled, one failed, as the summary says; what was left of the old run is extra."""
    out = place / "out"
    for _ in range(2):
        done = as_nobody(place / "in", out, "--max-num", "1")
        assert (done.returncode, counts(done)["failures"]) == (3, {"output_error": 1}), done.stderr
        run = manifest(out)["run"]
        assert (run["tiled"], run["failed"]) == (1, 1)
        assert codes(out) == {"0000.jpg": "tiled", SEALED: "output_error"}
        assert {path.partition("/")[0] for path in findings(out)} == {SEALED}


@pytest.mark.slow
def test_a_record_is_never_of_a_source_that_was_replaced(place: Path) -> None:
    """Another picture under the old name, with unchanged parameters: its record is a failure, and verify sees more."""
    corpus.write_all(place / "in", {SEALED: corpus.encoded(corpus.picture(200, 80, seed=9), format="JPEG")})
    done = as_nobody(place / "in", place / "out")
    assert (done.returncode, codes(place / "out")[SEALED]) == (3, "output_error")
    assert findings(place / "out")


@pytest.mark.slow
def test_a_failure_that_was_put_aside_is_over_with_its_cause(place: Path) -> None:
    """The first parameters again, whose tiles are all there, or the folder is opened: two are tiled, all is well."""
    out = place / "out"
    before = images(out)
    assert as_nobody(place / "in", out, "--max-num", "1").returncode == 3
    assert as_nobody(place / "in", out).returncode == 0
    assert (images(out), findings(out)) == (before, set())
    assert as_nobody(place / "in", out, "--max-num", "1").returncode == 3
    (out / SEALED).chmod(0o755)
    assert as_nobody(place / "in", out, "--max-num", "1").returncode == 0
    assert (set(codes(out).values()), findings(out)) == ({"tiled"}, set())


@pytest.mark.slow
def test_what_was_staged_with_other_parameters_never_reaches_a_shard(place: Path) -> None:
    """A run into shards was killed, and one of its staged folders cannot be written: the shard has the failure."""
    out = place / "shards"
    shutil.copytree(place / "out" / SEALED, out / ".dynres" / "staging" / SEALED)
    for folder in (out, out / ".dynres", out / ".dynres" / "staging"):
        folder.chmod(0o777)
    done = as_nobody(place / "in", out, "--max-num", "1", "--layout", "webdataset")
    assert (done.returncode, counts(done)["failures"]) == (3, {"output_error": 1}), done.stderr
    assert (codes(out), findings(out)) == ({"0000.jpg": "tiled", SEALED: "output_error"}, set())
