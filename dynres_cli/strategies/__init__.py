"""The tiling families, in a dictionary one can read."""

from __future__ import annotations

from typing import Any

from dynres_cli.strategies import (
    aria,
    cohere2_vision,
    deepseek_ocr,
    deepseek_ocr2,
    deepseek_vl2,
    eagle2,
    gemma3,
    got_ocr2,
    h2ovl,
    idefics3,
    internvl,
    lfm2_vl,
    llama4,
    llava_next,
    llava_onevision,
    minicpmv,
    minicpmv4_6,
    mllama,
    molmo,
    molmo2,
    nvila,
    nvlm,
    ovis2,
    ovis2_hf,
    perception_lm,
    phi3v,
    phi4mm,
    pixtral,
    qwen2_vl,
)
from dynres_cli.strategies.family import Candidate, Numbers, Prompt, Strategy
from dynres_cli.strategies.params import Params

__all__ = ["STRATEGIES", "Candidate", "Numbers", "Params", "Prompt", "Strategy"]

STRATEGIES: dict[str, Strategy[Any]] = {
    "internvl": internvl.STRATEGY,
    "nvlm": nvlm.STRATEGY,
    "h2ovl": h2ovl.STRATEGY,
    "got_ocr2": got_ocr2.STRATEGY,
    "aya_vision": got_ocr2.AYA_VISION,
    "llava_next": llava_next.STRATEGY,
    "llava_onevision": llava_onevision.STRATEGY,
    "idefics3": idefics3.STRATEGY,
    "mllama": mllama.STRATEGY,
    "llama4": llama4.STRATEGY,
    "qwen2_vl": qwen2_vl.STRATEGY,
    "gemma3": gemma3.STRATEGY,
    "pixtral": pixtral.STRATEGY,
    "cohere2_vision": cohere2_vision.STRATEGY,
    "nemotron_vl": eagle2.NEMOTRON_VL,
    "eagle2": eagle2.STRATEGY,
    "nvila": nvila.STRATEGY,
    "aria": aria.STRATEGY,
    "perception_lm": perception_lm.STRATEGY,
    "lfm2_vl": lfm2_vl.STRATEGY,
    "molmo": molmo.STRATEGY,
    "molmo2": molmo2.STRATEGY,
    "minicpmv": minicpmv.STRATEGY,
    "minicpmv4_6": minicpmv4_6.STRATEGY,
    "deepseek_vl2": deepseek_vl2.STRATEGY,
    "deepseek_ocr": deepseek_ocr.STRATEGY,
    "deepseek_ocr2": deepseek_ocr2.STRATEGY,
    "ovis2": ovis2.STRATEGY,
    "ovis2_hf": ovis2_hf.STRATEGY,
    "phi3v": phi3v.STRATEGY,
    "phi4mm": phi4mm.STRATEGY,
}
