"""The two ways out: data on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from dynres_cli.report.text import safe


def data(text: str) -> None:
    """One line of data on stdout, as UTF-8 whatever the locale."""
    if sys.stdout is None:
        return
    with suppress_gone():
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape") + b"\n")


@contextmanager
def suppress_gone() -> Iterator[None]:
    """Whoever read our output may have gone (`| head`): nothing is wrong with the run, so it goes on, into nothing."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def indented(value: object) -> str:
    """JSON for people to read."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def stream(pieces: Iterable[bytes | IO[bytes]]) -> None:
    """Data on stdout that is too long to hold, from bytes and open files."""
    if sys.stdout is None:
        return
    with suppress_gone():
        for piece in pieces:
            if isinstance(piece, bytes):
                sys.stdout.buffer.write(piece)
            else:
                shutil.copyfileobj(piece, sys.stdout.buffer)


def note(text: str) -> None:
    """One line or block for people on stderr; what the terminal cannot show becomes an escape."""
    if sys.stderr is None:
        return
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def width() -> int:
    """How many characters a line of a table may have: the terminal's, within reason; 80 where there is none."""
    return max(60, min(shutil.get_terminal_size().columns, 120))


def name(text: str) -> str:
    """A name for a line of text on stdout: exact where nothing in it can break the line or steer a terminal."""
    return safe(text)
