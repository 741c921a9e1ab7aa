"""The man pages, from what the application says of itself.

Run from the repository's root: python -m docs.generate.man, which writes docs/man.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from docs.generate.app import ABOUT, Command, Option, commands
from docs.generate.codes import STATUSES
from dynres_cli import __version__

EXIT = "Exit status:"
FOLDER = Path(__file__).parents[2] / "docs" / "man"


def pages() -> dict[str, str]:
    """Every page's text by its file name."""
    found = commands()
    return {"dynres.1": _main(found)} | {f"dynres-{each.name}.1": _page(each) for each in found}


def _main(found: list[Command]) -> str:
    listed = "\n".join(f".TP\n.B dynres {_text(each.name)}\n{_text(each.about)}" for each in found)
    also = ",\n".join(f".BR dynres\\-{each.name} (1)" for each in found)
    return f"""{_title("dynres")}
.SH NAME
dynres \\- {_text(_lowered(ABOUT))}
.SH SYNOPSIS
.B dynres
.I COMMAND
[\\fIOPTIONS\\fR] ...
.SH DESCRIPTION
dynres picks the tile grid for each picture\\(aqs aspect ratio, resizes the picture over it, cuts the tiles, adds the
thumbnail, and writes PNGs, a float32 tensor and a JSON record of every box and token, bit for bit as the model\\(aqs
own code does, or within a stated tolerance where that exists in torch alone.
.SH COMMANDS
{listed}
.SH OPTIONS
.TP
.BR \\-h ", " \\-\\-help
Explain dynres, or the command that stands before it.
.TP
.B \\-\\-version
Show the version.
.TP
.B \\-\\-install\\-completion
Teach the shell at hand to complete commands and options.
.SH EXAMPLES
.nf
{_examples(example for each in found for example in _own_examples(each)[:1])}
.fi
{_environment(file=True)}
{_statuses()}
.SH SEE ALSO
{also}
"""


def _own_examples(command: Command) -> list[str]:
    """Those of a command's examples that call it: others prepare what it needs."""
    return [example for example in command.examples if f"dynres {command.name} " in f"{example} "]


def _page(command: Command) -> str:
    arguments = "\n".join(f".TP\n.I {_text(each.name)}\n{_text(each.help)}" for each in command.arguments)
    options = "\n".join(_option(each) for each in command.options)
    examples = f".SH EXAMPLES\n.nf\n{_examples(command.examples)}\n.fi\n" if command.examples else ""
    statuses = [each for each in command.notes if each.startswith(EXIT)]
    notes = [each for each in command.notes if "DYNRES_" not in each and each not in statuses]
    described = "\n.PP\n".join(_text(each) for each in (command.about, *notes))
    synopsis = " ".join(rf"\fI{_text(each.name)}\fR" for each in command.arguments)
    return f"""{_title(f"dynres-{command.name}")}
.SH NAME
dynres\\-{command.name} \\- {_text(_lowered(command.about))}
.SH SYNOPSIS
.B dynres {command.name}
[\\fIOPTIONS\\fR] {synopsis}
.SH DESCRIPTION
{described}
.SH OPTIONS
{arguments}
{options}
{examples}{_environment(file=command.reads_a_file)}
{_own_statuses(statuses)}
.SH SEE ALSO
.BR dynres (1)
"""


def _option(option: Option) -> str:
    """An option with its help, its default and what else sets it."""
    flags = ", ".join(rf"\fB{_text(flag)}\fR" for flag in option.flags)
    value = rf" \fI{_text(option.value)}\fR" if option.value else ""
    words = [_text(option.help)]
    words += ["May be given more than once."] if option.repeated else []
    words += [f"Default: {_text(option.default)}."] if option.default else []
    return f".TP\n{flags}{value}\n" + "\n".join(words)


def _examples(lines: Iterable[str]) -> str:
    return "\n".join(_text(re.sub(r"\s{2,}\(", "    (", line)) for line in lines)


def _environment(*, file: bool) -> str:
    """Where options come from beside the command line; not every command reads a file."""
    variables = """Every option but \\-\\-shard is read from the environment too, under
.B DYNRES_
and its long name in capitals with _ for \\-: DYNRES_MAX_NUM=6."""
    if not file:
        return f".SH ENVIRONMENT\n{variables}"
    return f""".SH ENVIRONMENT AND FILES
{variables}
.I ./dynres.toml
(or the file that \\-\\-config names) holds defaults: a table for each command, with the long names of its options.
A flag wins over the environment, the environment over the file."""


def _statuses() -> str:
    listed = "\n".join(f".TP\n.B {status}\n{_text(words.replace('`', ''))}" for status, words in STATUSES.items())
    return f".SH EXIT STATUS\n{listed}"


def _own_statuses(notes: list[str]) -> str:
    """What a command itself says of its statuses, else what holds for all of them."""
    if not notes:
        return _statuses()
    return ".SH EXIT STATUS\n" + "\n".join(_text(note.removeprefix(EXIT).strip()) for note in notes)


def _title(name: str) -> str:
    return f'.TH "{name.upper()}" "1" "" "dynres {__version__}" "User Commands"\n.nh\n.ad l'


def _lowered(sentence: str) -> str:
    """A sentence as the words after a dash."""
    words = sentence.rstrip(".")
    return words[:1].lower() + words[1:]


def _text(words: str) -> str:
    """Words that roff shows as they are."""
    words = words.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "")
    return "\\&" + words if words.startswith((".", "\\(aq")) else words


def main() -> None:
    """Write every page, and remove those of commands that are gone."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = pages()
    for old in FOLDER.glob("*.1"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
