"""Which code resizes a run's pictures: the compiled kernels pay once there is more to do than to prepare."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

from dynres_cli.errors import UsageError
from dynres_cli.job import Job
from dynres_cli.kernels.cache import WORTH_COMPILING, folder, has_compiler, kernels_ready
from dynres_cli.resample import Kernel

KernelOption = Literal["auto", "numba", "pillow"]


def choose(asked: KernelOption, pictures: int) -> Kernel:
    """The kernel for a run over so many pictures; its pixels are the same either way."""
    if asked != "auto":
        return asked
    return "numba" if kernels_ready() or (pictures >= WORTH_COMPILING and folder() is not None) else "pillow"


def prepared(job: Job, asked: KernelOption, pictures: int, say: Callable[[str], None]) -> Job:
    """The job with its kernel chosen, and compiled where it has to be, before any worker starts."""
    kernel = choose(asked, pictures)
    if asked != "pillow" and pictures >= WORTH_COMPILING and not kernels_ready() and folder() is None:
        say("no folder for compiled kernels can be written; set NUMBA_CACHE_DIR to one, for ten times the speed")
    if kernel == "numba" and not (kernels_ready() or has_compiler()):
        kernel = _without_compiler(asked, say)
    if kernel == "numba":
        if not kernels_ready():
            say("compiling the resizer for this machine, once")
        # Workers are forked from this process where they can be, and then find the kernels loaded.
        from dynres_cli.kernels import driver  # noqa: PLC0415 - LLVM is loaded only where it is used

        driver.kernels()
    return dataclasses.replace(job, look=dataclasses.replace(job.look, kernel=kernel))


def _without_compiler(asked: KernelOption, say: Callable[[str], None]) -> Kernel:
    """Pillow, unless the kernels were asked for."""
    why = "numba cannot be imported or is switched off by NUMBA_DISABLE_JIT"
    if asked == "numba":
        msg = f"{why}, and --kernel numba needs it to compile the resizer; mend that, or leave the option out"
        raise UsageError(msg)
    say(f"{why}: pictures are made by Pillow, to the same bytes and several times slower")
    return "pillow"
