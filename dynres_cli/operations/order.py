"""What one run of `dynres tile` is asked to do, who steers and hears it, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dynres_cli.engines.contract import Engine, EngineLimits, Watch
from dynres_cli.items import Failed, Tiled
from dynres_cli.job import Job
from dynres_cli.keys import KeyShard
from dynres_cli.manifest import VOLUME_IMAGES
from dynres_cli.operations.kernel_choice import KernelOption
from dynres_cli.operations.tally import Tally
from dynres_cli.source import Selection

if TYPE_CHECKING:
    from dynres_cli.engines.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Order:
    """What one run is asked to do."""

    selection: Selection
    job: Job
    limits: EngineLimits
    engine: str = "processes"
    cluster: Cluster | None = None
    """Where the Ray engine works; None for a Ray of this machine alone."""
    kernel: KernelOption = "auto"
    max_failures: int | None = None
    into: bool = False
    shard: KeyShard = field(default_factory=KeyShard)
    volume: int = VOLUME_IMAGES
    """Above so many images the manifest is written in volumes of so many."""
    batch: int | None = None
    """Images that a batch is going to have; fewer of one cost are told of."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Who is told while a run goes on."""

    started: Callable[[int], None]
    """With the number of inputs, once they are listed."""
    outcome: Callable[[Tiled | Failed, Tally], None]
    note: Callable[[str], None]
    """With a sentence that a person should read."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended."""

    tally: Tally
    manifest: str | None
    """Where the manifest is; None where the run stopped before its end."""
    stopped: bool


@dataclass(frozen=True, slots=True)
class Observed:
    """An engine with those who steer and hear it."""

    engine: Engine
    observer: Observer
    watch: Watch
