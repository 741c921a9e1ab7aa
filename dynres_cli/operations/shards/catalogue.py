"""Finds the committed record of a key among the indexes of all shards."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import tempfile
import weakref
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from threading import Lock
from typing import IO

import numpy as np

from dynres_cli.errors import Unsound
from dynres_cli.jsontext import shown
from dynres_cli.keys import key_digest
from dynres_cli.manifest import ShardLayout
from dynres_cli.resume import LARGEST_RECORD
from dynres_cli.sinks.index import open_index
from dynres_cli.sinks.shard import Shard, shards_in
from dynres_cli.storage import open_below
from dynres_cli.urls import is_url

_KEY = re.compile(rb'\{"key": ("(?:[^"\\]|\\.)*")')
_RAW = re.compile(rb'"raw": "([A-Za-z0-9+/=]*)"')


def legible_key(text: bytes) -> str | None:
    """A picture's key from the line of its record, which may be damaged further on."""
    found, raw = _KEY.match(text), _RAW.search(text)
    try:
        if found is None:
            return None
        key = base64.b64decode(raw[1]).decode("utf-8", "surrogateescape") if raw else str(json.loads(found[1]))
        key.encode("utf-8", "surrogateescape")  # no file is called by half of a surrogate pair
    except (binascii.Error, ValueError):
        return None
    return key


class Catalogue:
    """Where each record stands: twenty bytes a picture, so that a million of them take twenty megabytes.

    Of an object store each index is fetched once, and its lines are kept in an unnamed file.
    """

    def __init__(self, root: str, layout: ShardLayout) -> None:
        self._root = root
        self._turn = Lock()  # records are read ahead in threads, and the copy has one position for all of them
        self._copy: IO[bytes] | None = None
        if is_url(root):
            self._copy = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the catalogue
            weakref.finalize(self, self._copy.close)
        self._shards = shards_in(root, layout)
        digests, positions, offsets = array("Q"), array("L"), array("Q")
        for position, shard in enumerate(self._shards):
            for digest, offset in self._lines(shard):
                digests.append(digest)
                positions.append(position)
                offsets.append(offset)
        order = np.argsort(np.array(digests, np.uint64), kind="stable")
        self._digests = array("Q", np.array(digests, np.uint64)[order].tobytes())
        self._positions = np.array(positions, np.uint32)[order]
        self._offsets = np.array(offsets, np.uint64)[order]

    def _lines(self, shard: Shard) -> Iterator[tuple[int, int]]:
        """Each legible key's digest with the place of its line; a damaged index gives what can be read of it."""
        try:
            with open_index(self._root, shard.index) as index:
                for offset, text in index.lines():
                    key = legible_key(text)
                    if key is not None:
                        yield key_digest(key), offset if self._copy is None else _appended(self._copy, text)
        except (OSError, Unsound):
            return

    @property
    def shards(self) -> list[Shard]:
        return self._shards

    def find(self, key: str) -> tuple[Shard, bytes]:
        """The shard that a picture is in, and its record's line; RunError where no index has it."""
        wanted = key_digest(key)
        place = bisect_left(self._digests, wanted)
        while place < len(self._digests) and self._digests[place] == wanted:
            shard = self._shards[int(self._positions[place])]
            text = self._line(shard, int(self._offsets[place]))
            if legible_key(text) == key:
                return shard, text
            place += 1
        msg = f"{shown(key)}: its record is in no shard's index; run the same `dynres tile` again"
        raise Unsound(msg, code="record_missing")

    def _line(self, shard: Shard, offset: int) -> bytes:
        if self._copy is not None:
            with self._turn:
                self._copy.seek(offset)
                return self._copy.readline(LARGEST_RECORD).rstrip(b"\n")
        with open_below(self._root, shard.index) as handle, os.fdopen(os.dup(handle), "rb") as file:
            file.seek(offset)
            return file.readline(LARGEST_RECORD).rstrip(b"\n").removesuffix(b",")


def _appended(file: IO[bytes], text: bytes) -> int:
    """Where in the file the line begins now."""
    place = file.seek(0, os.SEEK_END)
    file.write(text + b"\n")
    return place
