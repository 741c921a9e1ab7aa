"""The command in a process of its own, forked from one that has imported what it needs: a shell's view at no start-up.

Arguments, environment, folder, standard handles and exit status are those of a process that a shell starts. What an
interpreter takes from its environment when it starts is not: where that is asked for, one is started.
"""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

import dynres_cli

_LIBRARIES = (
    *("llvmlite.binding", "numpy", "simplejpeg", "tqdm"),
    *("typer.main", "rich.console", "rich.containers", "rich.table", "rich._emoji_codes"),
    *(f"PIL.{kind}ImagePlugin" for kind in ("Avif", "Bmp", "Gif", "Jpeg", "Jpeg2K", "Png", "Ppm", "Tiff", "WebP")),
)
_COMPILING = "dynres_cli.kernels."  # whose modules compile where they are imported, for seconds
_OURS = [
    each.name
    for each in pkgutil.walk_packages(dynres_cli.__path__, "dynres_cli.")
    if not each.name.startswith(_COMPILING) or each.name.endswith((".cache", ".loading"))
]

_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "TZ", "MALLOC", "NUMBA")
"""What an interpreter, its locale, its loader and the libraries look at once."""


def run(
    arguments: Sequence[str | bytes], env: Mapping[str, str], cwd: Path | None, stdin: bytes, timeout: float
) -> subprocess.CompletedProcess[bytes]:
    """`dynres ARGUMENTS`, run to its end."""
    if _needs_a_start(env):
        command = [sys.executable, "-m", "dynres_cli", *arguments]
        return subprocess.run(
            command, input=stdin, capture_output=True, check=False, cwd=cwd, env=dict(env), timeout=timeout
        )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "0").write_bytes(stdin)
        words = [os.fsdecode(each) for each in arguments]
        process = server().Process(target=_child, args=(words, dict(env), os.fspath(cwd or Path.cwd()), folder))
        process.start()
        process.join(timeout)
        if process.is_alive():
            process.kill()
            raise subprocess.TimeoutExpired(words, timeout)
        status = process.exitcode or 0
        process.close()
        out, err = ((Path(folder) / handle).read_bytes() for handle in ("1", "2"))
        return subprocess.CompletedProcess(words, status, out, err)


@cache
def server() -> ForkServerContext:
    """Where the processes are forked; it imports what it is told when the first one is wanted."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([*_LIBRARIES, *_OURS, "tests.warmed"])
    return server


def _needs_a_start(env: Mapping[str, str]) -> bool:
    if sys.platform != "linux":
        return True  # elsewhere system libraries do not survive a fork
    names = {name for name in (*env, *os.environ) if name.startswith(_READ_AT_START)} - {"PYTHONPATH"}
    return any(env.get(name) != os.environ.get(name) for name in names)


def _child(words: list[str], env: dict[str, str], cwd: str, folder: str) -> None:
    """Become the command."""
    for handle, how in ((0, os.O_RDONLY), (1, os.O_WRONLY | os.O_CREAT), (2, os.O_WRONLY | os.O_CREAT)):
        opened = os.open(os.path.join(folder, str(handle)), how, 0o600)
        os.dup2(opened, handle)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it lasts as long as the process
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["dynres", *words]
    from dynres_cli.__main__ import main  # noqa: PLC0415 - it changes the environment

    main()
