"""Presets: a checkpoint's name for a strategy, its parameters and how it treats pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Channels = tuple[float, float, float]
Alpha = Literal["drop", "white"]
Exif = Literal["ignore", "apply"]


@dataclass(frozen=True, slots=True)
class PixelPolicy:
    """What happens to pixels before and after the plan, as the reference does it.

    `arithmetic` is how uint8 becomes float32: `classic` is x/255, minus mean, over std; `fused` is the torch backend's
    (x − 255·mean) / (255·std); `bfloat16` rounds every step to bfloat16.
    """

    mean: Channels
    std: Channels
    alpha: Alpha = "drop"
    exif: Exif = "ignore"
    arithmetic: Literal["classic", "fused", "bfloat16"] = "classic"


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of parameters; `confirmed` is False where a value was not found in a public reference.

    `tolerance` is 0 where the reference is bit-exact on a CPU, otherwise the largest difference of a value.
    """

    strategy: str
    params: Mapping[str, Any]
    pixels: PixelPolicy
    models: str
    confirmed: bool = True
    tolerance: float = 0.0
    notes: str = field(default="")


IMAGENET: tuple[Channels, Channels] = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP: tuple[Channels, Channels] = (
    (0.48145466, 0.4578275, 0.40821073),
    (0.26862954, 0.26130258, 0.27577711),
)
HALF: tuple[Channels, Channels] = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
UNIT: tuple[Channels, Channels] = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def _internvl(models: str) -> Preset:
    return Preset("internvl", {"image_size": 448, "min_num": 1, "max_num": 12}, PixelPolicy(*IMAGENET), models)


PRESETS: dict[str, Preset] = {
    "internvl2": _internvl("InternVL2"),
    "internvl1.5": _internvl("InternVL-Chat-V1.5, Mini-InternVL"),
    "internvl2.5": _internvl("InternVL2.5"),
    "internvl3": _internvl("InternVL3"),
    "internvl3.5": _internvl("InternVL3.5"),
    "llava-v1.6": Preset(
        "llava_next", {"pinpoint_order": "width_height"}, PixelPolicy(*CLIP), "LLaVA-v1.6 (original code)"
    ),
    "llava-v1.6-hf": Preset(
        "llava_next", {"pinpoint_order": "height_width"}, PixelPolicy(*CLIP), "LLaVA-v1.6 (transformers)"
    ),
}
