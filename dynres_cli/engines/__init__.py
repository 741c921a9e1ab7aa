"""Engines: ways to run one function over many items, behind one contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dynres_cli.engines.cluster import Cluster
    from dynres_cli.engines.contract import Engine


def _processes() -> Engine:
    from dynres_cli.engines import processes  # noqa: PLC0415 - an engine is loaded when it is chosen

    return processes.run


def _serial() -> Engine:
    from dynres_cli.engines import serial  # noqa: PLC0415 - an engine is loaded when it is chosen

    return serial.run


def _ray() -> Engine:
    return on_ray()


def on_ray(cluster: Cluster | None = None, jobs: int = 0) -> Engine:
    """The Ray engine on a cluster, or on this machine alone; it is joined or, for so many workers, started at once."""
    from dynres_cli.engines import cluster as clusters  # noqa: PLC0415 - an engine is loaded when it is chosen
    from dynres_cli.engines import ray  # noqa: PLC0415

    return ray.on(cluster or clusters.Cluster(), jobs)


ENGINES: dict[str, Callable[[], Engine]] = {
    "processes": _processes,
    "ray": _ray,
    "serial": _serial,
}
"""Loaders by name: ENGINES["processes"]() is the function to call."""
