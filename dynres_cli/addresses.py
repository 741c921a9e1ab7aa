"""Where a picture's bytes lie that is no file of its own: an object, a member of an archive, a row of a table.

An address is written into an Item's path, so that whatever carries items carries it too. It holds what the listing
knew, the size and the stamp by which a later run tells whether the picture is still the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["object", "tar", "zip", "parquet", "staged", "refused"]

_FORM = re.compile(rf"({'|'.join(get_args(Kind))})://([0-9]+(?:,-?[0-9]+)*);([^;/]*);(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """One picture's place.

    `container` is a path or a URL: of the object, of what the picture is in, of the copy that was fetched ahead. `size`
    is 0 where only reading tells it, `stamp` 0 where nothing is known. `place` is the kind's own: where in its
    container the picture is. `word` is the extension of its name. A member that will not be read is `refused`: `word`
    is then a failure's code and `container` the reason.
    """

    kind: Kind
    container: str
    size: int = 0
    stamp: int = 0
    place: tuple[int, ...] = ()
    word: str = ""

    def __str__(self) -> str:
        numbers = ",".join(map(str, (self.size, self.stamp, *self.place)))
        return f"{self.kind}://{numbers};{self.word};{self.container}"


def parsed(path: str) -> Address | None:
    """The address that an Item's path is; None where it is a plain path."""
    found = _FORM.fullmatch(path) if "://" in path else None
    if found is None:
        return None
    size, stamp, *place = map(int, found[2].split(","))
    return Address(found[1], found[4], size, stamp, tuple(place), found[3])  # type: ignore[arg-type]


def extension(name: str) -> str:
    """What an address keeps of a name: the extension, if it is a plain one."""
    suffix = "." + name.rpartition("/")[2].rpartition(".")[2]
    return suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", suffix) else ""
