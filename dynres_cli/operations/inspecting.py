"""One picture's plan from its header, with everything a person asks about it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from dynres_cli import probe
from dynres_cli.errors import ImageError, UsageError
from dynres_cli.facts import Facts, FileLimits, Handling, check_frames
from dynres_cli.fitting import all_flags
from dynres_cli.geometry import Plan, Size
from dynres_cli.items import Stage
from dynres_cli.opening import Source, check_bytes, read_source
from dynres_cli.recipe import Recipe
from dynres_cli.strategies import Candidate
from dynres_cli.urls import is_url

STDIN = "-"


@dataclass(frozen=True, slots=True)
class InspectOptions:
    """How pictures are looked at."""

    recipe: Recipe
    handling: Handling
    limits: FileLimits
    max_frames: int | None = None
    """Every picture of a file is looked at where it has no more than these; None: the first of each, and no other."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a header and a recipe say of one picture; `size` is in the frame that is tiled."""

    source: str
    facts: Facts
    size: Size
    recipe: Recipe
    plan: Plan
    tokens: int
    flags: tuple[str, ...]
    frame: int | None = None
    """Which of a file's pictures it is, where all of them were asked for."""

    @property
    def candidates(self) -> list[Candidate]:
        """The grids that the rule compared, best first; empty for families that compute theirs."""
        family = self.recipe.strategy
        return family.candidates(self.size, self.recipe.params) if family.candidates else []


@dataclass(frozen=True, slots=True)
class NotInspected:
    """A file of which nothing could be said, and why."""

    source: str
    stage: Stage
    code: str
    message: str
    preset: str | None = None
    """The preset that has no plan for the picture; None where the file itself is to blame."""
    frame: int | None = None


def inspect_all(names: list[str], asked: InspectOptions) -> Iterator[Inspection | NotInspected]:
    """Each picture's plan, in the order given; `-` is read from stdin."""
    for name in names:
        if asked.max_frames is None:
            facts = read_facts(name, asked.limits)
            yield facts if isinstance(facts, NotInspected) else inspect_facts(name, facts, asked)
        else:
            yield from _every_frame(name, asked, asked.max_frames)


def _every_frame(name: str, asked: InspectOptions, most: int) -> Iterator[Inspection | NotInspected]:
    """Each picture of a file; the file itself where it holds but one, or too many."""
    first = read_facts(name, asked.limits)
    if isinstance(first, NotInspected):
        yield first
        return
    if first.frames == 1:
        yield inspect_facts(name, first, asked)
        return
    try:
        check_frames(first, most)
    except ImageError as error:
        yield NotInspected(name, "probe", error.code, str(error))
        return
    for frame in range(first.frames):
        facts = read_facts(name, asked.limits, frame)
        found = facts if isinstance(facts, NotInspected) else inspect_facts(name, facts, asked)
        yield replace(found, frame=frame)


def read_facts(name: str, limits: FileLimits, frame: int = 0) -> Facts | NotInspected:
    """What a picture's header states. UsageError if there is no such file."""
    try:
        if name == STDIN:
            return probe.probe_bytes(source_of(name, limits), limits, frame)
        return probe.probe(located(name), limits, follow=True, frame=frame)
    except ImageError as error:
        if error.code == "vanished":
            msg = f"the picture {name!r} does not exist; check the path"
            raise UsageError(msg) from None
        return NotInspected(name, "probe", error.code, str(error))


def inspect_facts(name: str, facts: Facts, asked: InspectOptions) -> Inspection | NotInspected:
    """What one recipe makes of a picture whose header was read."""
    size = facts.tiled_size(asked.handling)
    try:
        plan = asked.recipe.plan(size)
    except ImageError as error:
        return NotInspected(name, "plan", error.code, str(error), asked.recipe.preset)
    flags = all_flags(facts, asked.handling, asked.recipe, plan)
    return Inspection(name, facts, size, asked.recipe, plan, asked.recipe.tokens(size, plan), flags)


def located(name: str) -> str:
    """What is opened for a picture that was named: the path itself, or an object's address."""
    if not is_url(name):
        return name
    from dynres_cli.prefixes import given  # noqa: PLC0415 - only for object stores

    address = given(name)
    if address is None:
        msg = f"{name!r} is no single picture; inspect one, or plan them all: dynres plan {name}"
        raise UsageError(msg)
    return str(address)


def source_of(name: str, limits: FileLimits) -> Source:
    """The bytes of a picture that was named; ImageError where they cannot be had."""
    if name != STDIN:
        return read_source(located(name), limits, follow=True)
    data = _from_stdin(limits.max_bytes + 1)
    check_bytes(len(data), limits)
    return Source(data)


@cache
def _from_stdin(most: int) -> bytes:
    """What stdin holds, which can be read only once: for the header first, and then for a drawing."""
    if sys.stdin is None:
        msg = "there is no stdin to read a picture from; name a file instead of -"
        raise UsageError(msg)
    return sys.stdin.buffer.read(most)
