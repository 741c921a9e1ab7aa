"""The recorded terminal session of the README: real runs on the samples in a terminal of 80 columns, drawn by Rich.

Run from the repository's root: python -m docs.generate.session
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "session.svg"
COLUMNS, ROWS = 80, 50
COMMANDS = (
    ("tile", "samples", "out"),
    ("inspect", "samples/coffee.jpg"),
    ("plan", "samples", "--sweep", "1..6"),
)

THEME = TerminalTheme(
    (27, 29, 36),
    (214, 217, 224),
    [
        *((40, 44, 52), (224, 108, 117), (152, 195, 121), (229, 192, 123)),
        *((97, 175, 239), (198, 120, 221), (86, 182, 194), (214, 217, 224)),
    ],
)

# Rich's own frame fetches a font from the network; this one takes what monospaced font there is.
FRAME = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def recorded() -> Iterator[tuple[str, str]]:
    """Each command as one types it, and what a terminal shows of it."""
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree(ROOT / "samples", Path(home) / "samples")
        _run((*COMMANDS[0][:-1], "before"), home)  # whatever is compiled or read for the first time is not shown
        for arguments in COMMANDS:
            yield f"dynres {' '.join(arguments)}", _run(arguments, home)


def _run(arguments: tuple[str, ...], home: str) -> str:
    """What one command writes to a terminal, as it stands there at the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environment = {**os.environ, **terminal, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    environment = {name: value for name, value in environment.items() if not name.startswith(("DYNRES_", "COLUMNS"))}
    command = [sys.executable, "-m", "dynres_cli", *arguments]
    process = subprocess.Popen(command, cwd=home, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    if process.wait() != 0:
        msg = f"dynres {' '.join(arguments)} ended with status {process.returncode}"
        raise RuntimeError(msg)
    return "\n".join(_last_written(line) for line in written.decode("utf-8").replace("\r\n", "\n").split("\n"))


def _read(terminal: int) -> bytes:
    """The next bytes; none once the other side has closed, which Linux reports as an error."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


def _last_written(line: str) -> str:
    """A line after its carriage returns: what a progress bar wrote last."""
    return [part for part in re.split(r"\r", line) if part.strip()][-1:][0] if line.strip() else ""


def drawn(session: Iterator[tuple[str, str]]) -> str:
    """The session as an SVG."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115 - lives as long as the console
    for number, (command, output) in enumerate(session):
        if number:
            console.print()
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        console.print(Text.from_ansi(output.rstrip("\n")))
    return console.export_svg(title="dynres", theme=THEME, code_format=FRAME, unique_id="session")


def main() -> None:
    """Record the session and draw it."""
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(drawn(recorded()), "utf-8")


if __name__ == "__main__":
    main()
