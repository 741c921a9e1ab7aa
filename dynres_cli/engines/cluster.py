"""The Ray cluster that a run works on: start or join one, and see what it has."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

from dynres_cli.errors import MissingExtra, RunError, UsageError

_STORE = 128 << 20
"""Bytes for Ray's object store on a machine of our own: only records pass through it."""
_PATIENCE = 10.0
"""Seconds for a cluster's head to take a call."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where to find a cluster, and whether its nodes see the same files.

    `address` is what `ray start` has printed, or auto for the cluster that this machine belongs to; without one Ray is
    started on this machine alone, for this run.
    """

    address: str | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Nodes:
    """What the living nodes have."""

    count: int
    cpus: int
    """Of all together."""
    most_cpus: int
    """Of the largest one."""
    memory: int
    """Bytes that Ray lets tasks ask for on the smallest one."""


def connected(cluster: Cluster, jobs: int) -> ModuleType:
    """Ray, with a cluster behind it.

    MissingExtra without the package, RunError where no cluster answers, and UsageError where its nodes would each write
    to a disk of their own.
    """
    ray = _imported()
    if not ray.is_initialized():
        _start(ray, cluster, jobs)
    count = nodes_of(ray).count
    if count > 1 and not cluster.shared:
        message = (
            f"the Ray cluster has {count} nodes and each would read and write its own disk; add --shared-fs if all of "
            "them see the inputs and the output under the same paths"
        )
        raise UsageError(message)
    return ray


def nodes_of(ray: ModuleType) -> Nodes:
    """The nodes that are alive."""
    living = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cpus = [int(resources.get("CPU", 0)) for resources in living]
    memory = min((int(resources.get("memory", 0)) for resources in living), default=0)
    return Nodes(len(cpus), sum(cpus), max(cpus, default=0), memory)


def _imported() -> ModuleType:
    try:
        with _signals_kept():
            return importlib.import_module("ray")
    except ImportError as error:
        message = "--engine ray needs Ray, which is not installed: pip install 'dynres[ray]'"
        raise MissingExtra(message) from error


def _start(ray: ModuleType, cluster: Cluster, jobs: int) -> None:
    # Ray reads these as it starts. Nobody who tiles pictures has agreed to usage reports; and that tasks without GPUs
    # see none is news to nobody.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    address = cluster.address or os.environ.get("RAY_ADDRESS") or "local"
    _knock(address)
    own = {"num_cpus": jobs or None, "object_store_memory": _STORE, "include_dashboard": False}
    try:
        with _signals_kept():
            ray.init(
                address,
                log_to_driver=False,
                configure_logging=False,
                logging_level=logging.ERROR,
                **(own if address == "local" else {}),
            )
    except Exception as error:  # what it raises for a node that does not come up has no narrower type
        raise _no_answer(address, error) from error


def _knock(address: str) -> None:
    """Refuse an address where nothing listens; Ray itself would try for minutes."""
    host, colon, port = address.rpartition(":")
    if not colon or "/" in host or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise _no_answer(address, error) from error


def _no_answer(address: str, error: Exception) -> RunError:
    reason = str(error).partition("\n")[0].rstrip(".")
    if address == "local":
        message = f"Ray cannot be started on this machine ({reason}); try again, or leave out --engine ray"
        return RunError(message, "cluster")
    message = f"no Ray cluster answers at {address!r} ({reason}); see `ray status`, or leave out --ray-address"
    return RunError(message, "cluster")


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Undo what Ray does to signals, as it is imported and as it starts: they are the caller's."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
