"""The outputs that the tests of operations share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.operations.outputs import copy, pictures, tiled


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures that were tiled; not to be changed."""
    return pictures(tmp_path_factory.mktemp("source") / "in")


@pytest.fixture(scope="session")
def finished(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was made of them; not to be changed."""
    return tiled(source, tmp_path_factory.mktemp("finished") / "out")


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """The same to be damaged."""
    return copy(finished, tmp_path / "out")
