"""A run over millions of images that are not there: a made-up listing and a sink that keeps nothing, all else is real.

The listing goes through the run's own spool, every item through the engine and back into the tally, every record's line
through the parser and the volumes of the manifest. What is not simulated is what does not grow with the number of
images: reading, tiling and writing one. After every step the driver's memory and the seconds so far are printed.

    python benchmarks/simulate.py [--keys 10000000] [--step 1000000] [--engine processes] [--out FILE]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import machine  # noqa: E402 - the path comes first

from dynres_cli.engines import ENGINES  # noqa: E402 - the path comes first
from dynres_cli.engines.contract import Admit, EngineLimits, Outcome, Watch  # noqa: E402 - the path comes first
from dynres_cli.items import Item, Tiled  # noqa: E402
from dynres_cli.keys import KeyShard  # noqa: E402
from dynres_cli.manifest import VOLUME_IMAGES, FileEntry, GridEntry, SizeEntry, TiledRecord, line  # noqa: E402
from dynres_cli.operations.counts import Counts  # noqa: E402
from dynres_cli.operations.publishing import Lines  # noqa: E402
from dynres_cli.operations.spool import Spool  # noqa: E402
from dynres_cli.operations.tally import Tally  # noqa: E402

A_FOLDER = 10_000
MEGABYTE = 1e6
NO_SHA256 = "0" * 64


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a phase stood after so many images."""

    phase: str
    images: int
    seconds: float
    processor_seconds: float
    """The driver's own; on a machine that does other things too only these tell whether time is linear."""
    megabytes: float
    """Resident in the driver, its workers not counted."""


class Nowhere(io.RawIOBase):
    """A file that takes everything and keeps nothing."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        return len(data)


class Meter:
    """Notes the driver's memory and the time of a phase, step by step."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.readings: list[Reading] = []
        self.begin()

    def begin(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def see(self, phase: str, images: int) -> None:
        if images % self.step == 0:
            seconds, processor = time.perf_counter() - self._start[0], time.process_time() - self._start[1]
            found = Reading(phase, images, round(seconds, 2), round(processor, 2), round(resident() / MEGABYTE, 1))
            self.readings.append(found)
            print(f"{phase:9} {images:>12,} {seconds:9.1f} s {processor:9.1f} s {found.megabytes:8.1f} MB", flush=True)


def resident() -> int:
    """Bytes that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    """The most bytes that this process has held so far."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def listing(count: int) -> Iterator[Item]:
    """Keys as a bucket of shards would list them, in their order; nothing of them is held."""
    for number in range(count):
        key = f"part-{number // A_FOLDER:06d}/{number:010d}.jpg"
        yield Item(key, key, f"/data/{key}")


def tiled(item: Item, _admit: Admit) -> Outcome:
    """What a worker answers for an ordinary image, at once."""
    return Tiled(item.key, tiles=6, total=7, tokens=1792, grid="3x2", bytes_written=22_000_000)


def record() -> TiledRecord:
    """The record of an ordinary image of which the tensor alone was written."""
    tensor = FileEntry(
        "KEY/pixel_values.npy", "tensor", shape=(7, 3, 448, 448), dtype="float32", bytes=16_859_264, sha256=NO_SHA256
    )
    return TiledRecord(
        key="KEY",
        source="KEY",
        bytes=75_579,
        sha256=NO_SHA256,
        format="JPEG",
        mode="RGB",
        width=600,
        height=400,
        orientation=1,
        oriented=False,
        preset="internvl2",
        strategy="internvl",
        params={"image_size": 448, "min_num": 1, "max_num": 12, "thumbnail": True},
        grid=GridEntry(3, 2),
        canvas=SizeEntry(1344, 896),
        tiles=6,
        thumbnail=True,
        total=7,
        tokens=1792,
        flags=("upscaled:2.2x",),
        files=(tensor,),
    )


def simulate(count: int, engine: str, meter: Meter, volume: int) -> dict[str, object]:
    """List, run and compile so many images; what the phases came to."""
    with closing(Spool(seen(listing(count), "listing", meter), KeyShard())) as spool:
        meter.begin()
        tally = Tally()
        outcomes = ENGINES[engine]()(tiled, spool, EngineLimits(jobs=2), Watch())
        for number, outcome in enumerate(outcomes, start=1):
            tally.add(outcome)
            meter.see("run", number)
        meter.begin()
        lines, counts = Lines(Nowhere(), count, volume), Counts()  # type: ignore[arg-type]
        template = line(record()).encode()
        for number, item in enumerate(spool, start=1):
            text = template.replace(b"KEY", item.key.encode())
            counts.add_line(text, item.key)
            lines.add(text)
            meter.see("manifest", number)
    if not count == tally.tiled == counts.tiled == lines.count:
        sys.exit(f"{count:,} images went in, and {tally.tiled:,} and {counts.tiled:,} came out")
    return {
        "keys": count,
        "engine": engine,
        "volumes": len(lines.volumes),
        "manifest_bytes": sum(each.bytes for each in lines.volumes),
        "peak_megabytes": round(peak() / MEGABYTE, 1),
        "readings": [asdict(reading) for reading in meter.readings],
    }


def seen(items: Iterator[Item], phase: str, meter: Meter) -> Iterator[Item]:
    """The same items, with the meter looking on."""
    meter.begin()
    for number, item in enumerate(items, start=1):
        yield item
        meter.see(phase, number)


def main() -> None:
    """Simulate, print, and keep the readings where that is asked for."""
    parser = argparse.ArgumentParser(description="Run over images that are not there.")
    parser.add_argument("--keys", type=int, default=10_000_000, metavar="N")
    parser.add_argument("--step", type=int, default=1_000_000, metavar="N", help="images between two readings")
    parser.add_argument("--volume", type=int, default=VOLUME_IMAGES, metavar="N", help="images a manifest volume")
    parser.add_argument("--engine", choices=("processes", "serial"), default="processes")
    parser.add_argument("--out", type=Path, help="write the readings there as JSON")
    given = parser.parse_args()
    found = simulate(given.keys, given.engine, Meter(given.step), given.volume)
    found["command"] = f"python benchmarks/simulate.py --keys {given.keys} --engine {given.engine}"
    found |= machine.when_and_where()
    print(f"peak {found['peak_megabytes']} MB; {found['volumes']} volumes, {found['manifest_bytes']:,} bytes")
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
