"""The glob patterns of --include and --exclude, as people know them from ripgrep and .gitignore."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from dynres_cli.errors import UsageError

_TOKEN = re.compile(r"\*\*/|/\*\*|\*\*|\*|\?|\[[!^]?\]?[^\]]*\]|[{},]|\\.|.", re.DOTALL)

_FIXED = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", ",": "|", "}": ")"}


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression over a whole key.

    `*` and `?` stay inside one name, `**` does not, `{a,b}` is either. A pattern without a slash may match at any
    depth, one with a slash begins at the top. Raises UsageError where a class in brackets is none.
    """
    bare = pattern.rstrip("/").removeprefix("./")
    anchored = bare.removeprefix("/")
    text = anchored if "/" in bare else "**/" + anchored
    try:
        return re.compile("".join(_pieces(text)), re.DOTALL)
    except re.error as error:
        msg = f"{pattern!r} is no pattern ({error.msg}); a class in brackets is written as [a-z] or [!a-z]"
        raise UsageError(msg) from error


def _pieces(text: str) -> list[str]:
    braces = text.count("{") == text.count("}")
    depth = 0
    pieces = []
    for sign in _TOKEN.findall(text):
        plain = sign in "{}," and (not braces or (sign == "," and depth == 0))
        depth += (sign == "{") - (sign == "}")
        pieces.append(re.escape(sign) if plain else _piece(sign))
    return pieces


def _piece(sign: str) -> str:
    if sign in _FIXED:
        return _FIXED[sign]
    if len(sign) > 1 and sign[0] == "[":
        negated = sign[1] in "!^"
        members = re.escape(sign[2:-1] if negated else sign[1:-1]).replace(r"\-", "-")
        return f"[{'^' if negated else ''}{members}]"
    if len(sign) > 1 and sign[0] == "\\":
        return re.escape(sign[1])
    return re.escape(sign)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which keys pass: all that match an `include` (or everything, without one) and no `exclude`."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise UsageError for a pattern that is none, before anything is visited."""
        for pattern in (*self.include, *self.exclude):
            compiled(pattern)

    def file(self, key: str) -> bool:
        wanted = not self.include or _any(self.include, key)
        return wanted and not _any(self.exclude, key)

    def folder(self, key: str) -> bool:
        """Whether a folder is worth visiting: an excluded one takes everything below with it."""
        return not _any(self.exclude, key)


EVERYTHING = Filter()


def _any(patterns: tuple[str, ...], key: str) -> bool:
    return any(compiled(pattern).fullmatch(key) for pattern in patterns)
