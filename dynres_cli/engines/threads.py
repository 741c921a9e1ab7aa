"""How many threads the libraries inside a worker may start."""

from __future__ import annotations

from collections.abc import MutableMapping


def hold_to_one_thread(environ: MutableMapping[str, str]) -> None:
    """Hold the libraries' own thread pools to one thread; only of use before NumPy is imported.

    A worker a core and a pool of threads in each would ask for the square of the cores.
    """
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ):
        environ.setdefault(name, "1")
