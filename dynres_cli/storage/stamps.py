"""An object's time and tag as one number, by which a change is noticed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

SECOND = 1_000_000_000
_TIMES = ("LastModified", "mtime", "updated", "last_modified", "modified", "created")
_TAGS = ("ETag", "etag", "md5Hash", "checksum", "Content-MD5")


def stamp_of(found: Mapping[str, Any]) -> int:
    """One number for an object's time and tag; 0 where it has neither."""
    times = (_seconds(found[name]) for name in _TIMES if found.get(name))
    tag = next((str(found[name]) for name in _TAGS if found.get(name)), "")
    seconds = next((time for time in times if time is not None), None)
    if seconds is None and not tag:
        return 0
    return max(int(seconds or 1), 1) * SECOND + zlib.crc32(tag.encode()) % SECOND


def _seconds(value: object) -> float | None:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, int | float):
        return float(value)
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return None
