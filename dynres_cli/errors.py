"""The errors that dynres raises, each with a stable code.

DynresError
├── UsageError        the call itself is wrong (exit status 2)
│   └── MissingExtra  a feature needs a package that is not installed
├── RunError          the run cannot be done, or not go on (exit status 1)
│   └── Unsound       what lies in an output is not what dynres writes there: damaged, edited, or leading elsewhere
├── NothingFound      no picture is there to be tiled (exit status 4)
└── ImageError        one picture fails; the run goes on and records it (exit status 3)
    └── NotTileable   it may not be cut: by the rule of its family, or by --max-tiles and --max-frames
"""

from __future__ import annotations

import copyreg
from typing import Literal

FailureCode = Literal[
    "empty",
    "unidentified",
    "truncated",
    "corrupt",
    "too_many_pixels",
    "too_large_file",
    "format_not_allowed",
    "unreadable",
    "vanished",
    "changed",
    "timeout",
    "out_of_memory",
    "worker_crash",
    "unsupported_mode",
    "not_tileable",
    "output_error",
]
"""The closed list of reasons why a picture can fail."""


class DynresError(Exception):
    """Base of everything dynres raises on purpose; the text says what, why and what to do next."""

    exit_status = 1
    code: str = "error"


class UsageError(DynresError):
    """The call cannot be understood as given: an unknown name, a value out of its range, inputs that collide."""

    exit_status = 2
    code = "usage"


class MissingExtra(UsageError):  # noqa: N818 - read as a sentence: "raise MissingExtra"
    """A feature was asked for whose optional package is not installed; the text names the extra."""

    code = "missing_extra"


class RunError(DynresError):
    """The run cannot start or go on: the output is not writable or not ours, the disk is full, a lock is held."""

    code = "run"

    def __init__(self, message: str, code: str = "run") -> None:
        super().__init__(message)
        self.code = code


class Unsound(RunError):  # noqa: N818 - read as a sentence: "raise Unsound"
    """What lies in an output is not what dynres writes there: it is damaged, edited, gone, or leads elsewhere.

    Whoever can do without it, or tells of it, catches this. Other RunErrors, such as that a store gives no answer, say
    nothing about what lies there, and are for nobody to catch on the way.
    """


class NothingFound(DynresError):  # noqa: N818 - read as a sentence: "raise NothingFound"
    """The inputs hold no candidate."""

    exit_status = 4
    code = "nothing_found"


class ImageError(DynresError):
    """One picture fails with a code of the closed list."""

    exit_status = 3

    def __init__(self, code: FailureCode, message: str) -> None:
        super().__init__(message)
        self.code: FailureCode = code

    def __reduce__(self) -> tuple[object, ...]:
        """Made anew without `__init__`, which would get the text alone, and the pool that waits for it would hang."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class NotTileable(ImageError):  # noqa: N818 - read as a sentence: "raise NotTileable"
    """There is no plan that may be made of this picture; the text is the family's own reason, or the limit."""

    def __init__(self, message: str) -> None:
        super().__init__("not_tileable", message)
