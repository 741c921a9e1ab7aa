"""From folders, files and lists to Items in key order."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynres_cli import keys
from dynres_cli.errors import UsageError
from dynres_cli.globs import Filter
from dynres_cli.source import Listing, Selection, listing


def make(root: Path, *names: str) -> Path:
    """Empty files below a folder; a name with a slash at its end is a folder."""
    for name in names:
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(b"")
    return root


def keys_of(listed: Listing) -> list[str]:
    """What a listing yields, by key."""
    return [item.key for item in listed]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        pytest.param(("in",), ["a/x.jpg", "b.png"], id="one folder: the path below it"),
        pytest.param(("in/",), ["a/x.jpg", "b.png"], id="a slash at its end changes nothing"),
        pytest.param(("in/b.png",), ["b.png"], id="a file: its name"),
        pytest.param(("other", "in"), ["in/a/x.jpg", "in/b.png", "other/y.jpg"], id="several: under their names"),
        pytest.param(("in/./", "other"), ["in/a/x.jpg", "in/b.png", "other/y.jpg"], id="dots are no name"),
        pytest.param(("in/a/..", "other"), ["in/a/x.jpg", "in/b.png", "other/y.jpg"], id="two dots neither"),
        pytest.param(("in/b.png", "other"), ["b.png", "other/y.jpg"], id="a file among folders keeps its name"),
        pytest.param(("in/notes.txt",), ["notes.txt"], id="a named file is tried whatever its name"),
    ],
)
def test_keys(here: Path, inputs: tuple[str, ...], expected: list[str]) -> None:
    """The rule of keys, one case a line."""
    make(here, "in/a/x.jpg", "in/b.png", "in/notes.txt", "other/y.jpg")
    assert keys_of(listing(Selection(inputs))) == expected


def test_the_current_folder_has_its_real_name(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.` among several inputs is called what the folder is called."""
    make(here, "photos/a.jpg", "other/b.jpg")
    monkeypatch.chdir(here / "photos")
    assert keys_of(listing(Selection((".", "../other")))) == ["other/b.jpg", "photos/a.jpg"]


NAME = st.text(st.sampled_from("ab-.~0A\u00e9\U0001f600\udcff\n"), min_size=1, max_size=3).filter(
    lambda name: not name.startswith(".")
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths=st.sets(st.lists(NAME, min_size=1, max_size=3).map("/".join), max_size=12), fold=st.booleans())
def test_order_is_that_of_the_keys_bytes(tmp_path_factory: pytest.TempPathFactory, paths: set[str], fold: bool) -> None:
    """Guarantee 29: the walk streams, and yet everything comes in the order of the keys' UTF-8 bytes."""
    root = tmp_path_factory.mktemp("order")
    make(root, *(path + ".jpg" for path in paths), "manifest.json/b.jpg", "report.html/b.jpg", "manifest.json-x.jpg")
    listed = keys_of(listing(Selection((str(root),), fold=fold)))
    assert listed == sorted(listed, key=keys.to_bytes)
    assert len(set(listed)) == len(paths) + 3


def test_what_is_passed_over_is_counted(here: Path) -> None:
    """Guarantees 21 and 22: links, pipes, sockets and other names are skipped unopened, hidden ones not even seen."""
    make(here, "in/a.jpg", "in/b.txt", "in/.hidden.jpg", "in/.h/c.jpg", "in/dir.jpg/")
    os.mkfifo("in/pipe.jpg")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("in/socket.png")
    Path("in/etc").symlink_to("/etc")
    Path("in/zero.jpg").symlink_to("/dev/zero")
    Path("in/loop").symlink_to(".")
    listed = listing(Selection(("in",)))
    assert keys_of(listed) == ["a.jpg"]
    assert dict(listed.skipped) == {"not_an_image_name": 1, "link": 3, "special": 3}
    assert listed.found == 1
    assert keys_of(listing(Selection(("in",), hidden=True))) == [".h/c.jpg", ".hidden.jpg", "a.jpg"]


def test_what_was_not_met_is_not_named(here: Path) -> None:
    """A reason with a count of nothing would stand in the sentence of a run that found no image."""
    make(here, "in/folder/")
    listed = listing(Selection(("in",)))
    assert (keys_of(listed), dict(listed.skipped)) == ([], {})


def test_links_are_followed_where_asked_and_loops_end(here: Path) -> None:
    """Guarantee 21: -L visits what links lead to, each folder once on the way down."""
    make(here, "in/a.jpg", "in/sub/b.jpg", "far/c.jpg")
    Path("in/sub/up").symlink_to("..")
    Path("in/far").symlink_to("../far")
    Path("in/z.jpg").symlink_to("a.jpg")
    Path("in/dangling.jpg").symlink_to("nowhere")
    listed = listing(Selection(("in",), follow_links=True))
    assert keys_of(listed) == ["a.jpg", "far/c.jpg", "sub/b.jpg", "z.jpg"]
    assert listed.skipped["link"] == 2


def test_links_that_the_user_names_are_followed(here: Path) -> None:
    """A link to a file or a folder on the command line is meant."""
    make(here, "far/c.jpg")
    Path("in").symlink_to("far")
    Path("one.jpg").symlink_to("far/c.jpg")
    assert keys_of(listing(Selection(("in",)))) == ["c.jpg"]
    assert [(item.key, item.explicit) for item in listing(Selection(("one.jpg",)))] == [("one.jpg", True)]


@pytest.mark.parametrize("out", ["in/out", "in/deep/out"])
def test_output_inside_input_is_never_input(here: Path, out: str) -> None:
    """Guarantee 34: neither this run's output nor an earlier one's, finished or not."""
    make(here, "in/a.jpg", out + "/a.jpg/tile_r0_c0.png", "in/old/x.jpg/tile_r0_c0.png", "in/half/.dynres/lock")
    make(here, "in/half/y.jpg/tile_r0_c0.png")
    (here / "in/old/manifest.json").write_text('{"schema": "dynres.manifest/1", "run": {}}')
    listed = listing(Selection(("in",), out=out))
    assert keys_of(listed) == ["a.jpg"]
    assert listed.skipped["is_output"] == 3


def test_an_earlier_output_is_no_input(here: Path) -> None:
    """Guarantee 34: nor is it when it is named itself, finished or begun; its folder's other pictures can be named."""
    make(here, "old/x.jpg/tile_r0_c0.png", "half/.dynres/lock", "half/photos/a.jpg")
    (here / "old/manifest.json").write_text('{"schema": "dynres.manifest/1", "run": {}}')
    for folder in ("old", "half"):
        with pytest.raises(UsageError, match="an output of dynres"):
            listing(Selection((folder,)))
    assert keys_of(listing(Selection(("half/photos",)))) == ["a.jpg"]


def test_input_inside_output_does_not_take_tiles(here: Path) -> None:
    """Guarantee 34: with the input below the output, folders that hold a picture's tiles are passed over."""
    make(here, "work/in/a.jpg", "work/in/b.jpg/grid.json", "work/in/b.jpg/tile_r0_c0.png")
    assert keys_of(listing(Selection(("work/in",), out="work"))) == ["a.jpg"]
    with pytest.raises(UsageError, match="itself"):
        listing(Selection(("work/in",), out="work/in"))


def test_a_foreign_manifest_is_no_output(here: Path) -> None:
    """Other programs write files of that name too."""
    make(here, "in/site/a.jpg")
    (here / "in/site/manifest.json").write_text('{"name": "site"}')
    assert keys_of(listing(Selection(("in",)))) == ["site/a.jpg"]


def test_lists(here: Path) -> None:
    """Listed names are keys below the root, sorted, with folders walked and missing files left to fail."""
    make(here, "in/b.dat", "in/a.jpg", "in/sub/c.jpg")
    Path("list").write_text("in/b.dat\nin/a.jpg\r\n\nin/sub\nin/gone.jpg\n")
    assert keys_of(listing(Selection(files_from="list"))) == ["in/a.jpg", "in/b.dat", "in/gone.jpg", "in/sub/c.jpg"]
    assert keys_of(listing(Selection(files_from="list", root="in"))) == ["a.jpg", "b.dat", "in/gone.jpg", "sub/c.jpg"]


def test_a_listed_file_is_the_one_that_its_key_names(here: Path) -> None:
    """`..` behind a linked folder goes back to where the link stands, and never out of the root."""
    make(here, "in/a.jpg", "far/sub/b.jpg", "far/a.jpg")
    Path("in/sub").symlink_to("../far/sub")
    Path("list").write_text("sub/../a.jpg\nsub/b.jpg\nsub/../gone.jpg\n")
    items = {item.key: item.path for item in listing(Selection(files_from="list", root="in"))}
    assert items == {key: str(here / "in" / key) for key in ("a.jpg", "gone.jpg", "sub/b.jpg")}


def test_the_byte_order_mark_of_a_list_is_no_part_of_a_name(here: Path) -> None:
    """Editors put it before a text; names between zero bytes are taken as they are."""
    make(here, "in/a.jpg", "in/b.jpg")
    Path("list").write_text("\ufeffin/a.jpg\nin/b.jpg\n", "utf-8")
    assert keys_of(listing(Selection(files_from="list", root="in"))) == ["a.jpg", "b.jpg"]
    make(here, "\ufeffc.jpg")
    Path("list").write_text("\ufeffc.jpg\0", "utf-8")
    assert keys_of(listing(Selection(files_from="list", null_separated=True))) == ["\ufeffc.jpg"]


def test_lists_below_a_root_and_with_zero_bytes(here: Path) -> None:
    """Guarantee 28: -0 takes every name there is; names may be meant from the root or be absolute."""
    make(here, "in/a\nb.jpg", "in/c.jpg")
    Path("list").write_bytes(b"a\nb.jpg\0" + os.fsencode(here / "in/c.jpg") + b"\0")
    listed = listing(Selection(files_from="list", null_separated=True, root="in"))
    assert [(item.key, item.explicit) for item in listed] == [("a\nb.jpg", True), ("c.jpg", True)]


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        pytest.param(Selection(("missing",)), "'missing' does not exist", id="an input that is not there"),
        pytest.param(Selection(("a.jpg", "sub/a.jpg")), "'a.jpg' and 'sub/a.jpg'", id="two files of one name"),
        pytest.param(Selection(("sub", "other/sub")), "'sub' and 'other/sub'", id="two folders of one name"),
        pytest.param(Selection(files_from="outside"), "outside the root", id="a listed file outside the root"),
        pytest.param(Selection(files_from="twice"), "is given twice", id="a file listed twice"),
        pytest.param(Selection(files_from="parent"), "needs a folder", id="a key that is another one's parent"),
        pytest.param(Selection(files_from="zeros"), "-0", id="a list with zero bytes, read by lines"),
        pytest.param(Selection(files_from="nolist"), "cannot be read", id="no list"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_work(here: Path, selection: Selection, words: str) -> None:
    """Exit status 2, and what to change."""
    make(here, "a.jpg", "sub/a.jpg", "other/sub/b.jpg")
    Path("outside").write_text("a.jpg\n../x.jpg\n")
    Path("twice").write_text("a.jpg\n./a.jpg\n")
    Path("parent").write_text("a.jpg\na.jpg/b.jpg\n")
    Path("zeros").write_bytes(b"a.jpg\0sub/a.jpg\0")
    with pytest.raises(UsageError) as caught:
        listing(selection)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("new\nline.jpg", id="newline"),
        pytest.param("\x1b[31mred.jpg", id="escape sequence"),
        pytest.param("-rf.jpg", id="leading dash"),
        pytest.param("$(x) `y` '\"*?.jpg", id="shell characters"),
        pytest.param("x" * 246 + ".jpg", id="250 bytes"),
        pytest.param(os.fsdecode(b"\xff\xfe.jpg"), id="not UTF-8"),
    ],
)
def test_any_legal_name(here: Path, name: str) -> None:
    """Guarantees 25 and 28: names are data; the exact bytes survive."""
    make(here, "in/" + name)
    (item,) = listing(Selection(("in",)))
    assert keys.to_bytes(item.key) == os.fsencode(name)
    assert Path(item.path).exists()


@pytest.mark.usefixtures("here")
def test_a_deep_folder() -> None:
    """Guarantee 28: a path of 2,300 bytes is more folders deep than Python's own stack allows."""
    folder = "in"
    for _ in range(1100):
        Path(folder).mkdir()
        folder += "/a"
    folder = folder.removesuffix("/a")
    Path(folder, "x" * 80 + ".jpg").touch()
    assert keys_of(listing(Selection(("in",)))) == [folder.removeprefix("in/") + "/" + "x" * 80 + ".jpg"]
    Path(folder, "x" * 80 + ".jpg").unlink()
    os.removedirs(folder)  # deeper than what pytest clears away


def test_a_folder_without_permission_is_reported(here: Path) -> None:
    """Guarantee 36: the run goes on, and the folder is a failure."""
    make(here, "in/a.jpg", "in/closed/b.jpg")
    for entered in (here, Path("in")):
        entered.chmod(0o755)  # whatever the umask
    Path("in/closed").chmod(0)
    listed = listing(Selection(("in",)))
    with nobody():
        assert keys_of(listed) == ["a.jpg"]
    assert [(failed.key, failed.code) for failed in listed.failures] == [("closed", "unreadable")]
    Path("in/closed").chmod(0o755)


def test_a_manifest_without_permission_says_nothing_of_its_folder(here: Path) -> None:
    """Guarantee 36: web pages have files of that name; the pictures beside one that is closed to us are tiled."""
    make(here, "in/a.jpg", "in/site/b.jpg", "in/site/manifest.json", "in/site/z.jpg")
    here.chmod(0o755)
    Path("in/site/manifest.json").chmod(0)
    listed = listing(Selection(("in",)))
    with nobody():
        assert keys_of(listed) == ["a.jpg", "site/b.jpg", "site/z.jpg"]
    assert listed.failures == []


@contextmanager
def nobody() -> Iterator[None]:
    """Permissions do not bind the superuser: be somebody else for a while."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_folder_that_vanishes_is_reported(here: Path) -> None:
    """Guarantee 36: a folder that cannot be listed any more is a failure, not the end of the run."""
    make(here, "in/a.jpg", "in/z/b.jpg")
    listed = listing(Selection(("in",)))
    items = iter(listed)
    assert next(items).key == "a.jpg"
    (here / "in/z/b.jpg").unlink()
    (here / "in/z").rmdir()
    assert list(items) == []
    assert [failed.key for failed in listed.failures] == ["z"]


def test_globs_narrow_what_folders_hold(here: Path) -> None:
    """--include and --exclude choose among candidates; a file that is named is always tried."""
    make(here, "in/a.jpg", "in/b.png", "in/old/c.jpg", "x.gif")
    chosen = Filter(include=("*.jpg",), exclude=("old",))
    assert keys_of(listing(Selection(("in",), filter=chosen))) == ["a.jpg"]
    assert keys_of(listing(Selection(("x.gif",), filter=chosen))) == ["x.gif"]
