"""The rows of single pictures in memory: each side is a process that stays, asked for one picture after the other."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from measure import ONE_THREAD, environment
from rows import HERE, Bench, Row, Rows, ratio


@contextmanager
def side(python: Path, name: str) -> Iterator[Callable[[Path], float]]:
    """A process that times one picture after the other in memory; see side.py."""
    command = [str(python), str(HERE / "side.py"), name]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment(ONE_THREAD)) as process:
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError(name)
        stdout.readline()

        def ask(path: Path) -> float:
            stdin.write(f"{path}\n")
            stdin.flush()
            return float(json.loads(stdout.readline())["seconds"])

        yield ask
        stdin.close()


@contextmanager
def sides(pythons: dict[str, Path], paths: list[Path]) -> Iterator[dict[str, Callable[[Path], float]]]:
    """Several such processes, warmed up on the first pictures."""
    with ExitStack() as stack:
        asks = {name: stack.enter_context(side(python, name)) for name, python in pythons.items()}
        for ask in asks.values():
            for path in paths[:3]:
                ask(path)
        yield asks


def load(bench: Bench) -> Rows:
    """load_image against what people use instead; all sides take their turn on every picture."""
    here = Path(sys.executable)
    pythons = {"dynres": here, "plain": here}
    if bench.torch_python:
        pythons |= {"hf-pil": bench.torch_python, "hf-torchvision": bench.torch_python}
    readings: dict[str, list[float]] = {name: [] for name in pythons}
    with sides(pythons, bench.paths) as asks:
        for _ in bench.rounds(5, 2):
            one = [{name: ask(path) for name, ask in asks.items()} for path in bench.paths]
            for name in pythons:
                readings[name].append(sum(seconds[name] for seconds in one))
    rows = {"load-plain": ratio(readings, "plain", "dynres")}
    if bench.torch_python:
        rows["load-torchvision"] = ratio(readings, "hf-torchvision", "dynres")
        rows["load-pil"] = ratio(readings, "hf-pil", "dynres")
    return rows


def resize(bench: Bench) -> Rows:
    """From decoded pixels to tiles and thumbnail: every value is one photograph's median ratio."""
    here = Path(sys.executable)
    values = []
    readings: dict[str, list[float]] = {"pillow": [], "dynres": []}
    with sides({"dynres-resize": here, "pillow-resize": here}, bench.paths) as asks:
        for path in bench.paths:
            pairs = [(asks["pillow-resize"](path), asks["dynres-resize"](path)) for _ in bench.rounds(5, 3)]
            values.append(statistics.median(pillow / ours for pillow, ours in pairs))
            readings["pillow"].append(statistics.median(pillow for pillow, _ in pairs))
            readings["dynres"].append(statistics.median(ours for _, ours in pairs))
    return {"resize": Row(values, readings)}
