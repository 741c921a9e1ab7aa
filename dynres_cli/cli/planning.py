"""Runs `dynres plan`: what was asked becomes variants, forecasts become lines, an exit status at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dynres_cli.cli.options import refuse_beside_all
from dynres_cli.cli.pictures import save
from dynres_cli.cli.running import Steering
from dynres_cli.engines.contract import Pace, Watch
from dynres_cli.errors import UsageError
from dynres_cli.handling import handling_for
from dynres_cli.operations import sweeping
from dynres_cli.operations.expecting import Variant
from dynres_cli.operations.forecast import Forecast
from dynres_cli.operations.planning import PlanOrder, plan_all
from dynres_cli.operations.sweeping import Fit
from dynres_cli.presets import PRESETS
from dynres_cli.recipe import resolve
from dynres_cli.report import forecast as said
from dynres_cli.report import printing
from dynres_cli.report.progress import counting
from dynres_cli.report.summary import failure_lines


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """Which recipes are compared, and what they are to fit."""

    preset: str | None
    strategy: str | None
    given: Mapping[str, object]
    exif: str
    alpha: str
    every: bool = False
    sweep: str | None = None
    budget: str | None = None
    context: str | None = None

    @property
    def fit(self) -> Fit | None:
        """What the largest limit is sought for; None where it is not."""
        if self.budget is None and self.context is None:
            return None
        budget = sweeping.tokens("--budget-tokens", self.budget) if self.budget else None
        return Fit(budget, sweeping.tokens("--context", self.context) if self.context else None)

    @property
    def single(self) -> bool:
        return not (self.every or self.sweep or self.fit)

    def check(self, *, sample: int, drawn: bool) -> None:
        """Refuse what does not go together."""
        if self.every:
            refuse_beside_all(self.preset, self.strategy, self.given)
        if self.every and (self.sweep or self.fit):
            msg = "--all compares presets, --sweep and the budgets limits of one preset; leave out one of them"
            raise UsageError(msg)
        if drawn and not (self.sweep or self.fit):
            msg = "--out draws a sweep; add --sweep 1..40"
            raise UsageError(msg)
        if sample and not self.single:
            msg = "--sample measures one recipe; leave it out beside --all, --sweep and the budgets"
            raise UsageError(msg)

    def variants(self) -> tuple[Variant, ...]:
        """Every recipe that is asked about."""
        if self.every:
            recipes = {name: resolve(name) for name in PRESETS}
            return tuple(
                Variant(name, recipe, handling_for(recipe.pixels, self.exif, self.alpha))
                for name, recipe in recipes.items()
            )
        recipe = resolve(self.preset, self.strategy, self.given)
        handling = handling_for(recipe.pixels, self.exif, self.alpha)
        if self.single:
            return (Variant(recipe.preset, recipe, handling),)
        sweeping.refuse_given(recipe, self.given)
        limits = sweeping.steps(self.sweep) if self.sweep else sweeping.tried(recipe, self.given)
        return sweeping.swept(recipe, handling, limits, self.given)


def run(order: PlanOrder, asked: PlanOptions, out: Path | None, *, json: bool, quiet: bool) -> int:
    """Plan everything, say what it comes to, and give the exit status."""
    steering = Steering()
    with steering.installed(), counting(quiet=quiet) as seen:
        survey = plan_all(order, Watch(pace=lambda: Pace.RUN if steering.signal is None else Pace.KILL), seen)
    if steering.signal is not None:
        return 128 + steering.signal
    forecasts, fit = survey.forecasts, asked.fit
    for line in failure_lines(survey.first_failures, survey.failed, recorded=False):
        printing.note(line)
    chosen = sweeping.largest(forecasts, fit) if fit else None
    if out is not None:
        _draw(forecasts, chosen, out)
    _say(forecasts, asked, chosen, order, json=json)
    if not asked.single and not quiet:
        for line in said.links_left(forecasts[0], follows_links=order.selection.follow_links):
            printing.note(line)
    if chosen is not None and fit is not None and not quiet:
        printing.note(said.verdict(chosen, forecasts[-1], fit))
    return 3 if any(each.failed for each in forecasts) else 0


def _draw(forecasts: list[Forecast], chosen: Forecast | None, out: Path) -> None:
    from dynres_cli.operations.sweep_picture import drawn

    save(drawn(sweeping.limit_of_tiles(forecasts[0].variant.recipe), forecasts, chosen), out)


def _say(
    forecasts: list[Forecast], asked: PlanOptions, chosen: Forecast | None, order: PlanOrder, *, json: bool
) -> None:
    """One forecast in full, or a line each."""
    jobs, follows = order.limits.jobs, order.selection.follow_links
    if asked.single and json:
        printing.data(said.as_json(forecasts[0], jobs))
        return
    if asked.single:
        printing.data(said.as_text(forecasts[0], jobs, printing.width(), follows_links=follows))
        return
    name = "preset" if asked.every else sweeping.limit_of_tiles(forecasts[0].variant.recipe)
    listed = forecasts if asked.every or asked.sweep or chosen is None else [chosen]
    if json:
        for each in listed:
            printing.data(said.row_json(each, jobs, name))
    else:
        printing.data(said.table(listed, name, jobs, chosen))
