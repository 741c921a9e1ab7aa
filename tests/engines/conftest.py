"""What the engines' tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines.clusters import TwoNodes, cluster_of_two


@pytest.fixture(scope="session")
def two_nodes() -> Iterator[TwoNodes]:
    """A Ray cluster of two nodes with one processor each."""
    with cluster_of_two() as found:
        yield found
