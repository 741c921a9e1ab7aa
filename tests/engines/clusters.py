"""A real Ray cluster of two nodes on this machine, for the tests that need one."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from dynres_cli.engines import on_ray as engine_on
from dynres_cli.engines.cluster import Cluster
from dynres_cli.engines.contract import Engine

NEEDS_RAY = "needs Ray: pip install 'dynres[ray]', or `make test-ray`"
ON_RAY = (
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason=NEEDS_RAY),
    pytest.mark.filterwarnings("ignore"),  # Ray's own, as it starts and ends its processes
)
NODE = {"num_cpus": 1, "object_store_memory": 80 << 20}


NODE_STARTS = 3


@dataclass
class TwoNodes:
    """The cluster, its second node, and the engine on it."""

    cluster: Any
    second: Any
    engine: Engine

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def kill_second(self) -> None:
        """As a power cut would; another node takes its place for the tests that follow."""
        self.cluster.remove_node(self.second, allow_graceful=False)

    def replace_second(self) -> None:
        self.second = another_node(self.cluster)


def another_node(cluster: Any) -> Any:  # noqa: ANN401 - Ray's own
    """Start a node; Ray gives up on one that a busy machine does not start within half a minute."""
    for _ in range(NODE_STARTS - 1):
        with suppress(Exception):  # Ray's own, which has no narrower type
            return cluster.add_node(**NODE)
    return cluster.add_node(**NODE)


@contextmanager
def cluster_of_two() -> Iterator[TwoNodes]:
    """Start the cluster, join it, and leave nothing of it behind."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray  # noqa: PLC0415 - an extra
    from ray.cluster_utils import Cluster as RayCluster  # noqa: PLC0415

    cluster = RayCluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    try:
        second = another_node(cluster)
        yield TwoNodes(cluster, second, engine_on(Cluster(cluster.address, shared=True)))
    finally:
        ray.shutdown()
        cluster.shutdown()
