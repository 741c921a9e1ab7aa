"""A manifest with one image a line, also where another program has written it anew; and how one is refused."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from dynres_cli.errors import Unsound
from dynres_cli.jsontext import to_json
from dynres_cli.manifest import TAIL, head_of
from dynres_cli.operations.bodies import Readable
from dynres_cli.resume import LARGEST_RECORD

VERSION = 1
NEWER = "newer_schema"
"""The code of a manifest that a later version wrote."""
LARGEST_REWRITTEN = 256 << 20
"""Bytes of a manifest that is no longer one image a line and therefore has to be read at once."""

_SCHEMA = re.compile(rb'\s*\{\s*"schema"\s*:\s*"dynres\.manifest/([0-9]{1,9})"')
HEAD = re.compile(rb'\{"schema": "dynres\.manifest/1", "run": (\{.*\}), "images": \[\n')
"""The first line of a manifest as dynres writes it."""


@contextmanager
def line_by_line(file: Readable, where: str) -> Iterator[Readable]:
    """The manifest with one image a line: the file itself, or a copy where another program has written it anew."""
    start = file.read(4096)
    schema = _SCHEMA.match(start)
    if schema is None:
        raise refusal(where, "is not a manifest of dynres; name the output of a `dynres tile` run", "foreign")
    if int(schema[1]) > VERSION:
        theirs, advice = int(schema[1]), "install a newer dynres, or name another output"
        raise refusal(where, f"has schema {theirs} and this dynres reads {VERSION}; {advice}", NEWER)
    file.seek(0)
    if HEAD.fullmatch(file.readline(LARGEST_RECORD)):
        file.seek(0)
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        _rewrite(file, copy, where)
        copy.seek(0)
        yield copy


def _rewrite(file: Readable, copy: Readable, where: str) -> None:
    """The whole document, written as dynres writes it."""
    file.seek(0)
    text = file.read(LARGEST_REWRITTEN + 1)
    if len(text) > LARGEST_REWRITTEN:
        raise damaged(where)
    try:
        document = json.loads(text)
        copy.write(head_of(document["run"]).encode())
        copy.write(b",\n".join(to_json(image).encode() for image in document["images"]))
        copy.write(b"\n" + TAIL.encode())
    except (ValueError, KeyError, TypeError, RecursionError):
        raise damaged(where) from None


def damaged(where: str) -> Unsound:
    """The refusal of a manifest that cannot be taken apart."""
    return refusal(where, "is damaged; run the same `dynres tile` again to write it anew")


def refusal(where: str, why: str, code: str = "manifest") -> Unsound:
    """A manifest that is not to be relied on, and why."""
    return Unsound(f"{where}: {why}", code)
