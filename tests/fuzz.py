"""Damaged files by the thousand, for as long as one likes: `make fuzz TIME=600`.

Every round makes a folder of files from one seed, tiles it with the command, and holds the outcome against what is
promised of any input. A file that breaks a promise is kept in `.cache/fuzz/findings`, and every later call begins with
those; the seeds go on where the last call ended, so that no night does the work of another.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.guarantees import corpus
from tests.guarantees.command import codes, counts, dynres, images, temporaries, tile
from tests.guarantees.truth import frames_that_differ

KEPT = Path(".cache/fuzz")
FILES = 120
"""Files of one round: each run has its start-up, and each finding has to be sought among them."""
MOST_STDERR = 20_000
NEVER = {"worker_crash", "timeout", "output_error"}
"""Outcomes that a file of a few kilobytes may not have."""
EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def seeds() -> dict[str, bytes]:
    """One good file of every format and mode, with several frames where a format has them."""
    frames = [corpus.picture(seed=seed) for seed in range(3)]
    several = {"save_all": True, "append_images": frames[1:]}
    files = corpus.good_files()
    files["moving.webp"] = corpus.encoded(frames[0], format="WEBP", **several)
    files["moving.avif"] = corpus.encoded(frames[0], format="AVIF", **several)
    files["deflate.tif"] = corpus.encoded(frames[0], format="TIFF", compression="tiff_adobe_deflate", **several)
    files["clear.png"] = corpus.encoded(frames[0].convert("RGBA"), format="PNG")
    files["one.bmp"] = corpus.encoded(Image.fromarray(np.eye(40) > 0), format="BMP")
    files["cmyk.jpg"] = corpus.encoded(frames[0].convert("CMYK"), format="JPEG")
    return files


def extreme(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """A number of the file's structure becomes a number at the edge of its range."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        form = chance.choice(("<B", "<H", ">H", "<L", ">L"))
        width = struct.calcsize(form)
        at = chance.randrange(min(max(len(data) - width, 1), chance.choice((64, 512, 1 << 30))))
        if at + width <= len(changed):
            struct.pack_into(form, changed, at, chance.choice(EXTREMES) & (256**width - 1))
    return bytes(changed)


def doubled(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """A piece stands there twice, or is missing."""
    start = chance.randrange(len(data))
    end = min(len(data), start + chance.randrange(1, 200))
    return data[:end] + data[start:] if chance.random() < 0.5 else data[:start] + data[end:]


def with_right_checksums(data: bytes) -> bytes:
    """A PNG's chunks with checksums that fit them, so that damage gets further than to the first of them."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    whole, at = bytearray(data), 8
    while at + 12 <= len(whole):
        (length,) = struct.unpack_from(">L", whole, at)
        end = at + 8 + length
        if end + 4 > len(whole):
            break
        struct.pack_into(">L", whole, end, zlib.crc32(whole[at + 4 : end]))
        at = end + 4
    return bytes(whole)


def mutated(seed: int) -> Iterator[tuple[str, bytes]]:
    """The files of one round."""
    chance = random.Random(seed)
    good = list(seeds().items())
    for number in range(FILES):
        name, data = chance.choice(good)
        other = chance.choice(good)[1]
        for _ in range(chance.choice((1, 1, 2, 3))):
            way = chance.choice((extreme, extreme, doubled, corpus.flip, corpus.splice, corpus.cut))
            data = way(data, other, chance) or b"\0"
        yield f"{seed}_{number:03d}_{name}", with_right_checksums(data) if chance.random() < 0.7 else data


def broken_promise(folder: Path, room: Path) -> str | None:
    """What a run over a folder of files does that no run may do; None where all is as promised."""
    out = room / "out"
    done = tile(folder, out, "--frames", "all", "--timeout", "60")
    if done.returncode not in (0, 3):
        return f"exit {done.returncode}: {done.stderr[-500:]!r}"
    records = images(out)
    checked = dynres("verify", out, "--json")
    promises = {
        f"stderr is short and plain: {done.stderr[-500:]!r}": _is_short_and_plain(done.stderr),
        "every file has its record": {each["source"] for each in records.values()} == set(os.listdir(folder)),
        "the numbers agree": counts(done)["found"] == len(records),
        "no picture takes a worker with it": not NEVER & set(codes(out).values()),
        "nothing temporary is left": not temporaries(out),
        f"verify is content: {checked.stdout[:500]!r}": checked.returncode == 0,
    }
    broken = next((promise for promise, is_kept in promises.items() if not is_kept), None)
    return f"not so: {broken}" if broken else _compared(folder, out)


def _is_short_and_plain(stderr: bytes) -> bool:
    return len(stderr) < MOST_STDERR and b"Traceback" not in stderr and b"\x1b" not in stderr


def _compared(folder: Path, out: Path) -> str | None:
    """In a process of its own: what dynres survives may end the process that has Pillow alone."""
    context = multiprocessing.get_context("fork")
    told = context.SimpleQueue()
    process = context.Process(target=lambda: told.put(frames_that_differ(folder, out)))
    process.start()
    process.join(300)
    if process.exitcode != 0:
        process.kill()
        return None
    wrong = told.get()
    return f"these are not the pictures' tiles: {wrong[:3]}" if wrong else None


def findings(folder: Path) -> Iterator[tuple[Path, str]]:
    """The files of a folder that break a promise when they are alone."""
    for path in sorted(folder.iterdir()):
        with tempfile.TemporaryDirectory() as room:
            (Path(room) / "in").mkdir()
            (Path(room) / "in" / path.name).write_bytes(path.read_bytes())
            told = broken_promise(Path(room) / "in", Path(room))
        if told is not None:
            yield path, told


def keep(data: bytes, name: str, told: str) -> None:
    """Put a file where every later call begins, with what it does."""
    place = KEPT / "findings"
    place.mkdir(parents=True, exist_ok=True)
    stem = hashlib.sha256(data).hexdigest()[:16]
    (place / f"{stem}_{name}").write_bytes(data)
    (KEPT / f"{stem}.json").write_text(json.dumps({"file": name, "told": told}) + "\n", "utf-8")
    print(f"finding {place / stem}_{name}: {told}", flush=True)


def one_round(seed: int) -> bool:
    """Make and tile the files of one seed; whether all is as promised."""
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room) / "in"
        corpus.write_all(folder, mutated(seed))
        told = broken_promise(folder, Path(room))
        if told is None:
            return True
        alone = list(findings(folder))
        for path, why in alone:
            keep(path.read_bytes(), path.name, why)
        if not alone:
            print(f"finding of all files of seed {seed} together: {told}", flush=True)
            (KEPT / f"seed-{seed}.json").write_text(json.dumps({"seed": seed, "told": told}) + "\n", "utf-8")
    return False


def main(arguments: list[str]) -> int:
    """Rounds until the time is over; exit 1 where something was found."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, help="one round of this seed, and no other")
    asked = parser.parse_args(arguments)
    (KEPT / "findings").mkdir(parents=True, exist_ok=True)
    if asked.seed is not None:
        return 0 if one_round(asked.seed) else 1
    again = [(path, told) for path, told in findings(KEPT / "findings")]
    for path, told in again:
        print(f"still a finding: {path}: {told}", flush=True)
    counter = KEPT / "next-seed"
    seed = int(counter.read_text("ascii")) if counter.exists() else 1
    found, rounds, deadline = len(again), 0, time.monotonic() + asked.seconds
    while time.monotonic() < deadline:
        found += not one_round(seed)
        seed, rounds = seed + 1, rounds + 1
        counter.write_text(f"{seed}\n", "ascii")
    print(f"{rounds:,} rounds, {rounds * FILES:,} files, seeds up to {seed - 1}; {found} findings", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[1])
    sys.exit(main(sys.argv[1:]))
