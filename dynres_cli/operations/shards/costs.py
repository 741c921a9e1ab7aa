"""What every picture will take in its shard, from its header alone: asked before the first pixel is decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dynres_cli.engines.contract import Admit, Engine, EngineLimits, Watch
from dynres_cli.errors import ImageError
from dynres_cli.facts import FileLimits
from dynres_cli.geometry import Size
from dynres_cli.items import Done, Failed, Item
from dynres_cli.job import Job
from dynres_cli.manifest import Record, TiledRecord
from dynres_cli.operations.batching import Batch, in_batches
from dynres_cli.operations.expecting import Planner, Variant
from dynres_cli.operations.out_of_reach import OUT_OF_REACH, Before
from dynres_cli.operations.replanning import tiled_size
from dynres_cli.picture import prepare_worker
from dynres_cli.probe import probe


@dataclass(frozen=True, slots=True)
class Cost:
    """Bytes of a picture's views as uint8, how many there are, and their tokens; all 0 where its header is no good."""

    bytes: int = 0
    views: int = 0
    tokens: int = 0


UNKNOWN = Cost()


@dataclass(frozen=True, slots=True)
class Assessed(Done):
    """The costs of a batch, in its order; None for a file that is out of reach."""

    costs: tuple[Cost | None, ...]


@dataclass(slots=True)
class Assessor:
    """The work on one batch after another; layouts are remembered between them."""

    job: Job
    planner: Planner = field(init=False)

    def __post_init__(self) -> None:
        job = self.job
        self.planner = Planner(Variant("run", job.recipe, job.handling), job.writing, job.max_tiles)

    def __call__(self, item: Item, _admit: Admit) -> Assessed:
        prepare_worker()
        items = item.items if isinstance(item, Batch) else (item,)
        return Assessed(item.key, tuple(self._cost(each, self.job.limits) for each in items))

    def _cost(self, item: Item, limits: FileLimits) -> Cost | None:
        try:
            facts = probe(item.path, limits, follow=item.explicit, frame=item.frame or 0)
        except ImageError as error:
            return None if error.code in OUT_OF_REACH else UNKNOWN
        return self._of(facts.tiled_size(self.job.handling))

    def before(self, record: Record | None) -> Cost:
        """The cost of a picture as an earlier run met it, so that it stays in its shard."""
        return self._of(tiled_size(record)) if isinstance(record, TiledRecord) else UNKNOWN

    def _of(self, size: Size) -> Cost:
        try:
            layout = self.planner.layout(size)
        except ImageError:
            return UNKNOWN
        return Cost(3 * layout.pixels, layout.total, layout.tokens)


def assessed(
    job: Job, items: Iterable[Item], engine: Engine, limits: EngineLimits, watch: Watch
) -> Iterator[tuple[Batch, tuple[Cost, ...]]]:
    """The costs of each batch's pictures; batches come in no particular order.

    A picture that cost its worker twice has no cost; one that is out of reach has that of its earlier record.
    """
    work, earlier = Assessor(job), Before(job)
    for batch, outcome in in_batches(lambda given: engine(work, given, limits, watch), items):
        if isinstance(outcome, Assessed):
            told = zip(batch.items, outcome.costs, strict=True)
            yield batch, tuple(cost or work.before(earlier.record(item.key)) for item, cost in told)
        elif isinstance(outcome, Failed):
            yield batch, (UNKNOWN,)
