"""The bars of the benchmark as data: what each row is called, what it must reach, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the table of results; without `must`, it is there to be known, not to be met."""

    title: str
    must: float | None = None
    aim: float | None = None
    better: Literal["higher", "lower"] = "higher"
    form: str = "{:.2f} ×"

    def shown(self, value: float) -> str:
        return self.form.format(value)

    def verdict(self, value: float) -> str:
        """Whether the aim or at least the must is reached."""
        if self.must is None:
            return ""
        if self.aim is not None and self.reaches(value, self.aim):
            return "aim met"
        return "met" if self.reaches(value, self.must) else "**missed**"

    def reaches(self, value: float, bar: float) -> bool:
        return value >= bar if self.better == "higher" else value <= bar


BARS: dict[str, Bar] = {
    "files-j1": Bar("PNG + .npy + manifest, `-j 1`, against the reference script", 6, 10),
    "files-j2": Bar("the same, `-j 2`, against the reference script over `Pool(2)`", 6, 10),
    "png-only": Bar("PNG only, `-j 1`, against the reference script without tensors", 8, 14),
    "tensor-only": Bar("tensors only, `-j 1`, against the reference script without PNG", 2, 3),
    "load-plain": Bar("`load_image` in memory, against Pillow + NumPy", 2, 3),
    "load-torchvision": Bar("`load_image` in memory, against transformers' torchvision processor", 1.5, 2.5),
    "load-pil": Bar("`load_image` in memory, against transformers' PIL processor"),
    "resize": Bar("resize + thumbnail alone, against Pillow, median over the photographs", 4, 8),
    "floor": Bar(
        "the run's time with `--no-fsync` over the floor (best decode, plus writing the same bytes)", 2.2, 1.5, "lower"
    ),
    "bytes": Bar("PNG bytes against Pillow's default", 1.15, 1.08, "lower", "{:.3f}"),
    "scaling": Bar("`-j 1` over `-j 2`, divided by the reference script's own 1 over `Pool(2)`", 0.95, 1.05),
    "scaling-long": Bar("the same, dynres with every picture four times, so that its start counts less", 0.95, 1.05),
    "plan": Bar("`plan` on 10,000 files, headers only, images a second", 3000, 10_000, "higher", "{:,.0f}"),
    "help": Bar("`dynres --help`, best of five", 200, 130, "lower", "{:.0f} ms"),
    "tile-help": Bar("`dynres tile --help`, best of five", 250, 150, "lower", "{:.0f} ms"),
    "inspect": Bar("`dynres inspect one.jpg`, best of five", 350, 250, "lower", "{:.0f} ms"),
    "worker-memory": Bar("peak memory of a worker on a picture of 89 megapixels", form="{:.0f} MB"),
    "parent-memory": Bar("memory of the parent, 100,000 inputs over 1,000", 60, 10, "lower", "{:+.1f} MB"),
    "level-1": Bar("PNG + .npy + manifest, `-j 1`, against the reference script at `compress_level=1`"),
    "no-fsync": Bar("PNG + .npy + manifest, `-j 1`: time with fsync over time with `--no-fsync`", better="lower"),
    "same-tensors": Bar("share of .npy files equal to the reference script's, byte for byte", 1, 1, form="{:.1%}"),
}
