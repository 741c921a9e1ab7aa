"""Aria through transformers' own processor on Pillow: the whole picture in one square, as its checkpoint runs it."""

from __future__ import annotations

import functools
from typing import Any

from PIL import Image

from tests.conformance.reference.contract import Reference, Seen, split_views
from tests.conformance.reference.processors import pillow_class, run_class


@functools.cache
def processor() -> Any:  # noqa: ANN401 - a transformers class
    """The processor with its own defaults: 980 pixels, not split."""
    return pillow_class("aria", "Aria")()


def aria(image: Image.Image) -> Seen:
    """One view, 256 tokens."""
    arrays = run_class(processor(), image)
    views = split_views(arrays["pixel_values"])
    return Seen(views, (1, 1), 256 * len(views), "<|img|>" * 256 * len(views), arrays)


EDGES = ((980, 980), (980, 336), (336, 980), (979, 981), (1500, 200), (1960, 672))

PRESETS = {"aria": Reference("transformers Aria, Pillow", aria, sizes=EDGES, longest=2000)}
