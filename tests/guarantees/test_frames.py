"""Guarantees 19 and 32 under --frames all: every frame is a picture of its own, with its own place, record and fate."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from tests.guarantees import corpus
from tests.guarantees.command import codes, counts, dynres, images, tile
from tests.guarantees.truth import frames_that_differ

MOVING: dict[str, dict[str, Any]] = {
    "a.gif": {"format": "GIF"},
    "b.png": {"format": "PNG"},
    "c.webp": {"format": "WEBP", "lossless": True},
    "d.avif": {"format": "AVIF"},
    "e.tif": {"format": "TIFF"},
    "f.mpo": {"format": "MPO"},
}
ALL = ("--frames", "all")


def moving(count: int = 3, **how: object) -> bytes:
    """A file of so many pictures, no two alike."""
    frames = [corpus.picture(seed=number) for number in range(count)]
    return corpus.encoded(frames[0], save_all=True, append_images=frames[1:], **how)


def frame_key(name: str, number: int) -> str:
    """Where a frame is put."""
    return f"{name}/frame_{number:05d}"


def verified(out: Path, *more: str | Path) -> dict[str, Any]:
    """What `dynres verify --json` says."""
    told: dict[str, Any] = json.loads(dynres("verify", out, "--json", *more).stdout)
    return told


def test_every_frame_of_every_format_is_tiled_as_pillow_shows_it(tmp_path: Path) -> None:
    """Guarantee 32: three frames of each of six formats, a still one and names that sort between: all 20 are right."""
    files = {name: moving(**how) for name, how in MOVING.items()}
    stills = {"a.gif.png": corpus.good_files()["plain.png"], "still.jpg": corpus.good_files()["baseline.jpg"]}
    corpus.write_all(tmp_path / "in", files | stills)
    done = tile(tmp_path / "in", tmp_path / "out", *ALL)
    assert done.returncode == 0, done.stderr
    assert counts(done)["tiled"] == 20
    records = images(tmp_path / "out")
    assert list(records) == sorted([*stills, *(frame_key(name, number) for name in MOVING for number in range(3))])
    assert frames_that_differ(tmp_path / "in", tmp_path / "out") == []
    for name in files:
        for number in range(3):
            record = records[frame_key(name, number)]
            assert (record["source"], record["frame"]) == (name, number)
            assert "animated:3" in record["flags"]
    assert "frame" not in records["still.jpg"]


def test_whatever_reads_an_output_goes_on_working_with_frames(tmp_path: Path) -> None:
    """Guarantee 32: plan counts as the run does; verify, join, map, stats and report are content."""
    corpus.write_all(tmp_path / "in", {name: moving(**how) for name, how in MOVING.items()})
    corpus.write_all(tmp_path / "in", {"a.gif.png": corpus.good_files()["plain.png"]})
    out = tmp_path / "out"
    run = counts(tile(tmp_path / "in", out, *ALL))
    planned = json.loads(dynres("plan", tmp_path / "in", *ALL, "--image-size", "28", "--max-num", "4", "--json").stdout)
    assert (planned["images"], planned["tiles"], planned["total"]) == (run["tiled"], run["tiles"], run["total"])
    told = verified(out, "--against", "pillow", "--source", tmp_path / "in")
    assert (told["findings"], told["ok"]) == ([], told["files"])
    assert dynres("join", out, tmp_path / "joined").returncode == 0
    assert (tmp_path / "joined" / "e.tif" / "frame_00002.png").exists()
    assert dynres("report", out, "--source", tmp_path / "in").returncode == 0
    assert json.loads(dynres("stats", out, "--json").stdout)["tiled"] == 19
    (tmp_path / "boxes").write_text('{"id": 1, "key": "b.png/frame_00001", "box": [0, 0, 9, 9]}\n')
    mapped = dynres("map", out, tmp_path / "boxes", "--from", "original", "--to", "tile")
    assert mapped.returncode == 0, mapped.stderr


def test_a_damaged_frame_is_a_failed_record_of_its_own(tmp_path: Path) -> None:
    """Guarantee 32: the middle page of a TIFF and the last frame of a GIF are damaged: the others are tiled as ever."""
    tif = corpus.encoded(
        corpus.picture(seed=0),
        format="TIFF",
        compression="tiff_adobe_deflate",
        save_all=True,
        append_images=[corpus.picture(seed=seed) for seed in (1, 2)],
    )
    start = strip_of(tif, 1)
    pages = tif[:start] + b"\xff" * 40 + tif[start + 40 :]
    gif = moving(format="GIF")
    corpus.write_all(tmp_path / "in", {"pages.tif": pages, "cut.gif": gif[:-300]})
    done = tile(tmp_path / "in", tmp_path / "out", *ALL)
    assert done.returncode == 3
    assert counts(done)["found"] == 6
    outcomes = codes(tmp_path / "out")
    assert outcomes.pop("pages.tif/frame_00001") == "corrupt"
    assert outcomes.pop("cut.gif/frame_00002") == "truncated"
    assert set(outcomes.values()) == {"tiled"}
    assert images(tmp_path / "out")["pages.tif/frame_00001"]["frame"] == 1
    assert verified(tmp_path / "out")["findings"] == []
    alone = tile(tmp_path / "in", tmp_path / "first")
    assert alone.returncode == 0, "the first frames are whole"


def strip_of(tif: bytes, page: int) -> int:
    """Where the pixels of a page of a little-endian TIFF begin."""
    (at,) = struct.unpack_from("<L", tif, 4)
    for _ in range(page):
        (entries,) = struct.unpack_from("<H", tif, at)
        (at,) = struct.unpack_from("<L", tif, at + 2 + 12 * entries)
    return tag_of(tif, at, 273)[1]


def tag_of(tif: bytes, directory: int, wanted: int) -> tuple[int, int]:
    """Where the value of a tag stands, and the value."""
    (entries,) = struct.unpack_from("<H", tif, directory)
    for number in range(entries):
        at = directory + 2 + 12 * number
        tag, kind = struct.unpack_from("<HH", tif, at)
        if tag == wanted:
            return at + 8, struct.unpack_from("<H" if kind == 3 else "<L", tif, at + 8)[0]
    raise AssertionError(wanted)


def test_a_later_frame_that_is_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    """Guarantee 32: a second page of 60,000×60,000 and a GIF frame far beyond its canvas are refused unseen."""
    tif = bytearray(moving(format="TIFF"))
    (first,) = struct.unpack_from("<L", tif, 4)
    (entries,) = struct.unpack_from("<H", tif, first)
    (second,) = struct.unpack_from("<L", tif, first + 2 + 12 * entries)
    for tag in (256, 257):
        at = tag_of(bytes(tif), second, tag)[0]
        struct.pack_into("<HLL", tif, at - 6, 4, 1, 60_000)
    gif = moving(format="GIF")
    at = gif.rfind(b"\x2c\0\0\0\0\x3c\0\x28\0")
    huge = gif[:at] + b"\x2c" + struct.pack("<HHHH", 65_000, 65_000, 60, 40) + gif[at + 9 :]
    corpus.write_all(tmp_path / "in", {"pages.tif": bytes(tif), "grows.gif": huge})
    done = tile(tmp_path / "in", tmp_path / "out", *ALL)
    assert done.returncode == 3, done.stderr
    outcomes = codes(tmp_path / "out")
    assert outcomes.pop("pages.tif/frame_00001") == "too_many_pixels"
    assert outcomes.pop("grows.gif/frame_00002") == "too_many_pixels"
    assert list(outcomes.values()) == ["tiled"] * 4


def test_a_file_with_more_frames_than_allowed_is_refused_whole(tmp_path: Path) -> None:
    """Guarantee 19: 5,000 frames are one failure under --frames all; a higher --max-frames takes the file apart."""
    corpus.write_all(tmp_path / "in", {"many.gif": corpus.many_frames(5000), "few.gif": moving(4, format="GIF")})
    done = tile(tmp_path / "in", tmp_path / "out", *ALL, "--max-frames", "3")
    assert counts(done)["found"] == 2
    assert codes(tmp_path / "out") == {"few.gif": "not_tileable", "many.gif": "not_tileable"}
    assert b"--max-frames" in done.stderr
    counted = ("--image-size", "28", "--max-num", "4", "--max-frames", "4")
    planned = json.loads(dynres("plan", tmp_path / "in", *ALL, *counted, "--json").stdout)
    done = tile(tmp_path / "in", tmp_path / "out", *ALL, "--max-frames", "4")
    assert counts(done)["found"] == planned["images"] == 5
    assert codes(tmp_path / "out") == {
        "many.gif": "not_tileable",
        **{frame_key("few.gif", n): "tiled" for n in range(4)},
    }
    assert verified(tmp_path / "out")["findings"] == []


def test_a_run_goes_on_frame_by_frame(tmp_path: Path) -> None:
    """Guarantees 2 and 32: one frame lost its record: it alone is made again; what stood there first goes."""
    corpus.write_all(tmp_path / "in", {"a.gif": moving(format="GIF"), "b.tif": moving(format="TIFF")})
    out = tmp_path / "out"
    assert tile(tmp_path / "in", out).returncode == 0
    assert set(images(out)) == {"a.gif", "b.tif"}
    assert counts(tile(tmp_path / "in", out, *ALL))["tiled"] == 6
    assert verified(out)["findings"] == []
    whole = (out / "manifest.json").read_bytes()
    before = {path: path.stat().st_ino for path in out.rglob("*.npy")}
    (out / "b.tif" / "frame_00001" / "grid.json").unlink()
    summary = counts(tile(tmp_path / "in", out, *ALL))
    assert (summary["tiled"], summary["skipped"]) == (1, 5)
    changed = {path for path in before if path.stat().st_ino != before[path]}
    assert {path.parent.name for path in changed} == {"frame_00001"}
    assert (out / "manifest.json").read_bytes() == whole
    assert tile(tmp_path / "in", out).returncode == 0
    assert (set(images(out)), verified(out)["findings"]) == ({"a.gif", "b.tif"}, [])


def test_shards_share_the_frames_and_inspect_shows_each(tmp_path: Path) -> None:
    """Guarantees 29 and 32: two shards together have the nine frames of one run, and inspect nine lines."""
    corpus.write_all(tmp_path / "in", {"a.gif": moving(5, format="GIF"), "b.png": moving(4, format="PNG")})
    assert tile(tmp_path / "in", tmp_path / "one", *ALL).returncode == 0
    (tmp_path / "all").mkdir()
    for shard in ("1", "2"):
        assert tile(tmp_path / "in", tmp_path / "all" / shard, *ALL, "--shard", f"{shard}/2").returncode == 0
    merged = dynres("merge", tmp_path / "all" / "1", tmp_path / "all" / "2", "-o", tmp_path / "all")
    assert merged.returncode == 0, merged.stderr
    parts, whole = images(tmp_path / "all"), images(tmp_path / "one")
    assert list(parts) == list(whole)
    assert [parts[key]["tokens"] for key in parts] == [whole[key]["tokens"] for key in whole]
    shown = dynres("inspect", tmp_path / "in" / "a.gif", tmp_path / "in" / "b.png", *ALL, "--json").stdout
    lines = [json.loads(line) for line in shown.splitlines()]
    assert [line["frame"] for line in lines] == [0, 1, 2, 3, 4, 0, 1, 2, 3]


def test_frames_that_a_file_has_no_longer_leave_nothing_behind(tmp_path: Path) -> None:
    """Guarantee 2: five pictures become three, one, and a damaged file: verify finds no stranger after any of them."""
    source, out = tmp_path / "in", tmp_path / "out"
    cut = moving(5, format="GIF")[:-200]
    for data, fate in ((moving(5, format="GIF"), 0), (moving(3, format="GIF"), 0), (moving(1, format="GIF"), 0)):
        corpus.write_all(source, {"a.gif": data})
        assert tile(source, out, *ALL).returncode == fate
        assert verified(out)["findings"] == []
    for data, how in ((moving(4, format="GIF"), ALL), (cut[:300], ("--frames", "first"))):
        corpus.write_all(source, {"a.gif": data})
        tile(source, out, *how)
        assert verified(out)["findings"] == []
