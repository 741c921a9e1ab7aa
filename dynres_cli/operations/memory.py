"""How much memory a run may use: what was asked for, or most of what this machine or container has."""

from __future__ import annotations

import os
import re
from pathlib import Path

from dynres_cli.errors import UsageError

SHARE = 0.8
PARENT, WORKER = 200_000_000, 192_000_000
"""What the parent and each worker take at most beside the pictures in work: libraries, and the memory that is kept.

A worker keeps two arenas of 128 and 32 MiB, as far as its pictures have filled them; docs/guarantees.md has more.
"""
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def budget(text: str | None, jobs: int) -> int:
    """Bytes that the pictures in work may take together: `4G`, `500M`, `80%` of what there is.

    Where nothing was asked for, the whole run shall stay below 80 % of what there is.
    """
    if text is None:
        whole = available()
        return int(max(whole * SHARE - PARENT - jobs * WORKER, whole / 4))
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%|[KMGT]?)i?B?", text.strip(), re.IGNORECASE)
    if found is None or float(found[1]) <= 0:
        msg = f"--max-memory {text}: write bytes as 4G or 500M, or a share as 80%"
        raise UsageError(msg)
    number, unit = float(found[1]), found[2].upper()
    return int(available() * number / 100) if unit == "%" else int(number * UNITS[unit])


def available() -> int:
    """What the control group allows, or the machine has, whichever is less."""
    limits = [limit for path in CGROUP_LIMITS if (limit := _limit(path)) is not None]
    return min([_machine(), *limits])


def _limit(path: str) -> int | None:
    try:
        text = Path(path).read_text("ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def _machine() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 8 << 30  # a system that does not tell: assume an ordinary laptop
