"""The tiling families, in a dictionary one can read."""

from __future__ import annotations

from typing import Any

from dynres_cli.strategies import internvl, llava_next
from dynres_cli.strategies.family import Candidate, Numbers, Prompt, Strategy
from dynres_cli.strategies.params import Params

__all__ = ["STRATEGIES", "Candidate", "Numbers", "Params", "Prompt", "Strategy"]

STRATEGIES: dict[str, Strategy[Any]] = {
    "internvl": Strategy(
        params=internvl.InternVLParams,
        plan=internvl.plan,
        tokens=internvl.tokens,
        rule="the grid nearest to the picture's aspect ratio, stretched over it",
        overview="last, above one tile",
        keeps_aspect=False,
        reference="OpenGVLab/InternVL README.md",
        prompt=internvl.prompt,
        candidates=internvl.candidates,
    ),
    "llava_next": Strategy(
        params=llava_next.LlavaNextParams,
        plan=llava_next.plan,
        tokens=llava_next.tokens,
        rule="the canvas that keeps most pixels, the picture fitted in on black",
        overview="first",
        keeps_aspect=True,
        reference="haotian-liu/LLaVA llava/mm_utils.py",
        inputs=llava_next.inputs,
        candidates=llava_next.candidates,
    ),
}
