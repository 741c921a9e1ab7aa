"""InternVL, GOT-OCR2, Aya Vision and NVLM-D through transformers' GotOcr2 processor, which all of them share.

The rule's candidates stand in another order there than in InternVL's own code; with min_num = 1 that decides nothing.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

import numpy as np
from PIL import Image

from tests.conformance.reference.contract import Reference, Seen, split_views
from tests.conformance.reference.processors import pillow_class, run_class, transformers_major

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
CLIP = {"image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}
HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}

EDGES = ((448, 448), (447, 449), (500, 200), (1300, 500), (634, 633), (776, 776), (100, 50), (20, 240), (1200, 100))
"""Around where the half-area rule lets a larger grid of the same ratio win: 2 × 2 tiles from 634×634 on."""


@functools.cache
def processor(side: int, most: int, statistics: str) -> Any:  # noqa: ANN401 - a transformers class
    """The shared processor with one family's size, limit and statistics."""
    numbers = {"imagenet": IMAGENET, "clip": CLIP, "half": HALF}[statistics]
    return pillow_class("got_ocr2", "GotOcr2")(
        size={"height": side, "width": side}, crop_to_patches=True, min_patches=1, max_patches=most, **numbers
    )


def tiled(image: Image.Image, side: int, most: int, statistics: str) -> tuple[dict[str, np.ndarray], tuple[int, int]]:
    """What the processor returns, and the grid that its own search chooses."""
    chosen = processor(side, most, statistics)
    search = sys.modules[type(chosen).__module__].get_optimal_tiled_canvas
    grid = search((image.height, image.width), (side, side), 1, most)
    return run_class(chosen, image), grid


def internvl(image: Image.Image) -> Seen:
    """InternVL's settings: 256 tokens a view between <img> and </img>."""
    arrays, grid = tiled(image, 448, 12, "imagenet")
    views = split_views(arrays["pixel_values"])
    tokens = 256 * len(views)
    return Seen(views, grid, tokens, f"<img>{'<IMG_CONTEXT>' * tokens}</img>", arrays)


def got_ocr2(image: Image.Image) -> Seen:
    """GOT-OCR2's settings; its processor writes 256 placeholders a view."""
    arrays, grid = tiled(image, 1024, 12, "clip")
    views = split_views(arrays["pixel_values"])
    tokens = 256 * len(views)
    return Seen(views, grid, tokens, f"<img>{'<imgpad>' * tokens}</img>", arrays)


def aya_vision(image: Image.Image) -> Seen:
    """Aya Vision's settings, and the text that its own processor builds."""
    arrays, grid = tiled(image, 364, 12, "half")
    views = split_views(arrays["pixel_values"])
    prompt = aya_prompt(len(views))
    return Seen(views, grid, prompt.count("<|IMG_PATCH|>"), prompt, arrays)


def aya_prompt(views: int) -> str:
    """The text of Aya's processor with its defaults and no tokenizer, which its text rule does not use."""
    from transformers.models.aya_vision.processing_aya_vision import AyaVisionProcessor  # noqa: PLC0415

    made = AyaVisionProcessor.__new__(AyaVisionProcessor)
    made.patch_size, made.img_size = 28, 364
    made.start_of_img_token, made.end_of_img_token = "<|START_OF_IMG|>", "<|END_OF_IMG|>"
    made.img_patch_token, made.tile_token, made.tile_global_token = "<|IMG_PATCH|>", "TILE", "TILE_GLOBAL"
    if transformers_major() == 4:
        return str(made._prompt_split_image(views))  # noqa: SLF001 - the public call needs a tokenizer
    return str(made.replace_image_token({"num_patches": [views]}, 0))


def nvlm(image: Image.Image) -> Seen:
    """NVLM-D: InternVL's tiles, at most 6, each under its own tag."""
    arrays, grid = tiled(image, 448, 6, "imagenet")
    views = split_views(arrays["pixel_values"])
    tags = [f"<tile_{index}>" for index in range(1, len(views))] + ["<tile_global_thumbnail>"]
    text = "".join(tag + "<|vision_pad|>" * 256 for tag in tags)
    return Seen(views, grid, 256 * len(views), f"<Image>{text}</Image>", arrays)


SOURCE = "transformers GotOcr2, Pillow"

PRESETS = {
    **{
        name: Reference(SOURCE, internvl, sizes=EDGES, converts=False)
        for name in ("internvl1.5", "internvl2", "internvl2.5", "internvl3", "internvl3.5")
    },
    "got-ocr2": Reference(SOURCE, got_ocr2, longest=1600),
    "aya-vision-8b": Reference(f"{SOURCE}; AyaVisionProcessor", aya_vision, sizes=((364, 364), (728, 364), (515, 515))),
    "nvlm-d": Reference(f"{SOURCE}; text as vLLM's nvlm_d.py", nvlm, sizes=EDGES, converts=False),
}
