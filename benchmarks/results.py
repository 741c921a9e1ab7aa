"""Turns the benchmark's saved readings into benchmarks/RESULTS.md and the figure stages.png.

python benchmarks/results.py
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from bars import BARS, Bar
from family_costs import family_table

HERE = Path(__file__).resolve().parent
Readings = dict[str, Any]

HEAD = """\
# Results of the benchmark

Made by `make bench` from the raw readings in `results/`; do not edit. Every line compares two programs that took turns
on the same files within the same minutes. The reference script is [reference.py](reference.py), which is never tuned;
the pictures are made by [corpus.py](corpus.py). A ratio is the reference's time over dynres's, unless the line says
otherwise: higher is better. The spread is the smallest and the largest value of the rounds.
"""


def load() -> list[Readings]:
    """Every saved run, oldest first."""
    paths = sorted((HERE / "results").glob("*.json"), key=lambda path: (path.stem[:10], int(path.stem[11:])))
    return [json.loads(path.read_text("utf-8")) for path in paths]


def median(readings: Readings | None, key: str) -> float | None:
    """A row's middle value, if that run has the row."""
    row = (readings or {}).get("rows", {}).get(key)
    return statistics.median(row["values"]) if row else None


def spread(bar: Bar, values: list[float]) -> str:
    """The smallest and the largest value, if there is more than one."""
    if len(values) < 2:
        return "(1)"
    return f"{bar.shown(min(values))} – {bar.shown(max(values))} ({len(values)})"


def line(key: str, runs: list[Readings]) -> str:
    """One row of the table: what the newest run that has it measured, and the one before that."""
    readings, before = ([run for run in reversed(runs) if key in run["rows"]] + [{}, {}])[:2]
    bar, middle, earlier = BARS[key], median(readings, key), median(before, key)
    if middle is None:
        return ""
    cells = [
        bar.title,
        "" if bar.must is None else bar.shown(bar.must).replace(".00 ", " "),
        "" if bar.aim is None else bar.shown(bar.aim).replace(".00 ", " "),
        f"**{bar.shown(middle)}**",
        spread(bar, readings["rows"][key]["values"]),
        "" if earlier is None else bar.shown(earlier),
        bar.verdict(middle),
    ]
    return f"| {' | '.join(cells)} |"


def table(runs: list[Readings]) -> str:
    """Every bar with what was measured last, and what the run before that measured."""
    head = [
        "| what | must | aim | measured | spread (rounds) | run before | |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join(head + [text for key in BARS if (text := line(key, runs))])


def stage_table(stages: dict[str, dict[str, float]]) -> str:
    """Milliseconds an image, a line a stage and a column a program."""
    names = list(stages)
    kinds = list(dict.fromkeys(stage for one in stages.values() for stage in one))
    lines = [f"| ms an image | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for kind in kinds:
        cells = (f"{stages[name][kind]:.1f}" if kind in stages[name] else "" for name in names)
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    totals = (f"**{sum(stages[name].values()):.1f}**" for name in names)
    return "\n".join([*lines, f"| all stages | {' | '.join(totals)} |"])


def facts(readings: Readings) -> str:
    """When, how and on what it was measured."""
    pictures, size = readings["corpus"]["pictures"], readings["corpus"]["bytes"] / 1e6
    told = {"date": readings["date"], "command": f"`{readings['command']}`"}
    told |= {"pictures": f"{pictures} files, {size:.0f} MB", **readings["machine"]}
    return "\n".join(f"* {name}: {value}" for name, value in told.items())


def page(runs: list[Readings]) -> str:
    """The whole of RESULTS.md: each row and the stages as they were measured last."""
    parts = [HEAD, facts(runs[-1]), *earlier_commands(runs), "", table(runs), ""]
    stages = last(runs, "stages")
    if stages:
        parts += ["## Where the time goes", "", "![Milliseconds an image by stage](stages.png)", ""]
        parts += [stage_table(stages), ""]
    costs = last(runs, "families")
    if costs:
        parts += ["## What a family costs", "", family_table(costs), ""]
    return "\n".join(parts)


def shown(runs: list[Readings]) -> list[Readings]:
    """The runs that have something in the tables: for each row the newest two, for each table the newest."""
    with_row = [[run for run in runs if key in run["rows"]][-2:] for key in BARS]
    with_table = [[run for run in runs if run.get(name)][-1:] for name in ("stages", "families")]
    return [run for several in (*with_row, *with_table) for run in several]


def earlier_commands(runs: list[Readings]) -> list[str]:
    """The commands of the runs whose readings stand in the table beside the newest one's."""
    told = [f"* run before: `{run['command']}`, {run['date']}" for run in reversed(runs[:-1]) if run in shown(runs)]
    return [*told, "", "A run measures what it was asked for; a row tells the newest two runs that have it."]


def last(runs: list[Readings], table: str) -> Any:  # noqa: ANN401 - each table has its own form
    """A table of the newest run that has it."""
    return next((run[table] for run in reversed(runs) if run.get(table)), None)


def publish() -> None:
    """Write RESULTS.md, and the figure where matplotlib is installed."""
    runs = load()
    (HERE / "RESULTS.md").write_text(page(runs), "utf-8")
    try:
        import figure
    except ImportError:
        print("stages.png was not drawn: it needs matplotlib (pip install -e '.[bench]')")
        return
    if stages := last(runs, "stages"):
        figure.draw(stages, HERE / "stages.png")


if __name__ == "__main__":
    publish()
