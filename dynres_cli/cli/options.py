"""Options that several commands share, with their help, and how they become values of our own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dynres_cli.errors import UsageError

if TYPE_CHECKING:
    from dynres_cli.keys import KeyShard

Option = partial(typer.Option, show_envvar=False)
"""The rule DYNRES_… for every option is told once, at the end of a help, not on every line of it."""

ENVIRONMENT = "Options are read from DYNRES_… too (DYNRES_MAX_NUM=6), and from the command's table in ./dynres.toml."

Seconds = partial(Option, metavar="SECONDS", min=0.001, max=1_000_000)
"""A time limit: one without an end is no number that a record can hold."""


def load_config(context: typer.Context, file: Path | None) -> Path | None:
    """Read a command's defaults from its table in --config FILE, or in ./dynres.toml if that exists."""
    found = file or Path("dynres.toml")
    if file is not None or found.is_file():
        from dynres_cli.cli.config import defaults

        context.default_map = {**(context.default_map or {}), **defaults(context, found)}
    return file


def assignments(pairs: list[str]) -> dict[str, str]:
    """The name=value pairs of --set."""
    parsed = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            msg = f"--set {pair}: write it as name=value, for example --set max_num=6"
            raise UsageError(msg)
        parsed[name] = value
    return parsed


def preset_names(incomplete: str) -> list[str]:
    """The presets that a shell may complete a word to."""
    from dynres_cli.presets import PRESETS

    return [name for name in PRESETS if name.startswith(incomplete)]


def strategy_names(incomplete: str) -> list[str]:
    """The strategies that a shell may complete a word to."""
    from dynres_cli.strategies import FAMILIES

    return [name for name in FAMILIES if name.startswith(incomplete)]


Config = Annotated[
    Path | None,
    Option(
        "--config", metavar="FILE", is_eager=True, callback=load_config, help="Defaults by command [./dynres.toml]."
    ),
]
Preset = Annotated[
    str | None,
    Option(
        "--preset",
        metavar="NAME",
        autocompletion=preset_names,
        help="A checkpoint's rule, see `dynres strategies` [internvl2].",
    ),
]
Strategy = Annotated[
    str | None,
    Option(
        "--strategy",
        metavar="NAME",
        autocompletion=strategy_names,
        help="A family by name, with its first preset.",
    ),
]
Set = Annotated[
    list[str] | None,
    Option("--set", metavar="NAME=VALUE", envvar="DYNRES_SET", help="A parameter by the reference's name; repeatable."),
]
MinNum = Annotated[int | None, Option("--min-num", metavar="N", help="Fewest tiles of a grid (InternVL) [1].")]
MaxNum = Annotated[int | None, Option("--max-num", metavar="N", help="Most tiles of a grid (InternVL) [12].")]
ImageSize = Annotated[
    int | None, Option("--image-size", metavar="N", help="Side of a tile in pixels (InternVL) [448].")
]
Thumbnail = Annotated[
    bool | None, Option("--thumbnail/--no-thumbnail", help="Add the whole picture above one tile [on].")
]
FilesFrom = Annotated[
    str | None, Option("--files-from", metavar="FILE", help="Read the inputs from a list, - for stdin.")
]
Null = Annotated[bool, Option("-0", "--null", help="The list is separated by NUL bytes, as by find -print0.")]
Root = Annotated[
    Path | None, Option("--root", metavar="DIR", help="Where keys of --files-from begin [current folder].")
]
Include = Annotated[
    list[str] | None, Option("--include", metavar="GLOB", help="In folders, only files that match; repeatable.")
]
Exclude = Annotated[
    list[str] | None, Option("--exclude", metavar="GLOB", help="In folders, no files that match; repeatable.")
]
Hidden = Annotated[bool, Option("--hidden", help="Visit hidden files and folders too.")]
Follow = Annotated[bool, Option("-L", "--follow", help="Follow links below the inputs.")]
ManifestSize = Annotated[
    int,
    Option("--manifest-size", metavar="N", min=1, help="Above N images the manifest is in volumes of N each."),
]
Json = Annotated[bool, Option("--json", help="Print JSON on stdout and nothing else there.")]
Quiet = Annotated[bool, Option("-q", "--quiet", help="Only errors on stderr.")]
Exif = Annotated[
    str, Option("--exif", metavar="HOW", help="reference, ignore or apply: turn rotated pictures upright.")
]
Alpha = Annotated[
    str, Option("--alpha", metavar="HOW", help="reference, drop, white or #rrggbb: what is behind transparency.")
]
Frames = Annotated[
    Literal["first", "all"],
    Option("--frames", help="Of files that hold several pictures: all are tiled below KEY/frame_00000 and so on."),
]
MaxFrames = Annotated[
    int, Option("--max-frames", metavar="N", min=1, max=100_000, help="With --frames all, refuse files with more.")
]
MaxTiles = Annotated[int, Option("--max-tiles", metavar="N", min=1, help="Refuse pictures that would give more views.")]
MaxBytes = Annotated[int, Option("--max-bytes", metavar="N", min=1, help="Refuse larger files.")]
Jobs = Annotated[int, Option("-j", "--jobs", metavar="N", min=0, help="Workers; 0 is one for each core.")]
MaxPixels = Annotated[int, Option("--max-pixels", metavar="N", min=1, help="Refuse larger pictures by their header.")]
"""Options that have no default of their own stand for the preset's; the help names it in brackets."""


def overrides(pairs: list[str] | None, named: Mapping[str, object | None]) -> dict[str, object]:
    """The parameters of --set and of the options that name one; UsageError where both name the same."""
    given = {name: value for name, value in named.items() if value is not None}
    assigned = assignments(pairs or [])
    for name in given.keys() & assigned.keys():
        msg = f"{name} is given twice, by --set and by --{name.replace('_', '-')}; leave one out"
        raise UsageError(msg)
    return {**assigned, **given}


def shard(text: str | None) -> KeyShard:
    """The part of a run that --shard names; Slurm's variables count only where they are asked for."""
    from dynres_cli.keys import KeyShard

    if text is None:
        return KeyShard()
    return KeyShard.of_slurm_task(os.environ) if text == "slurm" else KeyShard.parse(text)


def refuse_beside_all(preset: str | None, strategy: str | None, given: Mapping[str, object]) -> None:
    """--all compares presets as they are: a choice beside it would have no clear meaning."""
    beside = [f"--{name}" for name, value in (("preset", preset), ("strategy", strategy)) if value]
    if beside or given:
        names = ", ".join([*beside, *given])
        msg = f"--all shows every preset as it is; leave out {names}, or leave out --all"
        raise UsageError(msg)
