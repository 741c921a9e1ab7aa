"""What travels between the parts of a run: an input on its way in, an outcome on its way out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from dynres_cli.errors import FailureCode

Stage = Literal["read", "probe", "plan", "decode", "render", "write"]
"""Where in its way a picture failed."""


def frame_key(key: str, number: int) -> str:
    """The key of one picture of a file that holds several."""
    return f"{key}/frame_{number:05d}"


@dataclass(frozen=True, slots=True)
class Item:
    """One candidate picture.

    `key` is its place below the output folder, `source` the name it is known by (the same unless the key had to be
    changed), `path` what is opened. Bytes that are not UTF-8 travel as surrogate escapes in all three.
    """

    key: str
    source: str
    path: str
    explicit: bool = False
    """Named by the user, not found in a folder: links are then followed."""
    frame: int | None = None
    """One picture of several in a file, counted from 0; None where the file's first, or only, one is meant."""

    def at_frame(self, number: int) -> Item:
        """One picture of this file; its key is a folder below the file's own."""
        return replace(self, key=frame_key(self.key, number), frame=number)

    def failed(self, stage: Stage, code: FailureCode, message: str) -> Failed:
        """The outcome where this picture fails."""
        return Failed(self.key, self.source, stage, code, message, frame=self.frame)


@dataclass(frozen=True, slots=True)
class Done:
    """An item that was worked on; what came of it is told by the class that the work makes of this one."""

    key: str


@dataclass(frozen=True, slots=True)
class Tiled(Done):
    """One picture that was tiled, or was found tiled by an earlier run (`made` is then False)."""

    tiles: int
    total: int
    tokens: int
    grid: str
    flags: tuple[str, ...] = ()
    bytes_written: int = 0
    made: bool = True
    stages: dict[str, float] = field(default_factory=dict)
    """Seconds by stage, for --profile and the log; never in a record."""


@dataclass(frozen=True, slots=True)
class Failed:
    """One picture that failed; `source` and the rest are what its record says."""

    key: str
    source: str
    stage: Stage
    code: FailureCode
    message: str
    repeated: bool = False
    """Taken from an earlier run's record without trying again."""
    recorded: bool = False
    """Its record is written already; otherwise whoever receives the outcome writes it."""
    frame: int | None = None
