"""The tiling families: where each one is stated, one line a family.

A family is imported when it is first asked for. All of them take a fifth of a second, and most commands need one.
`STRATEGIES` is the plain dictionary of them all, for whoever wants to go through it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from dynres_cli.strategies.family import Candidate, Numbers, Prompt, Strategy
from dynres_cli.strategies.params import Params

__all__ = ["FAMILIES", "STRATEGIES", "Candidate", "Numbers", "Params", "Prompt", "Strategy", "load"]

FAMILIES: dict[str, str] = {
    "internvl": "internvl.STRATEGY",
    "nvlm": "nvlm.STRATEGY",
    "h2ovl": "h2ovl.STRATEGY",
    "got_ocr2": "got_ocr2.STRATEGY",
    "aya_vision": "got_ocr2.AYA_VISION",
    "llava_next": "llava_next.STRATEGY",
    "llava_onevision": "llava_onevision.STRATEGY",
    "idefics3": "idefics3.STRATEGY",
    "mllama": "mllama.STRATEGY",
    "llama4": "llama4.STRATEGY",
    "qwen2_vl": "qwen2_vl.STRATEGY",
    "gemma3": "gemma3.STRATEGY",
    "pixtral": "pixtral.STRATEGY",
    "cohere2_vision": "cohere2_vision.STRATEGY",
    "nemotron_vl": "eagle2.NEMOTRON_VL",
    "eagle2": "eagle2.STRATEGY",
    "nvila": "nvila.STRATEGY",
    "aria": "aria.STRATEGY",
    "perception_lm": "perception_lm.STRATEGY",
    "lfm2_vl": "lfm2_vl.STRATEGY",
    "molmo": "molmo.STRATEGY",
    "molmo2": "molmo2.STRATEGY",
    "minicpmv": "minicpmv.STRATEGY",
    "minicpmv4_6": "minicpmv4_6.STRATEGY",
    "deepseek_vl2": "deepseek_vl2.STRATEGY",
    "deepseek_ocr": "deepseek_ocr.STRATEGY",
    "deepseek_ocr2": "deepseek_ocr2.STRATEGY",
    "ovis2": "ovis2.STRATEGY",
    "ovis2_hf": "ovis2_hf.STRATEGY",
    "phi3v": "phi3v.STRATEGY",
    "phi4mm": "phi4mm.STRATEGY",
}

STRATEGIES: dict[str, Strategy[Any]]


@cache
def load(name: str) -> Strategy[Any]:
    """One family by its name; KeyError if there is none."""
    module, _, variable = FAMILIES[name].partition(".")
    strategy: Strategy[Any] = getattr(import_module(f"{__name__}.{module}"), variable)
    return strategy


def __getattr__(name: str) -> dict[str, Strategy[Any]]:
    if name != "STRATEGIES":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    globals()[name] = {family: load(family) for family in FAMILIES}
    every: dict[str, Strategy[Any]] = globals()[name]
    return every
