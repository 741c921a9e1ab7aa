"""Nobody waits for a compiler to cut one picture; what is compiled is used from the first picture on."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from PIL import Image

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


BROKEN = "raise ImportError('Numba needs NumPy 9.9 or less')"

CALLS = (
    "import numpy, dynres_cli; pixels = numpy.zeros((90, 60, 3), numpy.uint8);"
    " made = [dynres_cli.load_image(pixels, max_num=1) for _ in range(20)];"
)


def without_compiler(tmp_path: Path, state: str) -> dict[str, str]:
    """The environment of a process that has no kept kernels and cannot compile any."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    if state == "switched off":
        return environment | {"NUMBA_DISABLE_JIT": "1"}
    package = tmp_path / "broken" / "numba"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(BROKEN)
    (package / "_version.py").write_text("")
    return environment | {"PYTHONPATH": os.pathsep.join([str(package.parent), environment["PYTHONPATH"]])}


@pytest.mark.parametrize("state", ["switched off", "broken"])
def test_a_library_call_does_without_a_compiler(tmp_path: Path, state: str) -> None:
    """A training loop does not end at its seventeenth picture because numba is older than NumPy likes."""
    script = CALLS + " print(dynres_cli.compile_kernels(), len(made))"
    environment = without_compiler(tmp_path, state)
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True, env=environment)
    assert (done.stdout.strip(), done.stderr) == ("False 20", "")


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        pytest.param([], 0, "pictures are made by Pillow, to the same bytes", id="a run goes on"),
        pytest.param(["--kernel", "numba"], 2, "--kernel numba needs it to compile", id="an order is refused"),
    ],
)
def test_a_run_says_that_there_is_no_compiler(tmp_path: Path, options: list[str], status: int, said: str) -> None:
    """No traceback of numba's."""
    (tmp_path / "in").mkdir()
    for number in range(16):
        Image.new("RGB", (30, 20)).save(tmp_path / "in" / f"{number}.png")
    command = [sys.executable, "-m", "dynres_cli", "tile", str(tmp_path / "in"), str(tmp_path / "out"), "--max-num=1"]
    environment = without_compiler(tmp_path, "switched off")
    command += ["-j", "1", *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (status, True, False), done.stderr


def test_one_thread_compiles_and_the_others_go_on(tmp_path: Path) -> None:
    """Each that waited would compile in its turn; in a forked process, nobody would ever end the waiting."""
    script = (
        "import sys; from dynres_cli.kernels import cache; cache._COMPILING.acquire();"
        f"{CALLS} print(len(made), 'numba' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "20 False"


AT_ONCE = """
import threading, numpy, dynres_cli
pixels, start, made = numpy.zeros((300, 400, 3), numpy.uint8), threading.Barrier(8), []
def work():
    start.wait()
    made.append(dynres_cli.load_image(pixels, max_num=4))
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(sum(numpy.array_equal(each, made[0]) for each in made))
"""


def test_the_first_calls_may_be_of_several_threads() -> None:
    """The process ended by SIGSEGV: each thread loaded the machine code, and all but one let theirs go."""
    choices("compiled")
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", AT_ONCE], check=True, capture_output=True, text=True)
        assert done.stdout.strip() == "8"


FOR_READING = """
import hashlib, os
from dynres_cli.kernels import cache
place = cache._place()
place.mkdir(parents=True)
(place / "kernels.o").write_bytes(hashlib.sha256(b"code").digest() + b"code")
place.chmod(0o555)
if os.geteuid() == 0:
    os.setuid(65534)
print(cache.folder(), cache.kernels_ready(), cache.compile_kernels(), cache.kept_code())
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are POSIX's")
def test_kernels_that_cannot_be_replaced_are_used() -> None:
    """An image of a container is built by one user, and run by another."""
    with tempfile.TemporaryDirectory() as cache:
        Path(cache).chmod(0o755)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "NUMBA_CACHE_DIR": cache}
        command = [sys.executable, "-c", FOR_READING]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        next(Path(cache).glob("*/*")).chmod(0o755)
    assert done.stdout.strip() == "None True True b'code'"


@pytest.mark.slow
def test_damaged_code_is_compiled_again(tmp_path: Path) -> None:
    """LLVM would end the process over it: its digest is looked at first."""
    choices("compiled", tmp_path)
    (kept,) = tmp_path.rglob("kernels.o")
    data = kept.read_bytes()
    kept.write_bytes(data[:1000] + b"\0" * 200 + data[1200:])
    choices("compiled", tmp_path)
    assert kept.read_bytes() == data
