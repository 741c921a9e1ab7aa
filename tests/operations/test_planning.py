"""Planning from headers: batches through an engine, sums that add up, and estimates that know their range."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dynres_cli.engines.contract import Engine, EngineLimits, Outcome, Pace, Watch, Work
from dynres_cli.engines.serial import run as serial
from dynres_cli.errors import UsageError
from dynres_cli.facts import Facts, FileLimits, Handling
from dynres_cli.items import Failed, Item
from dynres_cli.operations import sweeping
from dynres_cli.operations.batching import LARGEST, SMALLEST, Batch, batches
from dynres_cli.operations.expecting import Planner, Variant, npy_bytes
from dynres_cli.operations.forecast import Forecast
from dynres_cli.operations.planning import PlanOrder, plan_all
from dynres_cli.operations.sampling import share
from dynres_cli.operations.surveying import Question
from dynres_cli.presets import PRESETS
from dynres_cli.recipe import resolve
from dynres_cli.sinks.tree import Writing
from dynres_cli.source import Selection

SIZES = st.builds(lambda width, height: (width, height), st.integers(1, 3000), st.integers(1, 3000))


def variant(preset: str = "internvl2", **given: object) -> Variant:
    """A recipe as it is planned."""
    return Variant(preset, resolve(preset, overrides=given), Handling())


def forecast(sizes: Iterable[tuple[int, int]], preset: str = "internvl2") -> Forecast:
    """What pictures of these sizes come to."""
    chosen = variant(preset)
    planner, counted = Planner(chosen, Writing(), 1000), Forecast(chosen)
    for width, height in sizes:
        facts = Facts(width * height // 4 + 1, "JPEG", "RGB", width, height)
        counted.expect(facts, planner.expect(facts))
    return counted


@given(st.lists(SIZES, max_size=12), st.lists(SIZES, max_size=12))
def test_the_parts_of_a_forecast_add_up(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    """However pictures are dealt to workers, the sum is that of all of them."""
    parts = forecast(first)
    parts.add(forecast(second))
    whole = forecast([*first, *second])
    assert parts.png == pytest.approx(whole.png)
    parts.png = whole.png
    assert parts == whole


@given(st.lists(SIZES, min_size=1, max_size=30))
def test_a_share_of_the_pictures_costs_no_more_than_its_quantile(sizes: list[tuple[int, int]]) -> None:
    """p50 is the smallest cost that half of the pictures do not exceed."""
    counted = forecast(sizes)
    costs = sorted(cost for cost, pictures in counted.tokens.items() for _ in range(pictures))
    assert counted.tokens_at(0.5) == costs[(len(costs) + 1) // 2 - 1]
    assert counted.tokens_at(1.0) == counted.most_tokens == costs[-1]


@pytest.mark.parametrize("preset", PRESETS)
def test_npy_bytes_are_those_of_the_planned_views(preset: str) -> None:
    """128 bytes of header and four for each value, once a picture or once a view."""
    recipe = resolve(preset)
    plan = recipe.plan(Facts(1, "JPEG", "RGB", 800, 600).size)
    values = 3 * sum(view.box.size.area for view in plan.views)
    files = 1 if recipe.strategy.equal_views else plan.total
    assert npy_bytes(plan, Writing(), equal=recipe.strategy.equal_views) == 4 * values + 128 * files
    assert npy_bytes(plan, Writing(tensor="none"), equal=True) == 0


def test_batches_grow_and_lose_nothing() -> None:
    """A short list is shared by all workers, a long one costs few messages."""
    items = [Item(str(number), str(number), "") for number in range(1000)]
    dealt = list(batches(items))
    assert [item for batch in dealt for item in batch.items] == items
    sizes = [len(batch.items) for batch in dealt]
    assert (sizes[0], max(sizes)) == (SMALLEST, LARGEST)


def losing(name: str) -> Engine:
    """An engine whose worker dies over one picture, and takes the whole batch with it."""

    def run(
        work: Work, items: Iterable[Item | None], limits: EngineLimits, watch: Watch
    ) -> Generator[Outcome, None, None]:
        for item in items:
            assert isinstance(item, Batch)
            if any(each.key == name for each in item.items):
                yield Failed(item.key, item.source, "probe", "worker_crash", "its worker died twice")
            else:
                yield from serial(work, [item], limits, watch)

    return run


def test_a_picture_that_kills_its_worker_takes_no_other_with_it(tmp_path: Path) -> None:
    """The 40 pictures of the lost batches are looked at one by one: 39 are planned, one is blamed."""
    for number in range(40):
        Image.new("RGB", (10 + number, 10)).save(tmp_path / f"{number:02}.png")
    question = Question((variant(),), FileLimits(), Writing())
    seen: list[int] = []
    survey = plan_all(
        PlanOrder(Selection((str(tmp_path),)), question, EngineLimits(), losing("07.png")), Watch(), seen.append
    )
    (told,) = survey.forecasts
    assert [each.key for each in survey.first_failures] == ["07.png"]
    assert (told.planned, dict(told.failures), sum(seen)) == (39, {"worker_crash": 1}, 40)


def test_a_plan_that_is_stopped_says_nothing_of_what_there_is(tmp_path: Path) -> None:
    """It would be told that there is no image, though none was looked for."""
    Image.new("RGB", (10, 10)).save(tmp_path / "a.png")
    order = PlanOrder(
        Selection((str(tmp_path),)), Question((variant(),), FileLimits(), Writing()), EngineLimits(), losing("")
    )
    (told,) = plan_all(order, Watch(pace=lambda: Pace.DRAIN), lambda _seen: None).forecasts
    assert told.planned == 0


@pytest.mark.parametrize(
    ("pairs", "pictures", "expected"),
    [
        pytest.param([(10.0, 20), (30.0, 60)], 2, (2.0, 2.0, 2.0), id="every picture was measured"),
        pytest.param([(10.0, 20), (30.0, 60)], 1000, (2.0, 2.0, 2.0), id="all are off by the same factor"),
        pytest.param([], 10, (0.5, 1.0, 2.0), id="none could be decoded"),
        pytest.param([(10.0, 10)], 10, (0.5, 1.0, 2.0), id="one tells the ratio but not the spread"),
    ],
)
def test_a_sample_corrects_the_estimate(
    pairs: list[tuple[float, int]], pictures: int, expected: tuple[float, float, float]
) -> None:
    """The ratio of true to expected bytes, and a range that shrinks with what is known."""
    assert share(pairs, pictures, 2.0) == pytest.approx(expected)


def test_a_larger_sample_narrows_the_range() -> None:
    """Four times as many pictures, about half the range."""
    few = share([(10.0, 8), (10.0, 12)] * 8, 10_000, 2.0)
    many = share([(10.0, 8), (10.0, 12)] * 32, 10_000, 2.0)
    assert (many[2] - many[0]) / (few[2] - few[0]) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(("text", "number"), [("2B", 2_000_000_000), ("1.5m", 1_500_000), ("8,192", 8192)])
def test_tokens_are_read_as_people_write_them(text: str, number: int) -> None:
    """B is a thousand million."""
    assert sweeping.tokens("--budget-tokens", text) == number


@pytest.mark.parametrize("text", ["", "1-40", "0..4", "5..4", "1..999"])
def test_a_sweep_that_makes_no_sense_is_refused(text: str) -> None:
    """The message says how it is written."""
    with pytest.raises(UsageError):
        sweeping.steps(text)


@pytest.mark.parametrize(
    ("preset", "overrides", "hint"),
    [
        ("gemma3", {}, "while do_pan_and_scan is false; add --set do_pan_and_scan=true"),
        ("lfm2-vl", {"do_image_splitting": False}, "add --set do_image_splitting=true"),
        ("deepseek-ocr", {"crop_mode": False}, "add --set crop_mode=true"),
        ("deepseek-ocr-2", {"crop_to_patches": False}, "add --set crop_to_patches=true"),
        ("perception-lm", {"vision_input_type": "vanilla"}, "add --set vision_input_type=thumb+tile"),
        ("smolvlm-2.2b", {"do_image_splitting": False}, "`dynres strategies smolvlm-2.2b` lists its parameters"),
    ],
)
def test_there_is_no_limit_where_nothing_is_cut(preset: str, overrides: dict[str, object], hint: str) -> None:
    """The limit stands among the parameters, but says nothing; with the hint it would."""
    with pytest.raises(UsageError, match=re.escape(hint)):
        sweeping.limit_of_tiles(resolve(preset, overrides=overrides))


def test_the_largest_limit_wins_even_where_a_smaller_one_does_not_fit() -> None:
    """Tokens need not grow with the limit: what counts is the largest that fits."""
    one, two, three = (forecast([size]) for size in ((448, 448), (4480, 448), (896, 448)))
    fit = sweeping.Fit(budget=1000)
    assert sweeping.largest([one, two, three], fit) is three
