"""How much memory a run may use: what was asked for, or most of what this machine or container has."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from dynres_cli.amounts import bytes_of
from dynres_cli.errors import UsageError

SHARE = 0.8
PARENT, WORKER = 200_000_000, 192_000_000
"""What the parent and each worker take at most beside the pictures in work: libraries, and the memory that is kept.

A worker keeps two arenas of 128 and 32 MiB, as far as its pictures have filled them; docs/guarantees.md has more.
"""
GROUPS = "/proc/self/cgroup"
HIERARCHIES = (("", "/sys/fs/cgroup", "memory.max"), ("memory", "/sys/fs/cgroup/memory", "memory.limit_in_bytes"))
"""Control groups of version 2 and of version 1: the controller that names this process's group, where the groups are,
and what the file of the limit is called."""


def budget(text: str | None, jobs: int) -> int:
    """Bytes that the pictures in work may take together: `4G`, `500M`, `80%` of what there is.

    Where nothing was asked for, the whole run shall stay below 80 % of what there is.
    """
    if text is None:
        whole = available()
        return int(max(whole * SHARE - PARENT - jobs * WORKER, whole / 4))
    size = _share(text) or bytes_of(text)
    if not size:
        msg = f"--max-memory {text}: write bytes as 4G or 500M, or a share up to 100%"
        raise UsageError(msg)
    return size


def _share(text: str) -> int | None:
    """`80%` of what there is; None for what is no such share, nothing, or more than all."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text.strip())
    part = float(found[1]) / 100 if found else 0.0
    return int(available() * part) if 0 < part <= 1 else None


def available() -> int:
    """What the control groups allow that this process is in, or the machine has, whichever is least."""
    limits = [limit for path in limit_files(_read(GROUPS)) if (limit := _read(path).strip()).isdecimal()]
    return min([_machine(), *map(int, limits)])


def limit_files(groups: str) -> Iterator[str]:
    """Where limits may stand for a process whose groups are told like this: in its own, and in each one above.

    In a container its own group looks like the top; below Slurm or systemd the limit of a job is further down.
    """
    lines = [line.split(":", 2) for line in groups.splitlines()]
    places = {name: path for _number, names, path in filter(_is_whole, lines) for name in names.split(",")}
    for controller, top, name in HIERARCHIES:
        group = PurePosixPath(places.get(controller, "/").lstrip("/"))
        for each in (group, *group.parents):
            yield str(PurePosixPath(top, each, name))


def _is_whole(parts: list[str]) -> bool:
    return len(parts) == 3


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError:
        return ""


def _machine() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 8 << 30  # a system that does not tell: assume an ordinary laptop
