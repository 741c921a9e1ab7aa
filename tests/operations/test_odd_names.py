"""Names that are no text, cannot be shown, or are dynres's own: every operation works on them, and none obeys them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from PIL import Image

import dynres_cli
from tests.cli.command import dynres
from tests.operations.outputs import SMALL, tiled
from tests.pictures import noise

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures `in` with such names, and their output `out`."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "in" / "manifest.json").mkdir(parents=True)
    Image.fromarray(noise(30, 20)).save(folder / "plain.bmp")
    data = (folder / "plain.bmp").read_bytes()
    names = (b"\xff\xfe.bmp", b"new\nline\x1b[31m<b>.bmp", b"manifest.json/a.bmp", b"x" * 246 + b".bmp", b"-rf.bmp")
    for name in names:
        with open(os.fsencode(folder / "in") + b"/" + name, "wb") as file:
            file.write(data)
    tiled(folder / "in", folder / "out", *SMALL)
    return folder


def test_guarantee_25_every_operation_works_on_odd_names(folder: Path) -> None:
    """Five pictures: verified against their sources, joined, compared with themselves and opened."""
    assert dynres("verify", folder / "out", "--against", "pillow", "--source", folder / "in").status == 0
    assert dynres("join", folder / "out", folder / "joined", "--json").json["joined"] == 5
    assert os.path.isfile(os.fsencode(folder / "joined") + b"/\xff\xfe.bmp.png")
    assert dynres("diff", folder / "out", folder / "out").status == 0
    assert len([record.pixel_values for record in dynres_cli.open_run(folder / "out")]) == 5


def test_guarantee_25_names_do_not_steer_the_terminal(folder: Path, tmp_path: Path) -> None:
    """No ESC on stdout or stderr, and one line for each finding and each row."""
    (tmp_path / "empty").mkdir()
    ran = dynres("verify", folder / "out", "--against", "pillow", "--source", tmp_path / "empty")
    assert ran.status == 3
    assert len(ran.out.splitlines()) == 5
    rows = dynres("stats", folder / "out", "--csv")
    assert len(rows.out.splitlines()) == 6
    assert any(row.startswith("'-rf.bmp,") for row in rows.out.splitlines())
    unknown = dynres("map", folder / "out", "-", stdin=b'{"key": "no\\u001b[31m", "point": [1, 1]}')
    assert "\x1b" not in ran.out + ran.err + rows.out + rows.err + unknown.out + unknown.err
