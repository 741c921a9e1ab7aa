"""Gemma 3 through transformers' own processor, without and with pan and scan."""

from __future__ import annotations

import functools
from typing import Any

from PIL import Image

from tests.conformance.reference.contract import Reference, Seen, split_views
from tests.conformance.reference.internvl import HALF
from tests.conformance.reference.processors import pillow_class, run_class, transformers_major

VIEW = "\n\n<start_of_image>" + "<image_soft_token>" * 256 + "<end_of_image>\n\n"


@functools.cache
def processor(*, pan_and_scan: bool) -> Any:  # noqa: ANN401 - a transformers class
    """The image processor with the checkpoints' side and the defaults that Gemma 3's text processor hands it."""
    return pillow_class("gemma3", "Gemma3")(
        size={"height": 896, "width": 896},
        do_pan_and_scan=pan_and_scan,
        pan_and_scan_min_crop_size=256,
        pan_and_scan_max_num_crops=4,
        pan_and_scan_min_ratio_to_activate=1.2,
        **HALF,
    )


def text(crops: int) -> str | None:
    """The text of Gemma 3's own processor; version 4 has no part of it that works without a tokenizer."""
    if transformers_major() == 4:
        return None
    from transformers.models.gemma3.processing_gemma3 import Gemma3Processor  # noqa: PLC0415 - takes seconds

    made = Gemma3Processor.__new__(Gemma3Processor)
    made.full_image_sequence = VIEW
    return str(made.replace_image_token({"num_crops": [crops]}, 0))


def run(image: Image.Image, *, pan_and_scan: bool) -> Seen:
    """The picture and its crops; they lie along the longer side."""
    arrays = run_class(processor(pan_and_scan=pan_and_scan), image)
    crops = int(arrays["num_crops"][0])
    grid = (max(crops, 1), 1) if image.width >= image.height else (1, max(crops, 1))
    return Seen(split_views(arrays["pixel_values"]), grid, 256 * (1 + crops), text(crops), arrays)


EDGES = ((896, 896), (768, 512), (767, 511), (614, 512), (615, 512), (640, 256), (640, 255), (1281, 512), (1000, 400))
EDGES_TALL = tuple((height, width) for width, height in EDGES)
SOURCE = "transformers Gemma3, Pillow"

PRESETS = {
    "gemma3": Reference(SOURCE, functools.partial(run, pan_and_scan=False), sizes=EDGES),
    "gemma3-pan-and-scan": Reference(SOURCE, functools.partial(run, pan_and_scan=True), sizes=EDGES + EDGES_TALL),
}
