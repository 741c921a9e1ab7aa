"""The tiling families, in a dictionary one can read."""

from __future__ import annotations

from typing import Any

from dynres_cli.strategies import gemma3, idefics3, internvl, llama4, llava_next, mllama, pixtral, qwen2_vl
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
    "idefics3": Strategy(
        params=idefics3.Idefics3Params,
        plan=idefics3.plan,
        tokens=idefics3.tokens,
        rule="the longest edge set, both sides rounded up to whole tiles",
        overview="last, above one tile",
        keeps_aspect=False,
        reference="transformers models/idefics3, models/smolvlm (Pillow backend)",
        prompt=idefics3.prompt,
        inputs=idefics3.inputs,
    ),
    "mllama": Strategy(
        params=mllama.MllamaParams,
        plan=mllama.plan,
        tokens=mllama.tokens,
        rule="the canvas that enlarges least, the picture fitted in at the top left on black",
        overview="never",
        keeps_aspect=True,
        reference="transformers models/mllama (Pillow backend)",
        prompt=mllama.prompt,
        inputs=mllama.inputs,
        candidates=mllama.candidates,
    ),
    "llama4": Strategy(
        params=llama4.Llama4Params,
        plan=llama4.plan,
        tokens=llama4.tokens,
        rule="the canvas that enlarges least, the picture fitted in at the top left on black",
        overview="last, above one tile",
        keeps_aspect=True,
        reference="transformers models/llama4 (torch)",
        prompt=llama4.prompt,
        inputs=llama4.inputs,
        candidates=llama4.candidates,
    ),
    "qwen2_vl": Strategy(
        params=qwen2_vl.Qwen2VLParams,
        plan=qwen2_vl.plan,
        tokens=qwen2_vl.tokens,
        rule="no tiles: both sides snapped to whole merged patches within a budget of pixels",
        overview="never",
        keeps_aspect=False,
        reference="transformers models/qwen2_vl (Pillow backend)",
        prompt=qwen2_vl.prompt,
        inputs=qwen2_vl.inputs,
        equal_views=False,
    ),
    "gemma3": Strategy(
        params=gemma3.Gemma3Params,
        plan=gemma3.plan,
        tokens=gemma3.tokens,
        rule="the whole picture squashed to a square; pan and scan adds crops along the longer side",
        overview="first, with crops",
        keeps_aspect=False,
        reference="transformers models/gemma3 (Pillow backend)",
        prompt=gemma3.prompt,
        inputs=gemma3.inputs,
    ),
    "pixtral": Strategy(
        params=pixtral.PixtralParams,
        plan=pixtral.plan,
        tokens=pixtral.tokens,
        rule="no tiles: within the longest edge, both sides rounded up to whole patches",
        overview="never",
        keeps_aspect=False,
        reference="transformers models/pixtral (Pillow backend)",
        prompt=pixtral.prompt,
        inputs=pixtral.inputs,
        equal_views=False,
    ),
}
