"""Guarantee 34: what runs have made in an output is no input, however it is come by; what else lies there is."""

from pathlib import Path

import pytest

from dynres_cli.errors import UsageError
from dynres_cli.source import Selection, listing
from tests.storage.stores import has
from tests.storage.test_stores import filled
from tests.test_source import keys_of, make

MANIFEST = '{"schema": "dynres.manifest/1", "run": {}}'
needs_fsspec = pytest.mark.skipif(not has("fsspec"), reason="needs fsspec: pip install -e '.[test-s3]'")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a picture, and an output in which a run has tiled one and another run was killed."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "page.png", "in/a.jpg", "out/.dynres/lock")
    make(tmp_path, *(f"out/cats/b.jpg/{name}" for name in ("tile_r0_c0.png", "thumbnail.png", "grid.json")))
    make(tmp_path, "out/cats/killed.jpg/tile_s0_r0_c0.png")
    (tmp_path / "out/manifest.json").write_text(MANIFEST)
    return tmp_path


@pytest.mark.parametrize("with_folders", [False, True], ids=["find -type f", "find"])
def test_a_list_that_names_the_output_again(here: Path, *, with_folders: bool) -> None:
    """`find . -name '*.png' | dynres tile --files-from - out`, run again in the same folder, finds what it found."""
    found = sorted(path for path in here.rglob("*.*g") if with_folders or path.is_file())
    Path("list").write_text("".join(f"{path}\n" for path in found if path.name != "a.jpg"))
    listed = listing(Selection(files_from="list", out="out"))
    assert keys_of(listed) == ["page.png"]
    assert listed.skipped["is_output"] == (5 if with_folders else 3)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("out/cats/b.jpg/tile_r0_c0.png", id="a tile"),
        pytest.param("out/cats/b.jpg", id="the folder of a picture's tiles"),
        pytest.param("out/cats", id="a folder of such folders"),
        pytest.param("link/b.jpg/thumbnail.png", id="a tile by way of a link"),
        pytest.param("link", id="a link into the output"),
    ],
)
def test_a_part_of_the_output_that_is_named_itself(here: Path, given: str) -> None:
    """It is counted, and there is nothing to tile."""
    (here / "out/cats/killed.jpg/tile_s0_r0_c0.png").unlink()
    (here / "link").symlink_to("out/cats")
    listed = listing(Selection((given,), out="out"))
    assert keys_of(listed) == []
    assert listed.skipped["is_output"] == 1


def test_pictures_in_the_output_that_no_run_has_made_are_inputs(here: Path) -> None:
    """Somebody may keep the pictures below the folder that holds the output: those are tiled, also when named."""
    make(here, "out/photos/c.jpg")
    assert keys_of(listing(Selection(("out/photos",), out="out"))) == ["c.jpg"]
    assert keys_of(listing(Selection(("out/photos/c.jpg",), out="out"))) == ["c.jpg"]
    assert keys_of(listing(Selection(("out/cats/b.jpg/tile_r0_c0.png",), out="other"))) == ["tile_r0_c0.png"]


@pytest.mark.usefixtures("here")
def test_a_listed_output_of_another_run_is_refused() -> None:
    """As it is on the command line; the run's own is passed over, for `ls` names it too."""
    Path("list").write_text("in\nout\n")
    with pytest.raises(UsageError, match="'out' is an output of dynres"):
        listing(Selection(files_from="list", out="other"))
    listed = listing(Selection(files_from="list", out="out"))
    assert keys_of(listed) == ["in/a.jpg"]
    assert listed.skipped["is_output"] == 1


@pytest.mark.parametrize("target", ["out", "out/cats", "out/cats/b.jpg", "out/cats/b.jpg/tile_r0_c0.png"])
def test_a_followed_link_into_the_output_is_counted(here: Path, target: str) -> None:
    """-L goes wherever a link leads, save into the run's own output."""
    (here / "in" / ("l.png" if target.endswith("png") else "l")).symlink_to(here / target)
    listed = listing(Selection(("in",), follow_links=True, out="out"))
    assert keys_of(listed) == ["a.jpg"]
    assert listed.skipped["is_output"] == 1


@needs_fsspec
def test_the_same_in_a_store() -> None:
    """Prefixes and objects below the output, and the output of another run."""
    made = ("out/.dynres/lock", "out/b.png/grid.json", "out/b.png/tile_r0_c0.png")
    top = filled("tiles", "a.png", *made)
    out = f"{top}/out"
    named = listing(Selection((f"{top}/a.png", f"{out}/b.png/tile_r0_c0.png"), out=out))
    assert (keys_of(named), named.skipped["is_output"]) == (["a.png"], 1)
    below = listing(Selection((f"{out}/b.png",), out=out))
    assert (keys_of(below), below.skipped["is_output"]) == ([], 2)
    with pytest.raises(UsageError, match="is an output of dynres"):
        listing(Selection((out,), out=f"{top}/other"))
