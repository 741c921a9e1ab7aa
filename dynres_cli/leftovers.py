"""What earlier runs made of a picture, found and removed before it is made anew."""

from __future__ import annotations

import re
from contextlib import suppress

from dynres_cli import resume
from dynres_cli.errors import Unsound
from dynres_cli.items import frame_key
from dynres_cli.manifest import TiledRecord
from dynres_cli.names import MANIFEST, RECORD, VIEW_OR_TENSOR
from dynres_cli.storage import Writer, listed_below

_FRAME = re.compile(r"frame_[0-9]{5,}")


def forget(key: str, writer: Writer) -> None:
    """Remove what an earlier run made of a picture: the manifest first, then its record, then its files.

    In this order no reader ever finds a manifest or a record whose files are gone. Where a record was lost or cannot be
    read, the files go that have the names of a picture's.
    """
    before = resume.earlier(writer.root, key)
    if before is None:
        names = [name for name in _listed(key, writer)[0] if name == RECORD or VIEW_OR_TENSOR.fullmatch(name)]
    else:
        files = before.record.files if isinstance(before.record, TiledRecord) else ()
        names = [RECORD, *(resume.file_name(entry.path) for entry in files)]
    if names:
        writer.remove("", [MANIFEST])
        writer.remove(key, sorted(names, key=lambda name: name != RECORD))


def forget_frames(key: str, writer: Writer, count: int = 0) -> None:
    """The same for every frame of a file that has so many of them now; it is asked once which there are."""
    for number in frame_numbers(key, writer):
        if number >= count:
            forget(frame_key(key, number), writer)


def frame_numbers(key: str, writer: Writer) -> list[int]:
    """The frames of a file that have a folder, in their order; it may be empty."""
    return sorted(int(name.removeprefix("frame_")) for name in _listed(key, writer)[1] if _FRAME.fullmatch(name))


def _listed(key: str, writer: Writer) -> tuple[list[str], list[str]]:
    """The files and folders in a picture's folder; none where that is not there or cannot be."""
    with suppress(OSError, Unsound):
        return listed_below(writer.root, key)
    return [], []
