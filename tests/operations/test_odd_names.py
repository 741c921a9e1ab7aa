"""Names that are no text, cannot be shown, or are dynres's own: every operation works on them, and none obeys them."""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path

import numpy as np
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


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of three pictures of different widths, whose names are shown alike."""
    folder = tmp_path_factory.mktemp("alike")
    (folder / "in").mkdir()
    for width, name in enumerate((b"\xfe.bmp", b"\xff.bmp", "\ufffd.bmp".encode()), 2):
        with open(os.fsencode(folder / "in") + b"/" + name, "wb") as file:
            Image.fromarray(noise(width * 10, 10)).save(file, "BMP")
    return tiled(folder / "in", folder / "out", *SMALL)


def test_a_box_is_never_mapped_in_the_picture_of_another_name(alike: Path) -> None:
    """`raw` says which one is meant, and is carried along; without it, or with another one's, there is no telling."""
    raw = {name: base64.b64encode(name).decode() for name in (b"\xfe.bmp", b"\xff.bmp", "\ufffd.bmp".encode())}
    ends = ("--to", "original", "--from", "norm1000")
    lines = [{"key": "\ufffd.bmp", "raw": each, "point": [1000, 1000]} for each in raw.values()]
    ran = dynres("map", alike, "-", *ends, stdin="\n".join(map(json.dumps, lines)).encode())
    assert (ran.status, [line["point"][0] for line in ran.lines]) == (0, [20, 30, 40]), ran.err
    assert [line["raw"] for line in ran.lines] == list(raw.values())
    for beside in ({}, {"raw": raw[b"\xff.bmp"][:-1]}, {"raw": 7}, {"raw": base64.b64encode(b"x.bmp").decode()}):
        line = json.dumps({"key": "\ufffd.bmp", "point": [1, 1], **beside})
        ran = dynres("map", alike, "-", stdin=line.encode())
        assert (ran.status, ran.out) == (3, ""), beside
        assert ran.err.startswith("not mapped  \ufffd.bmp: is ambiguous; give raw"), ran.err


EXACT = {name.decode("utf-8", "surrogateescape"): width for name, width in ((b"\xfe.bmp", 20), (b"\xff.bmp", 30))}
"""The names that are no UTF-8, with the widths of their pictures."""


def test_guarantee_27_python_gives_every_picture_by_its_exact_name(alike: Path, tmp_path: Path) -> None:
    """Three pictures of names that are shown alike: packed, all three are there; the name that is shown tells none."""
    packed = tiled(alike.parent / "in", tmp_path / "out", *SMALL, "--layout", "packed", "--tiles", "none")
    arrays = dynres_cli.open_packed(packed)
    assert set(arrays) == {*EXACT, "\ufffd.bmp"}
    with dynres_cli.open_run(alike) as tree, dynres_cli.open_run(packed) as run:
        assert {name: run[name].width for name in EXACT} == EXACT
        for name in EXACT:
            assert name in run
            assert np.array_equal(arrays[name], tree[name].pixel_values)
        assert [record.width for record in run] == [40, 20, 30]
        for ask in (lambda: run["\ufffd.bmp"], lambda: "\ufffd.bmp" in run):
            with pytest.raises(KeyError, match="3 pictures are shown by this name, numbers 0, 1, 2;"):
                ask()


def test_a_shown_name_is_enough_in_python_where_it_is_alone(folder: Path) -> None:
    """As it stands in the record, or exact."""
    with dynres_cli.open_run(folder / "out") as run:
        assert run["\ufffd\ufffd.bmp"].raw == run["\udcff\udcfe.bmp"].raw
        assert "\ufffd\ufffd.bmp" in run
        assert "\ufffd.bmp" not in run


def test_a_name_that_is_no_text_needs_no_raw_where_it_is_alone(folder: Path, tmp_path: Path) -> None:
    """As it is shown, with its raw, or with the escapes by which Python writes it; drawn, too."""
    raw = base64.b64encode(b"\xff\xfe.bmp").decode()
    box = {"box": [0, 0, 9, 9]}
    for name in ({"key": "\ufffd\ufffd.bmp"}, {"key": "\ufffd\ufffd.bmp", "raw": raw}, {"key": "\udcff\udcfe.bmp"}):
        ran = dynres("map", folder / "out", "-", "--out", tmp_path / "x.png", stdin=json.dumps(name | box).encode())
        assert (ran.status, bool(ran.lines)) == (0, True), ran.err
        (tmp_path / "x.png").unlink()


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
