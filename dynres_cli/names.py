"""What dynres's own files and folders are called in an output."""

from __future__ import annotations

import re

MANIFEST = "manifest.json"
VOLUME = re.compile(r"manifest-[0-9]{5,}\.jsonl")
"""Of a manifest that is too long for one file."""
RECORD = "grid.json"
"""In each picture's folder, written last: what it stands for is whole."""
VIEW_OR_TENSOR = re.compile(r"tile(_s\d+)?_r\d+_c\d+\.png|thumbnail\.png|pixel_values(_\d{3,})?\.npy", re.ASCII)
"""The other files in a picture's folder."""
SHARD = re.compile(r"shard-([0-9]{5,9})(\.npy|\.tar|\.parquet|\.index\.json|\.index\.npy)")
"""A file of an output that is cut into shards."""
REPORT = "report.html"
STATE = ".dynres"
"""The folder at the top of an output for the lock and whatever else a run keeps there."""
TIMES = f"{STATE}/times"
"""Where a file for each shard that was begun keeps its sources' modification times, and when each record was made."""


def volume_name(number: int) -> str:
    """The name of a manifest's volume, counted from 0; VOLUME knows it again."""
    return f"manifest-{number:05d}.jsonl"


def is_own(name: str) -> bool:
    """Whether a file of this name in an output is one that runs write there."""
    return name in (MANIFEST, RECORD, REPORT) or bool(VIEW_OR_TENSOR.fullmatch(name) or VOLUME.fullmatch(name))
