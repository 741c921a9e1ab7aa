"""Manifests in volumes: above a stated size manifest.json points to them, and every reader follows."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from collections.abc import Sequence
from pathlib import Path

import pytest

import dynres_cli
from dynres_cli.errors import RunError
from dynres_cli.manifest import Run
from dynres_cli.operations.publishing import Lines, publish
from dynres_cli.operations.reading import open_output
from dynres_cli.storage import Writer
from tests.cli.command import dynres, manifest, tree
from tests.operations.outputs import SMALL, copy, tiled

KEYS = ["a/square.jpg", "a/wide.png", "bad.jpg", "tall.jpg", "z.bmp"]
NAMES = [f"manifest-{number:05d}.jsonl" for number in range(3)]
TWO = ("--manifest-size", "2")


@pytest.fixture(scope="module")
def made(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five images in volumes of two; not to be changed."""
    return tiled(source, tmp_path_factory.mktemp("volumes") / "out", *SMALL, *TWO)


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    """The same to work on."""
    return copy(made, tmp_path / "out")


def found(out: Path) -> dict[str, str]:
    """What verify finds, by path."""
    return {each["path"]: each["problem"] for each in dynres("verify", out, "--json").json["findings"]}


def test_the_volumes_hold_the_lines_of_the_one_file(made: Path, finished: Path) -> None:
    """Two, two and one line, each with its digest in the head; joined they are the images of a plain manifest."""
    head, whole = manifest(made), manifest(finished)
    texts = [(made / name).read_text("utf-8") for name in NAMES]
    assert [text.count("\n") for text in texts] == [2, 2, 1]
    assert [json.loads(line) for line in "".join(texts).splitlines()] == whole["images"]
    assert head["images"] == []
    assert head["run"].pop("manifests") == [
        {
            "path": name,
            "images": text.count("\n"),
            "bytes": len(text.encode()),
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
        }
        for name, text in zip(NAMES, texts, strict=True)
    ]
    assert head["run"] == whole["run"]


def test_a_manifest_of_exactly_the_size_is_one_file(source: Path, finished: Path, tmp_path: Path) -> None:
    """Nothing changes up to the size."""
    out = tiled(source, tmp_path / "out", *SMALL, "--manifest-size", "5")
    assert tree(out) == tree(finished)


def test_a_volume_of_nothing_is_refused(source: Path, tmp_path: Path) -> None:
    """Exit 2 before anything is written."""
    ran = dynres("tile", source, tmp_path / "out", "--manifest-size", "0")
    assert ran.status == 2
    assert "--manifest-size" in ran.err
    assert not (tmp_path / "out").exists()


def test_every_reader_follows(out: Path, finished: Path, source: Path, tmp_path: Path) -> None:
    """Verify, stats, report, diff, join and map say of volumes what they say of one file."""
    ran = dynres("verify", out, "--json", "--against", "pillow", "--source", source)
    assert (ran.status, ran.json["findings"]) == (0, [])
    assert dynres("diff", out, finished).status == 0
    assert dynres("stats", out, "--json").json == dynres("stats", finished, "--json").json
    assert dynres("report", out, "-q").status == 0
    assert dynres("join", out, tmp_path / "dest", "--json").json["joined"] == 4
    box = b'{"id": 1, "key": "z.bmp", "box": [0, 0, 5, 5]}\n'
    asked = [dynres("map", each, "-", "--from", "original", "--to", "tile", stdin=box).out for each in (out, finished)]
    assert asked[0] == asked[1] != ""


def test_records_are_found_by_number_and_key(made: Path) -> None:
    """Forwards, backwards, and after a pickle has brought them elsewhere."""
    with dynres_cli.open_run(made) as run:
        assert [record.key for record in run] == KEYS
        assert [run[number].key for number in (4, 0, 3, 2)] == ["z.bmp", "a/square.jpg", "tall.jpg", "bad.jpg"]
        assert len(run["z.bmp"].pixel_values) == 7
        with pickle.loads(pickle.dumps(run)) as other:
            assert other[4].key == "z.bmp"


def test_a_second_run_writes_nothing_and_another_size_leaves_nothing_behind(out: Path, source: Path) -> None:
    """The same bytes again; then three volumes become two, and then one file."""
    before, times = tree(out), {name: (out / name).stat().st_mtime_ns for name in NAMES}
    tiled(source, out, *SMALL, *TWO)
    assert tree(out) == before
    assert {name: (out / name).stat().st_mtime_ns for name in NAMES} == times
    tiled(source, out, *SMALL, "--manifest-size", "3")
    assert sorted(path.name for path in out.glob("manifest-*")) == NAMES[:2]
    assert found(out) == {}
    tiled(source, out, *SMALL)
    assert list(out.glob("manifest-*")) == []
    assert found(out) == {}


def test_somebody_elses_file_is_no_volume(out: Path, source: Path, tmp_path: Path) -> None:
    """Passed over where no volume is to be of that name; where one is, the run ends before anything is tiled."""
    page = tmp_path / "page"
    page.mkdir()
    for name in NAMES:
        (page / name).write_text('{"name": "mine"}\n')
    before = {name: (page / name).read_bytes() for name in NAMES}
    tiled(source, page, *SMALL, "--into")
    assert before.items() <= tree(page).items()
    (out / NAMES[2]).write_bytes(before[NAMES[2]])
    for place in (page, out):
        whole = tree(place)
        ran = dynres("tile", source, place, *SMALL, *TWO)
        assert (ran.status, "manifest-0000" in ran.err, tree(place) == whole) == (1, True, True), ran.err
    tiled(source, out, *SMALL)
    assert [path.name for path in out.glob("manifest-*")] == NAMES[2:]


def test_a_kill_between_two_removals_leaves_no_gap(out: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last volume goes first, so that the next run finds all that are left."""
    lines, run = Lines(io.BytesIO(), 0, 10), open_run_head(out)
    removed: list[str] = []
    plain = Writer.remove

    def killed(writer: Writer, key: str, names: Sequence[str]) -> None:
        if removed:
            raise KeyboardInterrupt
        removed.extend(names)
        plain(writer, key, names)

    with monkeypatch.context() as patched:
        patched.setattr(Writer, "remove", killed)
        with pytest.raises(KeyboardInterrupt):
            publish(Writer(out.as_posix()), run, lines)
    assert removed == NAMES[2:]
    tiled(source, out, *SMALL)
    assert list(out.glob("manifest-*")) == []


def open_run_head(out: Path) -> Run:
    """What the manifest says of its run."""
    with open_output(str(out)) as output:
        return output.run


def test_a_damaged_or_missing_volume_is_named(out: Path) -> None:
    """By verify, with the volume's name; reading it through ends in an error that says what to do."""
    path = out / NAMES[1]
    path.write_bytes(path.read_bytes().replace(b'"tall.jpg"', b'"tell.jpg"', 1))
    assert found(out)[NAMES[1]] == "manifest"
    path.unlink()
    assert found(out)[NAMES[1]] == "manifest"
    ran = dynres("stats", out)
    assert ran.status == 1
    assert NAMES[1] in ran.err
    assert "again" in ran.err
    with pytest.raises(RunError, match="again"):
        dynres_cli.open_run(out)


def test_volumes_that_lead_elsewhere_are_refused(out: Path) -> None:
    """A manifest that names another file as its volume is damaged: it is never opened."""
    text = (out / "manifest.json").read_text("utf-8")
    (out / "manifest.json").write_text(text.replace(NAMES[1], "../secret-0.jsonl"), "utf-8")
    assert dynres("stats", out).status == 1
    assert found(out) == {"manifest.json": "manifest"}


def test_a_volume_that_the_manifest_does_not_name_is_a_stranger(out: Path) -> None:
    """A further file of that name is extra."""
    (out / "manifest-00003.jsonl").write_text("{}\n")
    assert found(out) == {"manifest-00003.jsonl": "extra"}


def test_merge_reads_and_writes_volumes(source: Path, tmp_path: Path) -> None:
    """Two shards in volumes of one image become a manifest in volumes of two, in key order."""
    parts = [tmp_path / "all" / str(number) for number in (1, 2)]
    (tmp_path / "all").mkdir()
    for number, part in enumerate(parts, start=1):
        tiled(source, part, *SMALL, "--shard", f"{number}/2", "--manifest-size", "1")
    assert dynres("merge", *parts, "-o", tmp_path / "all", *TWO).status == 0
    assert [record.key for record in dynres_cli.open_run(tmp_path / "all")] == KEYS
    assert len(manifest(tmp_path / "all")["run"]["manifests"]) == 3
    assert found(tmp_path / "all") == {}


def test_a_key_never_takes_a_volumes_name(tmp_path: Path, source: Path) -> None:
    """A folder of pictures called like a volume gets another place in the output."""
    folder = tmp_path / "in" / NAMES[0]
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes((source / "a" / "wide.png").read_bytes())
    out = tiled(tmp_path / "in", tmp_path / "out")
    (key,) = [image["key"] for image in manifest(out)["images"]]
    assert key.startswith(f"{NAMES[0]}~")
    assert key.endswith("/a.png")
