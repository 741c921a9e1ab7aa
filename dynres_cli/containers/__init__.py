"""Files that hold many pictures: tar and zip archives, WebDataset's shards, Parquet tables with an image column."""

from __future__ import annotations

from typing import Literal

from dynres_cli.urls import is_url, last_name

Kind = Literal["tar", "zip", "parquet"]

SUFFIXES: dict[str, Kind] = {
    ".tar": "tar",
    ".tar.gz": "tar",
    ".tgz": "tar",
    ".tar.bz2": "tar",
    ".tbz2": "tar",
    ".tar.xz": "tar",
    ".txz": "tar",
    ".zip": "zip",
    ".parquet": "parquet",
}
"""What is looked into, by the end of a name in any case."""


def kind_of(name: str) -> Kind | None:
    """What a name says that a file holds; None where it is no container."""
    lowered = name.lower()
    return next((kind for suffix, kind in SUFFIXES.items() if lowered.endswith(suffix)), None)


def kind_at(path: str) -> Kind | None:
    """The same for a path or a URL, whose name a query may follow."""
    return kind_of(last_name(path) if is_url(path) else path)
