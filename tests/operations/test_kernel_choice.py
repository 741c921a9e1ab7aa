"""Nobody waits for a compiler to cut one picture; what is compiled is used from the first picture on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = (
    "import sys; from dynres_cli.operations.kernel_choice import choose; from dynres_cli.kernels.cache import *;"
    " compile_kernels() if sys.argv[1] == 'compiled' else None;"
    " print(*(choose('auto', number) for number in (1, 2, 15, 16)), 'numba' in sys.modules)"
)


def choices(state: str, cache: Path | None = None) -> str:
    """What is chosen for 1, 2, 15 and 16 pictures, and whether numba was imported, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = str(cache)
    command = [sys.executable, "-c", SCRIPT, state]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


def test_a_cold_machine_compiles_for_many_pictures_only(tmp_path: Path) -> None:
    """Asking costs no compiler."""
    assert choices("cold", tmp_path) == "pillow pillow pillow numba False"


def test_what_is_compiled_is_used_from_the_first_picture_on() -> None:
    """The second process finds what the first one kept, and needs no numba to run it."""
    choices("compiled")
    assert choices("compiled") == "numba numba numba numba False"


@pytest.mark.slow
def test_damaged_code_is_compiled_again(tmp_path: Path) -> None:
    """LLVM would end the process over it: its digest is looked at first."""
    choices("compiled", tmp_path)
    (kept,) = tmp_path.rglob("kernels.o")
    data = kept.read_bytes()
    kept.write_bytes(data[:1000] + b"\0" * 200 + data[1200:])
    choices("compiled", tmp_path)
    assert kept.read_bytes() == data
