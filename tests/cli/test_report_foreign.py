"""`dynres report` beside pages that other programs made under the same names."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from dynres_cli.report.pages import MAKER
from tests.pictures import noise
from tests.shards import here, tiled


def made(folder: Path) -> Path:
    """An output of one picture."""
    (folder / "in").mkdir()
    Image.fromarray(noise(20, 20)).save(folder / "in" / "a.png")
    return tiled(folder / "out", folder / "in", status=0)


def test_somebody_elses_page_is_never_replaced(tmp_path: Path) -> None:
    """Exit 1 and no page; a further page is passed over, for this report has none of its number."""
    out = made(tmp_path)
    for name in ("report.html", "report-2.html"):
        (out / name).write_text("<!doctype html>mine")
    ran = here("report", out, "-q")
    assert (ran.status, "report.html: was not made by dynres" in ran.err) == (1, True), ran.err
    (out / "report.html").unlink()
    assert here("report", out, "-q").status == 0
    assert (out / "report-2.html").read_text() == "<!doctype html>mine"


def test_every_page_of_an_earlier_report_goes(tmp_path: Path) -> None:
    """The last one first, so that a kill leaves none that the next report would not find."""
    out = made(tmp_path)
    for number in (2, 3):
        (out / f"report-{number}.html").write_bytes(b"<!doctype html>" + MAKER)
    assert here("report", out, "-q").status == 0
    assert [path.name for path in out.glob("report*")] == ["report.html"]
    assert MAKER in (out / "report.html").read_bytes()[:256]
    assert here("report", out, "-q").status == 0
