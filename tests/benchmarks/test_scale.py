"""The scale benchmark's own scripts: the simulation at a small size, and the page that is made from the readings."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"
PAGE = BENCHMARKS.parent / "docs" / "scale.md"
FLAT = 3.0  # megabytes that an allocator may keep without anybody holding them


def simulated(out: Path, *options: str) -> dict[str, Any]:
    """The readings of a simulation."""
    command = [sys.executable, str(BENCHMARKS / "simulate.py"), "--out", str(out), *options]
    subprocess.run(command, check=True, capture_output=True)
    found: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return found


def growth(readings: list[dict[str, Any]]) -> dict[str, float]:
    """Megabytes that the driver gained in each phase after its first step."""
    phases = groupby(readings, key=lambda reading: reading["phase"])
    return {phase: (held := [each["megabytes"] for each in steps])[-1] - held[0] for phase, steps in phases}


def test_a_small_simulation_goes_all_the_way(tmp_path: Path) -> None:
    """Six thousand keys: three phases, six steps each, three volumes, and a driver that does not grow."""
    found = simulated(
        tmp_path / "out.json", "--keys", "6000", "--step", "1000", "--volume", "2000", "--engine", "serial"
    )
    assert [(each["phase"], each["images"]) for each in found["readings"]] == [
        (phase, number) for phase in ("listing", "run", "manifest") for number in range(1000, 6001, 1000)
    ]
    assert found["volumes"] == 3
    assert max(growth(found["readings"]).values()) < FLAT


@pytest.mark.slow
def test_the_driver_does_not_grow_with_the_keys(tmp_path: Path) -> None:
    """Two hundred thousand keys through the pool of processes: from the first twentieth on the memory is level."""
    found = simulated(tmp_path / "out.json", "--keys", "200000", "--step", "10000", "--volume", "50000")
    assert max(growth(found["readings"]).values()) < 3 * FLAT


def test_the_page_shows_the_readings_that_are_kept() -> None:
    """Writing the tables anew changes nothing."""
    command = [sys.executable, "-c", "import scale_page; print(scale_page.page(), end='')"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=BENCHMARKS).stdout
    assert told == PAGE.read_text("utf-8")
