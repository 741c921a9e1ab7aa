"""Records of failures that lie aside, in the state folder, for nothing can be written in the place of their picture.

They are the last run's alone, and hold against whatever an earlier one left in that place and nobody could remove.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress

from dynres_cli.errors import Unsound
from dynres_cli.keys import to_bytes
from dynres_cli.names import MANIFEST, RECORD, STATE
from dynres_cli.storage import Writer, listed_below

ASIDE = f"{STATE}/unwritable"


def aside_key(key: str) -> str:
    """Where the record of a picture goes whose own folder cannot be written: it is a link, forbidden, or too long."""
    return f"{ASIDE}/{hashlib.sha256(to_bytes(key)).hexdigest()[:32]}"


def is_any_aside(out: str) -> bool:
    """Whether any record lies aside; asked once, it spares every picture the question."""
    return bool(_listed(out))


def places_of(key: str, *, any_aside: bool) -> tuple[str, ...]:
    """The folders in which a picture's record may lie; the first that is there holds."""
    return (aside_key(key), key) if any_aside else (key,)


def forget_aside(writer: Writer) -> None:
    """Remove the records that an earlier run put aside, the manifest first: every such picture is tried again."""
    folders = _listed(writer.root)
    if folders:
        writer.remove("", [MANIFEST])
    for folder in folders:
        writer.remove(f"{ASIDE}/{folder}", [RECORD])
        writer.remove_folder(f"{ASIDE}/{folder}")


def _listed(out: str) -> list[str]:
    with suppress(OSError, Unsound):
        return listed_below(out, ASIDE)[1]
    return []
