"""What docs/how-to/shards.md shows is run: its commands, and its scripts where their libraries are installed."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.test_readme import pattern, shell, steps

__all__ = ["shell"]

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "shards.md").read_text("utf-8")
SESSIONS = re.findall(r"^```console\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
SCRIPTS = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
LIBRARIES = ("webdataset", "datasets", "pyarrow")


@pytest.mark.slow
def test_the_page_is_true(shell: tuple[Path, dict[str, str]]) -> None:
    """In its order, in one folder: later commands and scripts read what earlier ones wrote."""
    home, environment = shell
    for command, shown in (step for session in SESSIONS for step in steps(session)):
        done = subprocess.run(
            ["bash", "-c", command], cwd=home, env=environment, capture_output=True, text=True, check=True, timeout=300
        )
        assert re.fullmatch(pattern(shown), done.stdout.rstrip("\n"), re.DOTALL), f"$ {command}\n{done.stdout}"
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        pytest.skip(f"the scripts need {', '.join(missing)}: pip install -e '.[test-layouts]'")
    table = ["dynres", "tile", "samples", "table", "--layout", "parquet", "--dtype", "uint8", "-q"]
    subprocess.run(table, cwd=home, env=environment, check=True, timeout=300)
    for script in SCRIPTS:
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=home,
            env={**environment, "HF_HUB_OFFLINE": "1", "HF_HOME": str(home / "hf")},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, f"{script}\n{done.stderr}"
