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

    `tolerance` is 0 where the reference is bit-exact on a CPU, otherwise the largest difference of a value. `reference`
    is empty where it is the family's own.
    """

    strategy: str
    params: Mapping[str, Any]
    pixels: PixelPolicy
    models: str
    confirmed: bool = True
    tolerance: float = 0.0
    notes: str = field(default="")
    reference: str = field(default="")


IMAGENET: tuple[Channels, Channels] = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP: tuple[Channels, Channels] = (
    (0.48145466, 0.4578275, 0.40821073),
    (0.26862954, 0.26130258, 0.27577711),
)
HALF: tuple[Channels, Channels] = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
UNIT: tuple[Channels, Channels] = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

TRANSFORMERS_NEXT = "transformers models/llava_next (Pillow backend)"
TRANSFORMERS_ONEVISION = "transformers models/llava_onevision (Pillow backend)"

QWEN2_BUDGET = {"min_pixels": 3136, "max_pixels": 12_845_056, "patch_size": 14}
# At most two grey levels in bfloat16 (0.0195 in 223 pictures): torch's uint8 kernel rounds otherwise than Pillow's.
LLAMA4_TOLERANCE = 0.02


GRANITE_PINPOINTS = tuple(
    (384 * i, 384 * j)
    for i, longest in enumerate((10, 5, 3, 2, 2, 1, 1, 1, 1, 1), start=1)
    for j in range(1, longest + 1)
)
"""Canvases of at most ten tiles or so, as (height, width)."""
# The overview is torch's bicubic of floats; only the last bits of float32 differ.
PHI3_TOLERANCE = 1e-5
# Two grey levels and what the overview makes of them: torch's uint8 bilinear rounds otherwise than Pillow's.
PHI4_TOLERANCE = 0.03


def _internvl(models: str) -> Preset:
    return Preset("internvl", {"image_size": 448, "min_num": 1, "max_num": 12}, PixelPolicy(*IMAGENET), models)


def _idefics3(models: str, side: int, seq_len: int, *, confirmed: bool = False) -> Preset:
    """Idefics3 and SmolVLM: the longest edge is always four tiles long."""
    params = {"longest_edge": 4 * side, "max_image_size": side, "image_seq_len": seq_len}
    notes = "alpha goes over white before anything is resized, as in transformers 5; 4.57 resizes it first"
    return Preset("idefics3", params, PixelPolicy(*HALF, alpha="white"), models, confirmed=confirmed, notes=notes)


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
        "llava_next",
        {"pinpoint_order": "height_width"},
        PixelPolicy(*CLIP),
        "LLaVA-v1.6 (transformers)",
        reference=TRANSFORMERS_NEXT,
    ),
    "llava-onevision": Preset(
        "llava_onevision", {"pinpoint_order": "width_height"}, PixelPolicy(*HALF), "LLaVA-OneVision (original code)"
    ),
    "llava-onevision-hf": Preset(
        "llava_onevision",
        {"pinpoint_order": "height_width"},
        PixelPolicy(*HALF),
        "LLaVA-OneVision (transformers)",
        reference=TRANSFORMERS_ONEVISION,
    ),
    "granite-vision": Preset(
        "llava_next",
        {"image_size": 384, "grid_pinpoints": GRANITE_PINPOINTS, "pinpoint_order": "height_width"},
        PixelPolicy(*HALF),
        "Granite Vision 3",
        confirmed=False,
        reference=TRANSFORMERS_NEXT,
    ),
    "got-ocr2": Preset("got_ocr2", {"image_size": 1024, "max_patches": 12}, PixelPolicy(*CLIP), "GOT-OCR2"),
    "aya-vision-8b": Preset(
        "aya_vision", {"image_size": 364, "max_patches": 12}, PixelPolicy(*HALF), "Aya Vision 8B and 32B"
    ),
    "nvlm-d": Preset("nvlm", {"image_size": 448, "max_num": 6}, PixelPolicy(*IMAGENET), "NVLM-D 72B", confirmed=False),
    "h2ovl": Preset(
        "h2ovl", {"image_size": 448, "max_num": 6}, PixelPolicy(*IMAGENET), "H2OVL-Mississippi", confirmed=False
    ),
    "idefics3-8b": _idefics3("Idefics3-8B", 364, 169, confirmed=True),
    "smolvlm-2.2b": _idefics3("SmolVLM-Instruct (2.2B)", 384, 81),
    "smolvlm2-2.2b": _idefics3("SmolVLM2-2.2B", 384, 81),
    "smolvlm2-500m": _idefics3("SmolVLM2-500M, SmolVLM2-256M", 512, 64),
    "llama-3.2-vision": Preset(
        "mllama",
        {"image_size": 560, "max_image_tiles": 4},
        PixelPolicy(*CLIP, alpha="white"),
        "Llama 3.2 Vision 11B and 90B",
        confirmed=False,
        notes="an RGB picture with a transparent colour goes over white, as in transformers 5; 4.57 leaves it",
    ),
    "llama-4": Preset(
        "llama4",
        {"image_size": 336, "max_patches": 16},
        PixelPolicy(*HALF, arithmetic="bfloat16"),
        "Llama 4 Scout and Maverick",
        tolerance=LLAMA4_TOLERANCE,
    ),
    "qwen2-vl": Preset("qwen2_vl", QWEN2_BUDGET, PixelPolicy(*CLIP), "Qwen2-VL", confirmed=False),
    "qwen2.5-vl": Preset("qwen2_vl", QWEN2_BUDGET, PixelPolicy(*CLIP), "Qwen2.5-VL", confirmed=False),
    "qwen3-vl": Preset(
        "qwen2_vl",
        {"min_pixels": 65_536, "max_pixels": 16_777_216, "patch_size": 16},
        PixelPolicy(*HALF),
        "Qwen3-VL",
        confirmed=False,
    ),
    "gemma3": Preset("gemma3", {"image_size": 896}, PixelPolicy(*HALF), "Gemma 3", confirmed=False),
    "gemma3-pan-and-scan": Preset(
        "gemma3",
        {"image_size": 896, "do_pan_and_scan": True},
        PixelPolicy(*HALF),
        "Gemma 3 with pan and scan",
        confirmed=False,
    ),
    "pixtral-12b": Preset(
        "pixtral",
        {"longest_edge": 1024, "patch_size": 16},
        PixelPolicy(*CLIP, alpha="white"),
        "Pixtral-12B",
        notes="an RGB picture with a transparent colour goes over white, as in transformers 5; 4.57 leaves it",
    ),
    "mistral-small-3.1": Preset(
        "pixtral",
        {"longest_edge": 1540, "patch_size": 28},
        PixelPolicy(*CLIP, alpha="white"),
        "Mistral Small 3.1 (patches of 14, merged two by two)",
        confirmed=False,
    ),
    "command-a-vision": Preset(
        "cohere2_vision",
        {"image_size": 512, "max_patches": 12},
        PixelPolicy(*CLIP, arithmetic="fused"),
        "Command A Vision",
        tolerance=0.031,
        notes="transformers 4.57 cuts a landscape picture by an upright grid; 5.x does not, and is followed",
    ),
    "nemotron-vl": Preset(
        "nemotron_vl",
        {"image_size": 512, "min_num": 1, "max_num": 12},
        PixelPolicy(*UNIT),
        "Llama Nemotron Nano VL",
        confirmed=False,
    ),
    "eagle2.5": Preset(
        "eagle2", {"image_size": 448, "min_num": 1, "max_num": 12}, PixelPolicy(*HALF), "Eagle 2, Eagle 2.5"
    ),
    "nvila": Preset(
        "nvila",
        {"image_size": 448, "min_num": 1, "max_num": 12, "downsample": 3},
        PixelPolicy(*HALF),
        "NVILA-Lite",
        confirmed=False,
    ),
    "nvila-s2": Preset(
        "nvila",
        {"image_size": 448, "max_num": 12, "image_aspect_ratio": "dynamic_s2", "s2_scales": "448,896,1344"},
        PixelPolicy(*HALF),
        "NVILA with three scales",
        confirmed=False,
    ),
    "aria": Preset("aria", {"max_image_size": 980, "min_image_size": 336}, PixelPolicy(*HALF), "Aria"),
    "perception-lm": Preset(
        "perception_lm",
        {"tile_size": 448, "max_num_tiles": 36},
        PixelPolicy(*HALF, arithmetic="fused"),
        "Perception LM",
        tolerance=0.016,
    ),
    "lfm2-vl": Preset(
        "lfm2_vl",
        {"tile_size": 512, "min_tiles": 2, "max_tiles": 10},
        PixelPolicy(*HALF, arithmetic="fused"),
        "LFM2-VL",
        tolerance=0.016,
    ),
    "molmo": Preset(
        "molmo",
        {"image_size": 336, "max_crops": 12},
        PixelPolicy(*CLIP, exif="apply"),
        "Molmo, MolmoE",
        tolerance=1e-5,
        notes="above 168:1 a picture is fitted to one column, which torch fills with one value; dynres resamples it",
    ),
    "molmo2": Preset(
        "molmo2",
        {"image_size": 378, "max_crops": 8},
        PixelPolicy(*HALF, alpha="white", arithmetic="fused"),
        "Molmo2",
        tolerance=0.008,
    ),
    "minicpm-v-2.6": Preset("minicpmv", {}, PixelPolicy(*HALF), "MiniCPM-V 2, 2.6, 4, 4.5, MiniCPM-o 2.6"),
    "minicpm-v-4.6": Preset("minicpmv4_6", {}, PixelPolicy(*HALF, alpha="white"), "MiniCPM-V 4.6"),
    "deepseek-vl2": Preset("deepseek_vl2", {}, PixelPolicy(*HALF), "DeepSeek-VL2, -Small and -Tiny", confirmed=False),
    "deepseek-ocr": Preset("deepseek_ocr", {}, PixelPolicy(*HALF, exif="apply"), "DeepSeek-OCR, mode Gundam"),
    "deepseek-ocr-2": Preset("deepseek_ocr2", {}, PixelPolicy(*HALF, alpha="white"), "DeepSeek-OCR-2"),
    "ovis2": Preset("ovis2", {}, PixelPolicy(*CLIP), "Ovis2 (original code)"),
    "ovis2-hf": Preset("ovis2_hf", {}, PixelPolicy(*CLIP), "Ovis2 (transformers)"),
    "phi-3.5-vision": Preset(
        "phi3v", {"num_crops": 4}, PixelPolicy(*CLIP), "Phi-3.5-vision", confirmed=False, tolerance=PHI3_TOLERANCE
    ),
    "phi-4-multimodal": Preset("phi4mm", {}, PixelPolicy(*HALF), "Phi-4-multimodal", tolerance=PHI4_TOLERANCE),
}

# fmt: off
OneSize = Literal[
    "internvl2", "internvl1.5", "internvl2.5", "internvl3", "internvl3.5", "llava-v1.6", "llava-v1.6-hf",
    "llava-onevision", "llava-onevision-hf", "granite-vision", "got-ocr2", "aya-vision-8b", "nvlm-d", "h2ovl",
    "idefics3-8b", "smolvlm-2.2b", "smolvlm2-2.2b", "smolvlm2-500m", "llama-3.2-vision", "llama-4", "gemma3",
    "gemma3-pan-and-scan", "command-a-vision", "nemotron-vl", "eagle2.5", "nvila", "nvila-s2", "aria",
    "perception-lm", "molmo", "molmo2", "deepseek-vl2", "ovis2", "ovis2-hf", "phi-3.5-vision",
    "phi-4-multimodal",
]
"""The presets whose views all have one size, for type checkers: `load_image` gives one array."""

SizesDiffer = Literal[
    "qwen2-vl", "qwen2.5-vl", "qwen3-vl", "pixtral-12b", "mistral-small-3.1", "lfm2-vl", "minicpm-v-2.6",
    "minicpm-v-4.6", "deepseek-ocr", "deepseek-ocr-2",
]
"""Those whose views differ in size: it gives a list."""
# fmt: on
