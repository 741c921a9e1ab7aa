"""`dynres report`: what the model sees, as pages to look at."""

from __future__ import annotations

from typing import Annotated

import typer

from dynres_cli.cli import options
from dynres_cli.cli.options import Option

EPILOG = f"""Examples:

  dynres report out/                          (the canvases joined from their tiles)

  dynres report out/ --source photos/         (the originals with the grid over them)

  dynres report out/ --sample 200

{options.ENVIRONMENT}

Exit status: 0 all done, 1 there is no sound manifest, 2 usage, 3 some files of the output cannot be read."""


def report(
    out: Annotated[str, typer.Argument(metavar="OUT", help="What `dynres tile` wrote.")],
    *,
    source: Annotated[
        list[str] | None, Option("--source", metavar="IN", help="The run's inputs, to show; may be repeated.")
    ] = None,
    sample: Annotated[int | None, Option("--sample", metavar="N", help="Show only N pictures.", min=1)] = None,
    follow: options.Follow = False,
    timeout: Annotated[float, options.Seconds(help="Time limit for one picture.")] = 120.0,
    max_memory: Annotated[
        str | None, Option(metavar="BYTES", help="For all workers together, as 4G or 80% [80%].")
    ] = None,
    jobs: options.Jobs = 0,
    quiet: options.Quiet = False,
    config: options.Config = None,
) -> None:
    """Write OUT/report.html: every picture under its grid, its views in order, and how they are spread."""
    from dynres_cli.choices import cores
    from dynres_cli.cli.drawing import Request, run
    from dynres_cli.engines.contract import EngineLimits
    from dynres_cli.operations.claiming import folds
    from dynres_cli.operations.memory import budget
    from dynres_cli.source import Selection

    selection = Selection(tuple(source or ()), hidden=True, follow_links=follow, out=out, fold=folds(out))
    workers = jobs or cores()
    limits = EngineLimits(workers, timeout, budget(max_memory, workers))
    raise typer.Exit(run(Request(out, selection, sample, limits), quiet=quiet))
