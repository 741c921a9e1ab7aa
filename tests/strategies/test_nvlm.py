"""NVLM-D: InternVL's tiles under tags."""

from __future__ import annotations

import pytest

from dynres_cli.geometry import Size
from dynres_cli.strategies import internvl, nvlm
from dynres_cli.strategies.internvl import InternVLParams

PARAMS = InternVLParams(max_num=6)


@pytest.mark.parametrize(
    ("size", "tags"),
    [
        pytest.param(Size(448, 448), ["<tile_global_thumbnail>"], id="one view is the global one"),
        pytest.param(Size(896, 448), ["<tile_1>", "<tile_2>", "<tile_global_thumbnail>"], id="two tiles and all of it"),
    ],
)
def test_every_view_has_its_tag_and_256_placeholders(size: Size, tags: list[str]) -> None:
    """A tag, then 256 placeholders, for each view."""
    text = nvlm.prompt(size, PARAMS, internvl.plan(size, PARAMS))
    tagged = [run for tag in tags for run in (tag, "<|vision_pad|>")]
    assert [part for part, _ in text] == [
        "<Image>",
        *tagged,
        "</Image>",
    ]
    assert {times for part, times in text if part == "<|vision_pad|>"} == {256}
