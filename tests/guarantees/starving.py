"""Decodes whole pictures with less and less memory to spare, and prints each with the outcomes that were seen.

python -m tests.guarantees.starving PICTURE...
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from dynres_cli.decode import decode
from dynres_cli.errors import ImageError
from dynres_cli.facts import FileLimits, Handling
from dynres_cli.opening import Source, read_source
from dynres_cli.probe import probe_bytes

MEGABYTES = (1, 2, 4, 6, 10, 16, 24)


def outcome(source: Source, megabytes: int) -> str:
    """The code, or done, where the process may take so much more than it has."""
    facts = probe_bytes(source, FileLimits())
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (megabytes << 20), resource.RLIM_INFINITY))
    try:
        decode(source, facts, Handling(), FileLimits())
    except MemoryError:
        return "out_of_memory"  # as the engines tell it
    except ImageError as error:
        return error.code
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return "done"


def main() -> None:
    """Each picture once with all that it wants, so that nothing is loaded under a limit."""
    for path in sys.argv[1:]:
        source = read_source(path, FileLimits())
        decode(source, probe_bytes(source, FileLimits()), Handling(), FileLimits())
        seen = sorted({outcome(source, megabytes) for megabytes in MEGABYTES})
        print(json.dumps([Path(path).name, seen]), flush=True)


if __name__ == "__main__":
    main()
