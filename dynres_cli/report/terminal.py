"""What the terminal at hand can show of a picture, and the characters that make it do so."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from dynres_cli.geometry import RGB

Means = Literal["kitty", "blocks", "none"]
CHUNK = 4096
"""Characters of a picture in one command, at most, as kitty's protocol asks."""
CUBE = (0, 95, 135, 175, 215, 255)
"""The levels of the 256-colour palette's cube."""


def means(environment: Mapping[str, str], *, terminal: bool) -> Means:
    """How pictures are shown there: not at all in a file, under NO_COLOR or on a plain terminal."""
    kind = environment.get("TERM", "")
    if not terminal or environment.get("NO_COLOR") or kind in ("", "dumb"):
        return "none"
    named = environment.get("TERM_PROGRAM", "") in ("ghostty", "WezTerm") or kind in ("xterm-kitty", "xterm-ghostty")
    # tmux and screen swallow kitty's commands; half blocks are text, which they pass on.
    return "kitty" if named and not kind.startswith(("tmux", "screen")) and "TMUX" not in environment else "blocks"


def here() -> Means:
    """The same for our own stdout."""
    return means(os.environ, terminal=sys.stdout is not None and sys.stdout.isatty())


def exact_colours(environment: Mapping[str, str]) -> bool:
    """Whether the terminal says that it shows any colour, not only the usual 256."""
    return environment.get("COLORTERM", "") in ("truecolor", "24bit")


def half_block(above: RGB, below: RGB, *, exact: bool) -> str:
    """One character that shows two levels, one over the other."""
    return f"\x1b[38;{_colour(above, exact=exact)};48;{_colour(below, exact=exact)}m▀\x1b[0m"


def _colour(levels: RGB, *, exact: bool) -> str:
    """A colour as terminals take it."""
    if exact:
        return "2;{};{};{}".format(*levels)
    return f"5;{_nearest(levels)}"


def _nearest(levels: RGB) -> int:
    """The number of the nearest colour in the cube or in the ramp of greys."""
    red, green, blue = map(_step, levels)
    grey = min(max(round((sum(levels) / 3 - 8) / 10), 0), 23)
    shade = 8 + 10 * grey
    in_cube = _distance(levels, (CUBE[red], CUBE[green], CUBE[blue]))
    return 232 + grey if _distance(levels, (shade, shade, shade)) < in_cube else 16 + 36 * red + 6 * green + blue


def _step(level: int) -> int:
    """The nearest of the cube's levels, by its number."""
    return min(range(len(CUBE)), key=lambda step: abs(CUBE[step] - level))


def _distance(one: RGB, other: RGB) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def kitty(png: bytes, columns: int) -> str:
    """Commands of kitty's graphics protocol that show a PNG so many characters wide."""
    return "".join(_commands(base64.standard_b64encode(png).decode("ascii"), columns)) + "\n"


def _commands(text: str, columns: int) -> Iterator[str]:
    for start in range(0, len(text), CHUNK):
        more = int(start + CHUNK < len(text))
        first = f"a=T,f=100,q=2,c={columns}," if start == 0 else ""
        yield f"\x1b_G{first}m={more};{text[start : start + CHUNK]}\x1b\\"
