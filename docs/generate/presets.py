"""The reference of presets and their parameters, from the registry."""

from __future__ import annotations

from collections.abc import Sequence

from dynres_cli.operations.describing import EXAMPLE, Description, Parameter, described
from dynres_cli.presets import PRESETS, PixelPolicy

LONG = 60
"""A list of more letters is counted instead of shown."""

_SMOLVLM = "the longest edge, the tile's side and the tokens of a tile"
_QWEN = "the limits of `min_pixels` and `max_pixels`"
UNCONFIRMED = {
    "granite-vision": "the list of canvases, and with it the tile's side of 384",
    "nvlm-d": "the limit of six tiles",
    "h2ovl": "the limit of six tiles, and the statistics",
    "smolvlm-2.2b": _SMOLVLM,
    "smolvlm2-2.2b": _SMOLVLM,
    "smolvlm2-500m": _SMOLVLM,
    "llama-3.2-vision": "the tile's side of 560, the limit of four tiles, the filter and the statistics",
    "qwen2-vl": _QWEN,
    "qwen2.5-vl": _QWEN,
    "qwen3-vl": f"{_QWEN}, the patch of 16 and the statistics",
    "gemma3": "the side of 896",
    "gemma3-pan-and-scan": "the side of 896",
    "mistral-small-3.1": "the longest edge of 1540 and the patch of 28",
    "nemotron-vl": "the limit of 12 tiles",
    "nvila": "the tile's side of 448",
    "nvila-s2": "the tile's side and the three scales",
    "deepseek-vl2": "the list of canvases and its order",
    "phi-3.5-vision": "the budget of four crops",
}
"""Which values of a preset were not found in a public reference; a test holds the names equal to the registry's."""


def page() -> str:
    """The page of the reference."""
    found = described()
    rows = "\n".join(_row(each) for each in found)
    sections = "\n".join(_section(each) for each in found)
    return f"""# Presets

A preset is a checkpoint's name for a family, its parameters and its treatment of pixels; `--preset NAME` asks for one,
and `--set name=value` replaces a parameter. What it gives a picture of {EXAMPLE}:

| preset | family | grid | views | tokens | proved |
|---|---|---|---|---|---|
{rows}

`?` marks a preset with a value that was not found in a public reference. How each family cuts, with a drawing, is told
in [the families](../strategies.md); what *proved* rests on in [conformance](../conformance.md).
{sections}"""


def _row(each: Description) -> str:
    mark = "" if each.confirmed else "?"
    family = f"[`{each.strategy}`](../strategies.md#{each.strategy})"
    grid = each.grid
    return (
        f"| [`{each.preset}`](#{anchor(each.preset)}){mark} | {family} | {grid} | {each.total} | {each.tokens:,} "
        f"| {each.proof} |"
    )


def anchor(preset: str) -> str:
    """A preset's place on the page."""
    return preset.replace(".", "")


def _section(each: Description) -> str:
    unconfirmed = "" if each.confirmed else f"\n**Unconfirmed** by a public reference: {UNCONFIRMED[each.preset]}.\n"
    notes = PRESETS[each.preset].notes
    said = f"\n{notes[0].upper()}{notes[1:]}.\n" if notes else ""
    return f"""
## {each.preset} {{ #{anchor(each.preset)} }}

{each.models}. Family [`{each.strategy}`](../strategies.md#{each.strategy}): {each.rule}. Reference: {each.reference}.
{unconfirmed}{said}
{policy(each.pixels)}

{parameters(each.parameters)}"""


def policy(pixels: PixelPolicy) -> str:
    """How pixels are treated before and after the plan, in a sentence."""
    alpha = "put over white" if pixels.alpha == "white" else "dropped"
    exif = "applied" if pixels.exif == "apply" else "ignored"
    statistics = f"mean {_channels(pixels.mean)}, std {_channels(pixels.std)}"
    return f"Pixels: transparency {alpha}, EXIF orientation {exif}, {statistics}, {pixels.arithmetic} arithmetic."


def _channels(values: Sequence[float]) -> str:
    alike = len(set(values)) == 1
    return f"{values[0]}" if alike else " ".join(str(value) for value in values)


def parameters(found: Sequence[Parameter]) -> str:
    """A table of parameters."""
    rows = "\n".join(
        f"| `{each.name}` | {shown(each.value)} | {shown(each.default)} | {each.allowed} |" for each in found
    )
    return f"| parameter | here | the family's default | allowed |\n|---|---|---|---|\n{rows}\n"


def shown(value: object) -> str:
    """A parameter's value; pairs as they are written on the command line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        text = ", ".join(f"{first}x{second}" for first, second in value)
        return text if len(text) <= LONG else f"{len(value)} pairs, from {text.split(',', 1)[0]}"
    return f"{value}" if value != "" else "none"
