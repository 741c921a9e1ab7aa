"""Tells what the presets cost: each held against what InternVL2 takes to read and to make as many pixels."""

from __future__ import annotations

from operator import mul
from typing import Any

Costs = list[dict[str, Any]]


def family_table(costs: Costs) -> str:
    """Each preset's milliseconds on every picture, and their sum over what InternVL2 takes for as many pixels."""
    pictures = list(dict.fromkeys((cost["width"], cost["height"]) for cost in costs))
    presets: dict[str, Costs] = {}
    for cost in costs:
        presets.setdefault(cost["preset"], []).append(cost)
    reading, making = fitted(presets["internvl2"])
    shares = {
        name: sum(one["seconds"] for one in own)
        / sum(reading * one["width"] * one["height"] + making * one["made"] for one in own)
        for name, own in presets.items()
    }
    lines = [
        "From decoded pixels to float32 views in memory, one thread: milliseconds (megapixels made). Every family",
        "reads the source and makes as many pixels as its rule wants; by least squares InternVL2 takes",
        f"{reading * 1e9:.1f} ns for a pixel read and {making * 1e9:.1f} ns for one made. The last column is a",
        "preset's time over what InternVL2 takes for as many of both.",
        "",
        f"| preset | {' | '.join(f'{width} × {height}' for width, height in pictures)} | of InternVL2 |",
        "|---" * (len(pictures) + 2) + "|",
    ]
    for name in sorted(presets, key=lambda name: shares[name]):
        cells = (f"{one['seconds'] * 1000:.1f} ({one['made'] / 1e6:.2f})" for one in presets[name])
        lines.append(f"| `{name}` | {' | '.join(cells)} | {shares[name]:.2f} × |")
    return "\n".join(lines)


def fitted(costs: Costs) -> tuple[float, float]:
    """Seconds for a pixel read and for one made, by least squares over a preset's pictures."""
    read = [cost["width"] * cost["height"] for cost in costs]
    made = [cost["made"] for cost in costs]
    took = [cost["seconds"] for cost in costs]
    both = sum(map(mul, read, made))
    determinant = sum(map(mul, read, read)) * sum(map(mul, made, made)) - both * both
    for_reading = sum(map(mul, read, took)) * sum(map(mul, made, made)) - sum(map(mul, made, took)) * both
    for_making = sum(map(mul, made, took)) * sum(map(mul, read, read)) - sum(map(mul, read, took)) * both
    return for_reading / determinant, for_making / determinant
