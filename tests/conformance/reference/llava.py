"""LLaVA-NeXT, LLaVA-OneVision and Granite Vision through transformers' own processors.

The original code reads its list of canvases as (width, height) and transformers reads it as (height, width); the rule
is the same, so the original's behaviour is transformers' with every pair turned round.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from PIL import Image

from tests.conformance.reference.contract import Reference, Seen, split_views
from tests.conformance.reference.internvl import CLIP, HALF
from tests.conformance.reference.processors import pillow_class, run_class

Pairs = tuple[tuple[int, int], ...]

NEXT: Pairs = ((336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008))
ONEVISION: Pairs = tuple((384 * i, 384 * j) for i in range(1, 7) for j in range(1, 7))
GRANITE: Pairs = tuple(
    (384 * i, 384 * j) for i, most in enumerate((10, 5, 3, 2, 2, 1, 1, 1, 1, 1), 1) for j in range(1, most + 1)
)


def turned(pairs: Pairs) -> Pairs:
    """Every pair with its sides exchanged, in the same order."""
    return tuple((second, first) for first, second in pairs)


@functools.cache
def next_processor(side: int, pairs: Pairs, statistics: str) -> Any:  # noqa: ANN401 - a transformers class
    """LLaVA-NeXT's processor; its class defaults are for 224 pixels."""
    return pillow_class("llava_next", "LlavaNext")(
        size={"shortest_edge": side},
        crop_size={"height": side, "width": side},
        image_grid_pinpoints=[list(pair) for pair in pairs],
        **(CLIP if statistics == "clip" else HALF),
    )


@functools.cache
def onevision_processor(pairs: Pairs) -> Any:  # noqa: ANN401 - a transformers class
    """LLaVA-OneVision's processor with its checkpoints' SigLIP statistics."""
    return pillow_class("llava_onevision", "LlavaOnevision")(
        size={"height": 384, "width": 384}, image_grid_pinpoints=[list(pair) for pair in pairs], **HALF
    )


def next_text(image_processor: Any, patch: int) -> Any:  # noqa: ANN401 - a transformers class
    """LLaVA-NeXT's text rule without a tokenizer; the class token that it adds and drops again is left out."""
    from transformers.models.llava_next.processing_llava_next import LlavaNextProcessor  # noqa: PLC0415

    made = LlavaNextProcessor.__new__(LlavaNextProcessor)
    made.image_processor, made.patch_size, made.num_additional_image_tokens = image_processor, patch, 0
    return made


def onevision_text(image_processor: Any) -> Any:  # noqa: ANN401 - a transformers class
    """LLaVA-OneVision's text rule without a tokenizer."""
    from transformers.models.llava_onevision.processing_llava_onevision import LlavaOnevisionProcessor  # noqa: PLC0415

    made = LlavaOnevisionProcessor.__new__(LlavaOnevisionProcessor)
    made.image_processor, made.num_image_tokens, made.vision_aspect_ratio = image_processor, 27 * 27, "anyres_max_9"
    return made


def seen(image: Image.Image, chosen: Any, text: Any, side: int) -> Seen:  # noqa: ANN401 - transformers classes
    """The views of one picture, the grid behind them and the number of placeholders."""
    select = sys.modules[type(chosen).__module__].select_best_resolution
    height, width = select((image.height, image.width), chosen.image_grid_pinpoints)
    tokens = text._get_number_of_features(image.height, image.width, side, side)  # noqa: SLF001 - needs no tokenizer
    arrays = run_class(chosen, image)
    views = split_views(arrays["pixel_values"][0])
    return Seen(views, (width // side, height // side), tokens, "<image>" * tokens, arrays)


def llava_next(image: Image.Image) -> Seen:
    """LLaVA-v1.6 as transformers runs it."""
    chosen = next_processor(336, NEXT, "clip")
    return seen(image, chosen, next_text(chosen, 14), 336)


def llava_next_original(image: Image.Image) -> Seen:
    """LLaVA-v1.6 as its own code runs it; that code returns the views alone."""
    chosen = next_processor(336, turned(NEXT), "clip")
    found = seen(image, chosen, next_text(chosen, 14), 336)
    return Seen(found.views, found.grid, found.tokens, found.prompt, {"pixel_values": found.arrays["pixel_values"][0]})


def granite_vision(image: Image.Image) -> Seen:
    """Granite Vision: LLaVA-NeXT's processor, 27 canvases of 384-pixel tiles, SigLIP's statistics."""
    chosen = next_processor(384, GRANITE, "half")
    return seen(image, chosen, next_text(chosen, 14), 384)


def onevision(image: Image.Image) -> Seen:
    """LLaVA-OneVision as transformers runs it."""
    chosen = onevision_processor(ONEVISION)
    return seen(image, chosen, onevision_text(chosen), 384)


def onevision_original(image: Image.Image) -> Seen:
    """LLaVA-OneVision as its own code runs it; that code returns the views alone."""
    chosen = onevision_processor(turned(ONEVISION))
    found = seen(image, chosen, onevision_text(chosen), 384)
    return Seen(found.views, found.grid, found.tokens, found.prompt, {"pixel_values": found.arrays["pixel_values"][0]})


EDGES = ((336, 336), (300, 200), (200, 300), (672, 672), (1000, 1000), (4000, 700), (335, 337), (1008, 336), (20, 240))
EDGES_384 = ((384, 384), (768, 384), (383, 385), (1152, 1152), (300, 200), (200, 300), (2304, 384), (60, 700))

PRESETS = {
    "llava-v1.6": Reference(
        "transformers LlavaNext, Pillow, pairs turned round", llava_next_original, sizes=EDGES, converts=False
    ),
    "llava-v1.6-hf": Reference("transformers LlavaNext, Pillow", llava_next, sizes=EDGES),
    "granite-vision": Reference("transformers LlavaNext, Pillow", granite_vision, sizes=EDGES_384),
    "llava-onevision": Reference(
        "transformers LlavaOnevision, Pillow, pairs turned round", onevision_original, sizes=EDGES_384, converts=False
    ),
    "llava-onevision-hf": Reference("transformers LlavaOnevision, Pillow", onevision, sizes=EDGES_384),
}
