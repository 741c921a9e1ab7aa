"""Draws the stages of dynres and of the reference script side by side."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # no screen is needed to write a file

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

COLOURS = {
    "decode": "#4c78a8",
    "render": "#72b7b2",
    "normalise": "#d8a31a",
    "png": "#e45756",
    "write": "#9d755d",
}
OTHER = "#bab0ac"
INK, FAINT = "#333333", "#dddddd"
Stages = dict[str, float]


def draw(stages: dict[str, Stages], path: Path) -> None:
    """Above: all programs on one scale. Below: dynres alone, enlarged."""
    mpl.rcParams.update({"font.size": 10, "text.color": INK, "axes.labelcolor": INK, "ytick.color": INK})
    heights = [len(stages) + 0.6, 1.6]
    figure, (whole, close) = plt.subplots(2, 1, figsize=(9, 4.6), height_ratios=heights, layout="constrained")
    names = list(reversed(stages))
    for row, name in enumerate(names):
        bar(whole, row, stages[name], total(stages["reference script"]))
    whole.set_yticks(range(len(names)), names)
    bar(close, 0, stages["dynres"], total(stages["dynres"]))
    close.set_yticks([0], ["dynres,\nenlarged"])
    close.set_xlabel("milliseconds an image, one core")
    for axes in (whole, close):
        tidy(axes)
    whole.set_title("From a picture to PNG tiles and a float32 tensor", loc="left", fontweight="bold", pad=28)
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in (*COLOURS.values(), OTHER)]
    labels = ["PNG" if stage == "png" else stage for stage in COLOURS] + ["other"]
    whole.legend(handles, labels, ncols=len(labels), frameon=False, loc="lower left", bbox_to_anchor=(-0.01, 0.98))
    figure.savefig(path, dpi=150)
    plt.close(figure)


def total(stages: Stages) -> float:
    """All stages together."""
    return sum(stages.values())


def bar(axes: Axes, row: int, stages: Stages, widest: float) -> None:
    """One program's stages end to end, its total behind them; numbers stand where they fit."""
    left = 0.0
    for stage, value in stages.items():
        axes.barh(row, value, left=left, height=0.62, color=COLOURS.get(stage, OTHER), edgecolor="white", linewidth=0.8)
        if value > 0.045 * widest:
            axes.text(left + value / 2, row, f"{value:.0f}", ha="center", va="center", color="white", fontweight="bold")
        left += value
    axes.text(left + 0.008 * widest, row, f"{left:.0f} ms", va="center", fontweight="bold")
    axes.set_xlim(0, max(axes.get_xlim()[1], widest * 1.12))


def tidy(axes: Axes) -> None:
    """Only what carries meaning: a light grid, no frame, no ticks."""
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axes.grid(axis="x", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
