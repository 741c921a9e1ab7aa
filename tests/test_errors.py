"""Errors are values too: they travel from workers to whoever waits for them."""

from __future__ import annotations

import copy
import pickle

import pytest

from dynres_cli.errors import (
    DynresError,
    ImageError,
    MissingExtra,
    NothingFound,
    NotTileable,
    RunError,
    Unsound,
    UsageError,
)

EVERY = [
    ImageError("truncated", "the file ends early"),
    NotTileable("too thin"),
    RunError("no disk", "output"),
    Unsound("edited", "manifest"),
    UsageError("no such option"),
    NothingFound("nothing"),
    MissingExtra("install it"),
]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_arrives_as_it_was_sent(error: DynresError, protocol: int) -> None:
    """A pool whose worker raises one hands it on; one that cannot be made anew would hang it."""
    for other in (pickle.loads(pickle.dumps(error, protocol)), copy.copy(error)):
        assert type(other) is type(error)
        assert (str(other), other.args, vars(other)) == (str(error), error.args, vars(error))
        assert other.code == error.code
