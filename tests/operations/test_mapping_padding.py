"""Tiles that are padded one by one: what lies beside a tile's own part of the picture is nobody's."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dynres_cli
from dynres_cli.geometry import Size, source_box, to_source
from tests.operations.test_mapping import flat, mapped, shape, tiled

SIDE = st.integers(30, 1500)


@given(SIDE, SIDE, st.data())
def test_padding_between_tiles_shows_nothing_of_a_box(width: int, height: int, data: st.DataObject) -> None:
    """Ovis2 pads each crop: a box is spread over the crops that hold it, and its shares make one whole."""
    picture = tiled("ovis2", width, height)
    left, top = data.draw(st.floats(0, width - 2)), data.draw(st.floats(0, height - 2))
    box = (left, top, data.draw(st.floats(left + 1, width)), data.draw(st.floats(top + 1, height)))
    found = mapped(picture, shape(*box), "original", "tile")
    assert sum(each.share or Fraction(0) for each in found) == 1


@given(SIDE, SIDE, st.data())
def test_a_point_is_in_one_crop(width: int, height: int, data: st.DataObject) -> None:
    """On the lines between crops too, and never in padding."""
    picture = tiled("ovis2", width, height)
    lines = {edge for view in picture.plan.views for edge in source_box(picture.plan, picture.size, view)[::2]}
    x = data.draw(st.one_of(st.sampled_from(sorted(lines)), st.floats(0, width)))
    (there,) = mapped(picture, shape(x, data.draw(st.floats(0, height)), kind="point"), "original", "tile")
    (back,) = mapped(picture, shape(*flat(there), kind="point"), "tile", "original", there.view)
    assert abs(flat(back)[0] - x) < 1e-6


@pytest.mark.parametrize("preset", ["ovis2", "llava-v1.6", "deepseek-vl2", "internvl2", "gemma3-pan-and-scan"])
def test_what_a_tile_shows_is_what_it_is_said_to_show(preset: str) -> None:
    """A white picture: every tile is white just where its part of the picture lies, and padding elsewhere."""
    size = Size(731, 497)
    views = dynres_cli.tile_image(np.full((size.height, size.width, 3), 255, np.uint8), preset=preset)
    plan = dynres_cli.plan(size.width, size.height, preset=preset)
    for pixels, view in zip(views, plan.views, strict=True):
        left, top, right, bottom = source_box(plan, size, view)
        there = to_source(plan, size, view.surface).inverse
        rows, cols = np.nonzero(pixels.min(axis=2) == 255)
        assert rows.min() == pytest.approx(float(there.y(top)) - view.box.top, abs=1)
        assert rows.max() + 1 == pytest.approx(float(there.y(bottom)) - view.box.top, abs=1)
        assert cols.min() == pytest.approx(float(there.x(left)) - view.box.left, abs=1)
        assert cols.max() + 1 == pytest.approx(float(there.x(right)) - view.box.left, abs=1)


def test_padding_of_a_tile_is_outside() -> None:
    """A box in the grey rows of a crop shows nothing; one that reaches into them is clipped."""
    picture = tiled("ovis2", 731, 497)
    assert flat(mapped(picture, shape(0, 0, 731, 497), "original", "tile")[0])[1::2] == (72, 376)
    (nothing,) = mapped(picture, shape(10, 400, 20, 420), "tile", "original", 0)
    (some,) = mapped(picture, shape(10, 0, 20, 448), "tile", "original", 0)
    assert nothing.flags == ("clipped", "outside")
    assert some.flags == ("clipped",)
