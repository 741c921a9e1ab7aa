"""The reference of the Python interface, from signatures and docstrings."""

from __future__ import annotations

import dataclasses
import inspect

import dynres_cli
from dynres_cli.operations.opened import OpenRecord, OpenRun

FUNCTIONS = ("load_image", "tile_image", "plan", "tokens", "pack", "open_run", "open_packed", "compile_kernels")
PLANS = ("Plan", "View", "Surface", "Grid", "Size", "Box")
ERRORS = ("DynresError", "ImageError", "NotTileable", "UsageError", "RunError")
MODULE = ("__version__",)


def unlisted() -> set[str]:
    """Public names that no part of the page shows."""
    return set(dynres_cli.__all__) ^ {*FUNCTIONS, *PLANS, *ERRORS, *MODULE}


def page() -> str:
    """The page of the reference."""
    functions = "\n".join(_function(name) for name in FUNCTIONS)
    plans = "\n".join(_class(name, getattr(dynres_cli, name)) for name in PLANS)
    opened = "\n".join(_class(each.__name__, each) for each in (OpenRun, OpenRecord))
    errors = "\n".join(_error(name) for name in ERRORS)
    return f"""# Python

```python
import dynres_cli

pixel_values = dynres_cli.load_image("samples/coffee.jpg")
print(dynres_cli.plan(1280, 720, preset="llava-v1.6").grid)
```

`preset` is a name of [the presets](presets.md); `params` are the family's parameters by its reference's own names, as
with `--set`. Names are loaded on first use, so `import dynres_cli` costs next to nothing.

## Functions
{functions}
## Plans

A plan is arithmetic: which pictures are made from one of a given size, and which boxes of them the model sees.
{plans}
## A finished output

What `open_run` returns.
{opened}
## Errors
{errors}"""


def _function(name: str) -> str:
    return f"\n### {name}\n\n{_signature(name, getattr(dynres_cli, name))}\n\n{_words(getattr(dynres_cli, name))}\n"


def _signature(name: str, found: object) -> str:
    """A signature on one line, or an argument a line where that would be long."""
    stated = inspect.signature(found)  # type: ignore[arg-type]
    arguments = [_argument(each) for each in stated.parameters.values()]
    returned = stated.return_annotation
    end = "" if returned in (inspect.Signature.empty, "None") else f" -> {returned}"
    line = f"{name}({', '.join(arguments)}){end}"
    if len(line) > 78:
        line = f"{name}(\n" + "".join(f"    {argument},\n" for argument in arguments) + f"){end}"
    return f"```python\n{line}\n```"


def _argument(stated: inspect.Parameter) -> str:
    """One argument as one writes it; annotations are text already."""
    name = f"**{stated.name}" if stated.kind is inspect.Parameter.VAR_KEYWORD else stated.name
    default = "" if stated.default is inspect.Parameter.empty else f" = {stated.default!r}"
    return f"{name}: {stated.annotation}{default}".replace('"', "")


def _words(found: object) -> str:
    return inspect.getdoc(found) or ""


def _class(name: str, found: type) -> str:
    """A class with its fields or signature, and its properties and methods."""
    head = f"\n### {name}\n\n{_fields(name, found)}{_words(found)}\n"
    members = [
        (f"`{member}`" if isinstance(value, property) else f"`{member}()`", _words(value))
        for member, value in vars(found).items()
        if not member.startswith("_") and (isinstance(value, property) or inspect.isfunction(value))
    ]
    listed = "\n".join(f"* {shown}: {_lowered(words)}" for shown, words in members if words)
    bare = ", ".join(shown for shown, words in members if not words)
    also = f"* also {bare}" if bare else ""
    return head + ("\n" + "\n".join(filter(None, (listed, also))) + "\n" if members else "")


def _fields(name: str, found: type) -> str:
    return f"{_signature(name, found)}\n\n" if dataclasses.is_dataclass(found) else ""


def _lowered(words: str) -> str:
    """A docstring's first sentence as the rest of a line."""
    first = words.partition("\n\n")[0].replace("\n", " ")
    return first if first[1:2].isupper() else first[:1].lower() + first[1:]


def _error(name: str) -> str:
    found = getattr(dynres_cli, name)
    return f"\n### {name}\n\n{_words(found)} The command line's exit status for it is {found.exit_status}.\n"
