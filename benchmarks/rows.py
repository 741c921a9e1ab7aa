"""The rows of the benchmark: each runs both sides in turn on the same files and returns the ratios, round by round."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from measure import ONE_THREAD, ROOT, run

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Bench:
    """What every row needs: the pictures, room to write, how many rounds, and a Python with torch, if there is one."""

    corpus: Path
    scratch: Path
    quick: bool
    torch_python: Path | None

    def rounds(self, full: int, quick: int) -> range:
        return range(quick if self.quick else full)

    @property
    def paths(self) -> list[Path]:
        return sorted(self.corpus.iterdir())


@dataclass(frozen=True, slots=True)
class Row:
    """One measured line: a value for every round, and the raw readings that they come from."""

    values: list[float]
    raw: dict[str, list[float]] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.values)


Rows = dict[str, Row]
Timed = Callable[[], float]


def dynres(*arguments: str | Path) -> list[str]:
    """The command as a user types it, or as a module where it is not installed."""
    script = Path(sys.executable).with_name("dynres")
    start = [str(script)] if script.exists() else [sys.executable, "-m", "dynres_cli"]
    return [*start, *map(str, arguments)]


def reference(*arguments: str | Path) -> list[str]:
    """The plain script."""
    return [sys.executable, str(HERE / "reference.py"), *map(str, arguments)]


@contextmanager
def room(bench: Bench) -> Iterator[Path]:
    """A path to write to, whose files are emptied afterwards, so that the disk is not busy with them in the next turn.

    They stay until the end: for minutes after files are removed, ext4 looks long for a free place for each new one,
    whichever side makes it.
    """
    spent = bench.scratch / "spent"
    spent.mkdir(exist_ok=True)
    out = bench.scratch / "out"
    yield out
    for path in out.rglob("*"):
        if path.is_file():
            os.truncate(path, 0)
    if out.exists():
        out.rename(spent / str(len(list(spent.iterdir()))))


def tiled(bench: Bench, *options: str, pictures: Path | None = None) -> Timed:
    """A run of `dynres tile` over the corpus, or over other pictures, to be timed."""

    def timed() -> float:
        with room(bench) as out:
            return run(dynres("tile", pictures or bench.corpus, out, "-q", *options)).seconds

    return timed


def plainly(bench: Bench, *options: str) -> Timed:
    """A run of the reference script over the corpus, to be timed."""

    def timed() -> float:
        with room(bench) as out:
            return run(reference(bench.corpus, out, *options)).seconds

    return timed


def interleave(sides: dict[str, Timed], rounds: range) -> dict[str, list[float]]:
    """Every side once a round; each round starts with another side, so that none always comes after the same one."""
    readings: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)
    for number in rounds:
        start = number % len(names)
        for name in names[start:] + names[:start]:
            readings[name].append(sides[name]())
    return readings


def ratio(readings: dict[str, list[float]], over: str, under: str) -> Row:
    """One side's seconds over the other's, round by round."""
    values = [above / below for above, below in zip(readings[over], readings[under], strict=True)]
    return Row(values, {name: readings[name] for name in (over, under)})


def files(bench: Bench) -> Rows:
    """The whole job on one core and on two; the same runs tell how both sides scale."""
    sides = {
        "reference": plainly(bench),
        "dynres -j 1": tiled(bench, "-j", "1"),
        "reference, Pool(2)": plainly(bench, "--pool", "2"),
        "dynres -j 2": tiled(bench, "-j", "2"),
    }
    readings = interleave(sides, bench.rounds(9, 2))
    return {
        "files-j1": ratio(readings, "reference", "dynres -j 1"),
        "files-j2": ratio(readings, "reference, Pool(2)", "dynres -j 2"),
        "scaling": scaling(readings),
    }


def scaling(readings: dict[str, list[float]]) -> Row:
    """How dynres scales over how the reference does, round by round."""
    ours = ratio(readings, "dynres -j 1", "dynres -j 2").values
    theirs = ratio(readings, "reference", "reference, Pool(2)").values
    return Row([a / b for a, b in zip(ours, theirs, strict=True)], {"dynres": ours, "reference": theirs})


def long_runs(bench: Bench) -> Rows:
    """How both scale once a run lasts: dynres is given every picture four times, the reference once.

    Starting Python is a seventh of dynres's run over the corpus on two cores, and a hundredth of the reference's.
    """
    many = bench.scratch / "fourfold"
    for copy in range(4):
        (many / str(copy)).mkdir(parents=True)
        for path in bench.paths:
            os.link(path, many / str(copy) / path.name)
    sides = {
        "reference": plainly(bench),
        "dynres -j 1": tiled(bench, "-j", "1", pictures=many),
        "reference, Pool(2)": plainly(bench, "--pool", "2"),
        "dynres -j 2": tiled(bench, "-j", "2", pictures=many),
    }
    return {"scaling-long": scaling(interleave(sides, bench.rounds(9, 1)))}


def png_only(bench: Bench) -> Rows:
    """Tiles without tensors."""
    sides = {"reference": plainly(bench, "--no-tensor"), "dynres": tiled(bench, "-j", "1", "--tensor", "none")}
    return {"png-only": ratio(interleave(sides, bench.rounds(3, 1)), "reference", "dynres")}


def tensor_only(bench: Bench) -> Rows:
    """Tensors without tiles."""
    sides = {"reference": plainly(bench, "--no-png"), "dynres": tiled(bench, "-j", "1", "--tiles", "none")}
    return {"tensor-only": ratio(interleave(sides, bench.rounds(5, 2)), "reference", "dynres")}


def level_1(bench: Bench) -> Rows:
    """What a user who knows about compression levels would have."""
    sides = {"reference": plainly(bench, "--compress-level", "1"), "dynres": tiled(bench, "-j", "1")}
    return {"level-1": ratio(interleave(sides, bench.rounds(3, 1)), "reference", "dynres")}


def no_fsync(bench: Bench) -> Rows:
    """What it costs that files survive a power cut."""
    sides = {"with fsync": tiled(bench, "-j", "1"), "without": tiled(bench, "-j", "1", "--no-fsync")}
    return {"no-fsync": ratio(interleave(sides, bench.rounds(5, 2)), "with fsync", "without")}


def floor(bench: Bench) -> Rows:
    """The whole command, Python's start included, over the decoding and writing that nobody can avoid.

    The floor leaves its files to the page cache, so dynres is told not to wait for the disk either. It is run twice,
    and the second time counts: a virtual machine gives memory that lies idle back to its host, and to have it back may
    take three times as long as all the floor's work. After the first time it is at hand.
    """
    finished = bench.scratch / "finished"
    shutil.rmtree(finished, ignore_errors=True)
    run(dynres("tile", bench.corpus, finished, "-q"))

    def once() -> float:
        with room(bench) as out:
            command = [sys.executable, str(HERE / "floor.py"), str(bench.corpus), str(finished), str(out)]
            return float(json.loads(run(command).output)["seconds"])

    def least() -> float:
        once()
        return once()

    sides = {"dynres": tiled(bench, "-j", "1", "--no-fsync"), "floor": least}
    rows = {"floor": ratio(interleave(sides, bench.rounds(5, 3)), "dynres", "floor")}
    shutil.rmtree(finished)
    return rows


def start_up(bench: Bench) -> Rows:
    """The quick commands, in milliseconds: the best of five, as a user who types twice meets it."""
    commands = {
        "help": dynres("--help"),
        "tile-help": dynres("tile", "--help"),
        "inspect": dynres("inspect", ROOT / "samples" / "astronaut.jpg"),
    }
    timed = {name: lambda command=command: run(command).seconds * 1000 for name, command in commands.items()}
    readings = interleave(timed, bench.rounds(5, 5))
    return {name: Row([min(values)], {"milliseconds": values}) for name, values in readings.items()}


def stages(bench: Bench) -> dict[str, dict[str, float]]:
    """Milliseconds an image by stage, on one core: as `--profile` and the reference script themselves count them."""
    commands = {
        "reference script": lambda out: reference(bench.corpus, out),
        "reference at level 1": lambda out: reference(bench.corpus, out, "--compress-level", "1"),
        "dynres": lambda out: dynres("tile", bench.corpus, out, "-j", "1", "--profile", "--json"),
    }
    found: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for _ in bench.rounds(3, 1):
        for name, command in commands.items():
            with room(bench) as out:
                found[name].append(json.loads(run(command(out)).output)["stages"])
    images = len(bench.paths)
    return {
        name: {stage: 1000 / images * statistics.median(one[stage] for one in rounds) for stage in rounds[0]}
        for name, rounds in found.items()
    }


def families(bench: Bench) -> list[dict[str, float | str]]:
    """What every preset costs on the same pictures; see families.py."""
    rounds = len(bench.rounds(15, 5))
    command = [sys.executable, str(HERE / "families.py"), str(bench.corpus), str(rounds)]
    return list(json.loads(run(command, ONE_THREAD).output))
