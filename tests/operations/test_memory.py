"""The memory that a run may use where nobody says how much."""

from __future__ import annotations

from pathlib import Path

import pytest

from dynres_cli.operations import memory


@pytest.mark.parametrize(
    ("groups", "limits", "expected"),
    [
        pytest.param("", {}, 1 << 40, id="no control groups"),
        pytest.param("0::/\n", {"memory.max": "4096\n"}, 4096, id="a container"),
        pytest.param("0::/\n", {"memory.max": "max\n"}, 1 << 40, id="no limit"),
        pytest.param(
            "0::/slurm/job_7/step_0\n",
            {"memory.max": "max", "slurm/job_7/memory.max": "8192", "slurm/job_7/step_0/memory.max": "max"},
            8192,
            id="a job of Slurm",
        ),
        pytest.param("0::/a\n", {"a/memory.max": "9000", "memory.max": "7000"}, 7000, id="the least of them"),
        pytest.param(
            "5:cpu,cpuacct:/x\n4:memory:/job/x\n0::/\n",
            {"memory/job/memory.limit_in_bytes": "5000", "memory/x/memory.limit_in_bytes": "1"},
            5000,
            id="version 1",
        ),
    ],
)
def test_the_limits_of_all_groups_that_a_process_is_in(
    groups: str, limits: dict[str, str], expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The least counts, of its own group and those above it, whichever version tells them."""
    for name, text in limits.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "groups").write_text(groups)
    monkeypatch.setattr(memory, "GROUPS", str(tmp_path / "groups"))
    monkeypatch.setattr(
        memory,
        "HIERARCHIES",
        [(name, str(tmp_path / name), limit) for name, _top, limit in memory.HIERARCHIES],
    )
    monkeypatch.setattr(memory, "_machine", lambda: 1 << 40)
    assert memory.available() == expected
