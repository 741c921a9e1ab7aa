"""The two ways out: data on stdout, everything else on stderr."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from dynres_cli.errors import RunError
from dynres_cli.report.bars import set_aside
from dynres_cli.report.text import safe
from dynres_cli.urls import discreet


def data(text: str) -> None:
    """One line of data on stdout, as UTF-8 whatever the locale."""
    if sys.stdout is None:
        return
    with room_for_data(), set_aside(sys.stdout):
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape") + b"\n")


@contextmanager
def room_for_data() -> Iterator[None]:
    """RunError where stdout takes no more, as on a full disk; a reader that has gone is no error (see `handles`)."""
    try:
        yield
    except OSError as error:
        raise no_room(error) from error


def no_room(error: OSError) -> RunError:
    """That stdout takes no more."""
    reason = error.strerror or type(error).__name__
    return RunError(
        f"stdout cannot be written to ({reason}); make room where it leads, and run the same command again", "stdout"
    )


def indented(value: object) -> str:
    """JSON for people to read."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def stream(pieces: Iterable[bytes | IO[bytes]]) -> None:
    """Data on stdout that is too long to hold, from bytes and open files."""
    if sys.stdout is None:
        return
    with room_for_data(), set_aside(sys.stdout):
        for piece in pieces:
            if isinstance(piece, bytes):
                sys.stdout.buffer.write(piece)
            else:
                shutil.copyfileobj(piece, sys.stdout.buffer)


def note(text: str) -> None:
    """One line or block for people on stderr; what the terminal cannot show becomes an escape.

    The data so far go out before it, so that where both are read together they are read in this order.
    """
    if sys.stdout is not None:
        with room_for_data():
            sys.stdout.flush()
    if sys.stderr is None:
        return
    encoding = sys.stderr.encoding or "utf-8"
    with set_aside(sys.stderr):
        sys.stderr.write(discreet(text).encode(encoding, "backslashreplace").decode(encoding) + "\n")


def width() -> int:
    """How many characters a line of a table may have: the terminal's, within reason; 80 where there is none."""
    return max(60, min(shutil.get_terminal_size().columns, 120))


def name(text: str) -> str:
    """A name for a line of text on stdout: exact where nothing in it can break the line or steer a terminal."""
    return safe(text)
