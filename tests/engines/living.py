"""Which processes there are, as the tests of engines see them through /proc."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """The workers of a process; what Python starts for other tests of the same process is no worker."""
    found = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return [child for child in found if not _is_pythons_own(child)]


def _is_pythons_own(pid: int) -> bool:
    with suppress(FileNotFoundError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return b"multiprocessing.forkserver" in command or b"multiprocessing.resource_tracker" in command
    return False


def is_running(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone_within(seconds: float, pids: list[int]) -> bool:
    """Whether all of these processes end in time."""
    deadline = time.monotonic() + seconds
    while any(is_running(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
