"""Where two options do not go together the one from the stronger place counts: command line, environment, file.

A default that somebody keeps in dynres.toml or in the environment must not make a command unusable that is given the
other option by hand. What was given twice in the same place stays a contradiction, and is told as one.
"""

from __future__ import annotations

import typer

from dynres_cli.errors import UsageError

_STRENGTH = {"COMMANDLINE": 3, "ENVIRONMENT": 2, "DEFAULT_MAP": 1}

_RULE = ("preset", "strategy", "set_", "min_num", "max_num", "image_size", "thumbnail")
_SWEEPING = ("sweep", "budget_tokens", "context")
RIVALS = (
    (("all_",), (*_RULE, *_SWEEPING, "sample")),
    (_SWEEPING, ("sample", "max_num")),
    (("shard_size",), ("shard_tiles",)),
    (("json",), ("csv",)),
)
"""Options by the names of their parameters, of which one side or the other can be meant."""

BELONGING = (
    ("shard_size", "layout"),
    ("shard_tiles", "layout"),
    ("pack_by", "layout"),
    ("batch", "layout"),
    ("batch", "pack_by"),
    ("source", "against"),
    ("sample", "against"),
    ("ray_address", "engine"),
    ("shared_fs", "engine"),
    ("null", "files_from"),
    ("root", "files_from"),
    ("max_frames", "frames"),
)
"""Options that say something only beside another one."""

UNHEARD = {
    "null": "-0 says how a list is separated; give one with --files-from, or leave -0 out",
    "max_frames": "--max-frames is about files whose pictures are all taken; add --frames all, or leave it out",
}
"""Those of them that nobody else refuses where they say nothing, and the words for it."""

_OFF = {"layout": ("tree",), "frames": ("first",), "engine": ("processes", "serial")}
"""Values of those others beside which they say nothing, as they do where the other one is not given."""


def give_way(context: typer.Context) -> None:
    """Take back what stands in a weaker place beside something stronger that it does not go with.

    UsageError for what was given by hand and would say nothing.
    """
    for one, other in RIVALS:
        _settle(context, one, other)
    _settle_strategy(context)
    _settle_assignments(context)
    _settle_limit(context)
    for name, other_name in BELONGING:
        beside = context.params.get(other_name)
        is_beside_nothing = other_name in context.params and (beside is None or beside in _OFF.get(other_name, ()))
        strength = _strength(context, name) if is_beside_nothing else 0
        if 0 < strength < _STRENGTH["COMMANDLINE"]:
            _take_back(context, name)
        elif strength and name in UNHEARD:
            raise UsageError(UNHEARD[name])


def _settle(context: typer.Context, one: tuple[str, ...], other: tuple[str, ...]) -> None:
    strongest = [max(_strength(context, name) for name in side) for side in (one, other)]
    for side, against in ((one, strongest[1]), (other, strongest[0])):
        for name in side:
            if 0 < _strength(context, name) < against:
                _take_back(context, name)


def _settle_strategy(context: typer.Context) -> None:
    """A preset and a strategy go together where the one is of the other."""
    preset, strategy = (context.params.get(name) for name in ("preset", "strategy"))
    if preset is None or strategy is None:
        return
    from dynres_cli.presets import PRESETS

    if preset in PRESETS and PRESETS[preset].strategy != strategy:
        _settle(context, ("preset",), ("strategy",))


def _settle_assignments(context: typer.Context) -> None:
    """--set names parameters that some options name too."""
    pairs, strength = context.params.get("set_"), _strength(context, "set_")
    for name in ("min_num", "max_num", "image_size", "thumbnail"):
        if pairs and any(pair.startswith(f"{name}=") for pair in pairs):
            if 0 < _strength(context, name) < strength:
                _take_back(context, name)
            elif strength < _strength(context, name):
                pairs = [pair for pair in pairs if not pair.startswith(f"{name}=")]
                context.params["set_"] = pairs


def _settle_limit(context: typer.Context) -> None:
    """--set may name the limit of tiles that is swept, by any family's word for it."""
    pairs, swept = context.params.get("set_"), max(_strength(context, name) for name in _SWEEPING)
    if not pairs or not swept:
        return
    from dynres_cli.operations.sweeping import LIMITS_OF_TILES

    others = [pair for pair in pairs if pair.partition("=")[0] not in LIMITS_OF_TILES]
    if _strength(context, "set_") < swept:
        context.params["set_"] = others
    elif others != pairs:
        _settle(context, _SWEEPING, ("set_",))


def _strength(context: typer.Context, name: str) -> int:
    """How strong the place is where an option was given; 0 where it was not, or says no more than that."""
    value = context.params.get(name)
    if value in (None, []) or (value is False and _default(context, name) is False):
        return 0
    source = context.get_parameter_source(name)
    return _STRENGTH.get(source.name, 0) if source else 0


def _take_back(context: typer.Context, name: str) -> None:
    context.params[name] = _default(context, name)


def _default(context: typer.Context, name: str) -> object:
    return next(each.default for each in context.command.params if each.name == name)
