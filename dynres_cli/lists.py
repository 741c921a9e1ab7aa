"""Lists of names, from a file or from stdin."""

from __future__ import annotations

import codecs
import os
import select
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO

from dynres_cli.errors import UsageError

PATIENCE = 0.1
"""Seconds between two looks at whether the listing is to stop."""


def names_in(path: str, end: bytes, is_stopped: Callable[[], bool]) -> Iterator[str]:
    """The names in a list, as exact as the list has them; empty ones are left out."""
    if path == "-" and sys.stdin is None:
        msg = "there is no stdin to read the list from; name a file instead of -"
        raise UsageError(msg)
    try:
        if path == "-":
            data = _read(sys.stdin.buffer, is_stopped)
        else:
            with open(path, "rb") as file:
                data = _read(file, is_stopped)
    except OSError as error:
        msg = f"the list {path!r} cannot be read: {error.strerror}; give a file of names, or - for standard input"
        raise UsageError(msg) from error
    if end == b"\n":
        # What editors put before a text and at the ends of its lines is no part of a name.
        data = data.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")
    for name in data.split(end):
        if b"\0" in name:
            msg = "a name in the list holds a zero byte; a list separated by zero bytes needs -0"
            raise UsageError(msg)
        if name:
            yield os.fsdecode(name)


def _read(file: BinaryIO, is_stopped: Callable[[], bool]) -> bytes:
    """All of a list, waited for in such a way that a signal is noticed although its writer says nothing."""
    try:
        handle = file.fileno()
        select.select([handle], [], [], 0)
    except (OSError, ValueError):
        return file.read()  # what this system cannot wait for is read in one go
    pieces: list[bytes] = []
    while not is_stopped():
        if select.select([handle], [], [], PATIENCE)[0]:
            piece = os.read(handle, 1 << 20)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
    return b""  # half a list may end in half a name
