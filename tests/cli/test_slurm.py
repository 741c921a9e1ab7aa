"""`--shard slurm`, and the array script of docs/how-to/slurm.md run with the variables that Slurm would set."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dynres_cli.errors import UsageError
from dynres_cli.keys import KeyShard
from tests.cli.command import ROOT, dynres, manifest
from tests.operations.outputs import pictures

PAGE = (ROOT / "docs" / "how-to" / "slurm.md").read_text("utf-8")
SCRIPT = re.findall(r"^```sh\n(#!/bin/bash\n.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def task(number: int, least: int, step: int, count: int) -> dict[str, str]:
    """What Slurm sets for one task of an array."""
    stated = {"ID": number, "MIN": least, "MAX": least + (count - 1) * step, "STEP": step, "COUNT": count}
    return {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in stated.items()}


@pytest.mark.parametrize(
    ("array", "shard"),
    [
        pytest.param((1, 1, 1, 100), KeyShard(1, 100), id="--array=1-100, first"),
        pytest.param((100, 1, 1, 100), KeyShard(100, 100), id="--array=1-100, last"),
        pytest.param((0, 0, 1, 4), KeyShard(1, 4), id="--array=0-3, first"),
        pytest.param((11, 5, 2, 4), KeyShard(4, 4), id="--array=5-11:2, last"),
    ],
)
def test_a_task_knows_its_part(array: tuple[int, int, int, int], shard: KeyShard) -> None:
    """Parts are counted from 1, whatever the array begins with and however it steps."""
    assert KeyShard.of_slurm_task(task(*array)) == shard


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"SLURM_ARRAY_TASK_ID": "6"}, id="between two steps"),
        pytest.param({"SLURM_ARRAY_TASK_ID": "13"}, id="behind the last"),
        pytest.param({"SLURM_ARRAY_TASK_ID": "3"}, id="before the first"),
        pytest.param({"SLURM_ARRAY_TASK_STEP": "0"}, id="no step"),
        pytest.param({"SLURM_ARRAY_TASK_COUNT": "3"}, id="an array with gaps"),
        pytest.param({"SLURM_ARRAY_TASK_COUNT": "many"}, id="not a number"),
    ],
)
def test_variables_that_do_not_agree_are_refused(changed: dict[str, str]) -> None:
    """A wrong part would be worse than none."""
    with pytest.raises(UsageError, match="--shard I/N"):
        KeyShard.of_slurm_task({**task(11, 5, 2, 4), **changed})


def test_without_slurm_the_missing_variable_is_named(tmp_path: Path) -> None:
    """Exit 2, and nothing is written."""
    ran = dynres("tile", "samples", tmp_path / "out", "--shard", "slurm")
    assert ran.status == 2
    assert "SLURM_ARRAY_TASK_ID" in ran.err
    assert not (tmp_path / "out").exists()


def test_slurms_variables_do_nothing_unasked() -> None:
    """A task that does not ask for its part lists everything."""
    environment: dict[str, Any] = task(1, 1, 1, 50)
    ran = dynres("tile", "samples", "out", "--dry-run", **environment)
    assert len(ran.out.splitlines()) == len(dynres("tile", "samples", "out", "--dry-run").out.splitlines()) > 3


def test_the_array_script_tiles_every_input_once(tmp_path: Path) -> None:
    """Three tasks by hand, of which one is run again by its name; merge proves that all is there."""
    assert len(SCRIPT) == 1
    source, everything = pictures(tmp_path / "in"), tmp_path / "all"
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "dynres"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dynres_cli "$@"\n')
    command.chmod(0o755)
    small = {"DYNRES_IMAGE_SIZE": "28", "DYNRES_MAX_NUM": "6", "DYNRES_FSYNC": "0", "SLURM_CPUS_PER_TASK": "1"}
    path = {"PATH": f"{command.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    def run(**variables: str) -> int:
        places = {"IN": str(source), "ALL": str(everything)}
        environment = {**os.environ, **path, **small, **places, **variables}
        return subprocess.run(["bash"], input=SCRIPT[0], text=True, env=environment, check=False).returncode

    assert [run(**task(number, 1, 1, 3)) for number in (1, 3)] == [0, 0]
    parts = ["00001", "00003"]
    assert "missing of 3 shards: 2/3" in dynres("merge", *(everything / part for part in parts), "-o", everything).err
    assert run(**task(2, 2, 1, 1), SHARD="2/3") == 3
    parts = sorted(path.name for path in everything.iterdir())
    assert dynres("merge", *(everything / part for part in parts), "-o", everything).status == 0
    assert [image["key"] for image in manifest(everything)["images"]] == [
        *("a/square.jpg", "a/wide.png", "bad.jpg", "tall.jpg", "z.bmp")
    ]
