"""The largest plan of a rule: no picture's views have more pixels, so a disk with room for it need ask no header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynres_cli.errors import NotTileable
from dynres_cli.geometry import Plan, Size
from dynres_cli.presets import PRESETS
from dynres_cli.recipe import Recipe, resolve

BOUNDED = [name for name in sorted(PRESETS) if resolve(name).strategy.largest]
sides = st.integers(1, 12_000)


def pixels(plan: Plan) -> int:
    """Of all views."""
    return sum(view.box.size.area for view in plan.views)


def largest(recipe: Recipe) -> Plan:
    """The plan that the rule calls its largest."""
    assert recipe.strategy.largest is not None
    return recipe.strategy.largest(recipe.params)


def test_the_presets_that_most_people_use_are_bounded() -> None:
    """InternVL's and LLaVA-NeXT's rules have a largest plan."""
    assert {"internvl2", "internvl3.5", "llava-v1.6", "llava-v1.6-hf"} <= set(BOUNDED)


@pytest.mark.parametrize("preset", BOUNDED)
@given(width=sides, height=sides)
def test_no_plan_has_more_pixels_than_the_largest(preset: str, width: int, height: int) -> None:
    """Whatever the size; what the family refuses has none."""
    recipe = resolve(preset)
    try:
        plan = recipe.plan(Size(width, height))
    except NotTileable:
        return
    assert pixels(plan) <= pixels(largest(recipe))


@given(width=sides, height=sides, least=st.integers(1, 6), more=st.integers(0, 12), thumbnail=st.booleans())
def test_the_largest_holds_under_any_parameters(
    width: int, height: int, least: int, more: int, *, thumbnail: bool
) -> None:
    """Fewest and most tiles, with and without the global view."""
    given_ = {"min_num": least, "max_num": least + more, "image_size": 28, "thumbnail": thumbnail}
    recipe = resolve("internvl2", overrides=given_)
    assert pixels(recipe.plan(Size(width, height))) <= pixels(largest(recipe))
