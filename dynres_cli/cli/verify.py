"""`dynres verify`: is every file still what the manifest says, and are the pixels still those of plain Pillow."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from dynres_cli.cli import options
from dynres_cli.cli.options import Option
from dynres_cli.errors import RunError, UsageError

EPILOG = f"""Examples:

  dynres verify out/

  dynres verify out/ --json | jq -r '.findings[] | .problem + " " + .path'

  dynres verify out/ --against pillow --source photos/ --sample 100

{options.ENVIRONMENT}

Exit status: 0 all is well, 1 there is no manifest to verify against or it leads outside, 2 usage,
3 something differs."""


def verify(
    out: Annotated[str, typer.Argument(metavar="OUT", help="What `dynres tile` wrote.")],
    more: Annotated[list[str] | None, typer.Argument(metavar="[IN...]", help="More inputs after --source.")] = None,
    *,
    against: Annotated[
        Literal["pillow"] | None, Option("--against", help="Render again with plain Pillow and compare the pixels.")
    ] = None,
    source: Annotated[
        list[str] | None, Option("--source", metavar="IN", help="The run's inputs, for --against; may be repeated.")
    ] = None,
    sample: Annotated[int | None, Option("--sample", metavar="N", help="Render only N images again.", min=1)] = None,
    follow: options.Follow = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    config: options.Config = None,
) -> None:
    """Hold every file against the manifest, and the manifest against the records beside the files."""
    from dynres_cli.operations.claiming import folds
    from dynres_cli.operations.rerendering import Sources
    from dynres_cli.operations.verifying import Account, Check
    from dynres_cli.operations.verifying import verify as findings_of
    from dynres_cli.report import handles, printing, verification
    from dynres_cli.report.steps import steps
    from dynres_cli.source import Selection

    check_asked(against, source, more, sample)
    handles.mute_libraries()
    account = Account()
    with steps(quiet=quiet) as progress:
        selection = Selection(
            (*(source or ()), *(more or ())), hidden=True, follow_links=follow, out=out, fold=folds(out)
        )
        second = Sources(selection, sample) if source else None
        found = findings_of(out, account, Check(progress, second))
        counts = verification.document(found, account) if json else verification.lines(found)
    if not quiet:
        printing.note(verification.summary(account, counts))
    if account.unsafe is not None:
        msg = f"{out}: its manifest leads outside the output ({account.unsafe}); do not use it"
        raise RunError(msg, code="unsafe_path")
    raise typer.Exit(3 if counts else 0)


def check_asked(against: str | None, source: list[str] | None, more: list[str] | None, sample: int | None) -> None:
    """Refuse half a question."""
    if more and not source:
        msg = f"verify takes one OUT, and {more[0]!r} stands behind it; inputs belong behind --source"
        raise UsageError(msg)
    if against is not None and not source:
        msg = "--against pillow needs the pictures: add --source with the inputs of the run"
        raise UsageError(msg)
    if against is None and (source or sample):
        msg = "--source and --sample belong to --against pillow; add it, or leave them out"
        raise UsageError(msg)
