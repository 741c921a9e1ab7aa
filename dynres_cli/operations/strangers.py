"""Files below an output that no record names: leftovers of other runs and whatever else somebody put there."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Container, Iterator

from dynres_cli.errors import Unsound
from dynres_cli.keys import key_digest
from dynres_cli.names import MANIFEST, RECORD, STATE, VOLUME
from dynres_cli.operations.reading import Output
from dynres_cli.storage import listed_below
from dynres_cli.tree import portable

_REPORT = re.compile(r"report(-[0-9]+)?\.html")


class Known:
    """The pictures' folders, or their entries in indexes: eight bytes each, so that a million take eight megabytes."""

    def __init__(self) -> None:
        self._digests = array("Q")

    def add(self, place: str) -> None:
        self._digests.append(key_digest(place))

    def frozen(self) -> Known:
        """Ready to be asked."""
        self._digests = array("Q", sorted(self._digests))
        return self

    def __contains__(self, place: str) -> bool:
        wanted = key_digest(place)
        at = bisect_left(self._digests, wanted)
        return at < len(self._digests) and self._digests[at] == wanted


def beside(output: Output, folder: str, expected: set[str]) -> Iterator[str]:
    """Files in a picture's own folder that its record does not name."""
    names, _folders = _listed(output.root, folder)
    yield from (f"{folder}/{name}" for name in names if name not in expected and name != RECORD)


def elsewhere(output: Output, known: Known, own: Container[str] = ()) -> Iterator[str]:
    """Files outside the pictures' folders that are not the output's own; links are named and not followed.

    `own` are paths that belong to it beside the manifest and the report.
    """
    roots = {"", *(output.run.parts or ())}
    stack = [""]
    while stack:
        folder = stack.pop()
        files, folders = _listed(output.root, folder)
        if folder not in known:
            paths = (_below(folder, name) for name in files if folder not in roots or not _is_own(name, output))
            yield from (path for path in paths if path not in own)
        deeper = [_below(folder, name) for name in folders if folder not in roots or name != STATE]
        stack += reversed(deeper)


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _is_own(name: str, output: Output) -> bool:
    """Whether a file at the top of an output, or of one of its parts, is dynres's own."""
    if output.run.parts is None and VOLUME.fullmatch(name):
        return name in {volume.path for volume in output.run.manifests or ()}
    return name == MANIFEST or any(own.fullmatch(name) for own in (_REPORT, VOLUME))


def _listed(root: str, folder: str) -> tuple[list[str], list[str]]:
    """A folder's files and folders, each sorted; nothing where it cannot be listed."""
    try:
        files, folders = listed_below(root, folder)
    except (OSError, Unsound):
        return [], []
    return sorted(map(portable, files)), sorted(map(portable, folders))
