"""Pixtral and Mistral Small 3.1 through transformers' Pixtral processor."""

from __future__ import annotations

import functools
from typing import Any

from PIL import Image

from tests.conformance.reference.contract import BOTH, Reference, Refused, Seen, split_views
from tests.conformance.reference.internvl import CLIP
from tests.conformance.reference.processors import pillow_class, run_class, transformers_major


@functools.cache
def processor(longest: int, patch: int) -> Any:  # noqa: ANN401 - a transformers class
    """The processor for one longest edge and one token's side."""
    return pillow_class("pixtral", "Pixtral")(
        size={"longest_edge": longest}, patch_size={"height": patch, "width": patch}, **CLIP
    )


def text(height: int, width: int, patch: int) -> str | None:
    """The text of Pixtral's own processor; version 4 has no part of it that works without a tokenizer."""
    if transformers_major() == 4:
        return None
    from transformers.models.pixtral.processing_pixtral import PixtralProcessor  # noqa: PLC0415 - takes seconds

    made = PixtralProcessor.__new__(PixtralProcessor)
    made.patch_size, made.spatial_merge_size = patch, 1
    made.image_token, made.image_break_token, made.image_end_token = "[IMG]", "[IMG_BREAK]", "[IMG_END]"
    return str(made.replace_image_token({"image_sizes": [(height, width)]}, 0))


def run(image: Image.Image, longest: int, patch: int) -> Seen:
    """The one resized picture."""
    try:
        arrays = run_class(processor(longest, patch), image)
    except ValueError as error:
        raise Refused(str(error)) from error
    height, width = (int(side) for side in arrays["image_sizes"][0])
    tokens = (height // patch) * (width // patch + 1)
    return Seen(split_views(arrays["pixel_values"]), (1, 1), tokens, text(height, width, patch), arrays)


EDGES = ((1024, 1024), (1025, 1024), (16, 16), (17, 31), (1540, 1540), (1541, 28), (29, 28), (5000, 4), (5, 5000))
SOURCE = "transformers Pixtral, Pillow"

PRESETS = {
    "pixtral-12b": Reference(SOURCE, functools.partial(run, longest=1024, patch=16), sizes=EDGES, transparent_in=BOTH),
    "mistral-small-3.1": Reference(
        SOURCE, functools.partial(run, longest=1540, patch=28), sizes=EDGES, transparent_in=BOTH
    ),
}
