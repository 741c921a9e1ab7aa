"""A second run into the same shards when the list of inputs is another one: what is left is what a fresh run writes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from tests.pictures import noise
from tests.shards import SMALL, content, here, layouts, tiled

CUT = ("--shard-tiles", "15")
"""Three pictures of five views."""
FIVE, THREE = (60, 60), (60, 30)
SIZES = {"p0.png": FIVE, "p1.png": FIVE, "p2.png": FIVE, "p3.png": FIVE, "p4.png": THREE, "p5.png": THREE}
BROKEN = "p6.png"
"""Fails, and stands behind the others in the last shard."""


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with six pictures and a broken one; not to be changed."""
    folder = tmp_path_factory.mktemp("changed") / "in"
    folder.mkdir()
    for number, (name, size) in enumerate(SIZES.items()):
        Image.fromarray(noise(*size, number)).save(folder / name)
    (folder / BROKEN).write_bytes(b"\x89PNG\r\n\x1a\n no")
    return folder


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two runs, and how many pictures the second has to tile."""

    gone: str = ""
    """The input that is removed."""
    options: tuple[str, ...] = ()
    """Those of both runs."""
    more: tuple[str, ...] = ()
    """Those of the second run alone."""
    tiled: int = 0


CHANGES = {
    "the last is gone": Change("p5.png"),
    "one in the middle of a shard is gone": Change("p4.png"),
    "the first is gone and one moves into its shard": Change("p0.png", tiled=1),
    "one is excluded": Change(more=("--exclude", "p5.png")),
    "one of equal cost is gone": Change("p5.png", ("--pack-by", "tiles")),
    "one that had failed is gone": Change(BROKEN),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("layout", layouts())
def test_inputs_that_are_gone_are_in_no_shard(listed: Path, tmp_path: Path, layout: str, change: Change) -> None:
    """The bytes are a fresh run's, and only a picture that another shard held is tiled again."""
    folder = shutil.copytree(listed, tmp_path / "in")
    arguments: tuple[str | Path, ...] = (folder, "--layout", layout, *CUT, *change.options)
    out = tiled(tmp_path / "out", *arguments)
    if change.gone:
        (folder / change.gone).unlink()
    status = 0 if change.gone == BROKEN else 3
    ran = here("tile", *arguments, *change.more, out, *SMALL, "--json")
    assert (ran.status, ran.json["tiled"]) == (status, change.tiled)
    assert content(out) == content(tiled(tmp_path / "fresh", *arguments, *change.more, status=status))
    assert here("verify", out, "--json").json["findings"] == []


@pytest.mark.parametrize("views", ["1", "400"], ids=["a picture a shard", "one shard"])
@pytest.mark.parametrize("layout", layouts())
def test_an_output_of_all_inputs_becomes_that_of_a_part(listed: Path, tmp_path: Path, layout: str, views: str) -> None:
    """Pictures of other parts go, and samples get the part's own keys, so that they meet no other part's in a merge."""
    arguments = (listed, "--layout", layout, "--shard-tiles", views)
    outs = [tmp_path / "again", tmp_path / "fresh"]
    for out in outs:
        out.mkdir()
    for number, status in ((1, 0), (2, 3)):  # the broken one is of the second part
        tiled(outs[0] / str(number), *arguments)
        for out in outs:
            tiled(out / str(number), *arguments, "--shard", f"{number}/2", status=status)
    for out in outs:
        assert here("merge", out / "1", out / "2", "-o", out, "-q").status == 0
    assert content(outs[0]) == content(outs[1])
    assert here("verify", outs[0], "--json").json["findings"] == []
