"""LLaVA-OneVision: LLaVA-NeXT's rule over larger canvases, and a limit on the tokens (anyres_max_9).

Follows LLaVA-VL/LLaVA-NeXT, llava/mm_utils.py, and transformers' llava_onevision.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dynres_cli.geometry import Plan, Size
from dynres_cli.strategies import llava_next
from dynres_cli.strategies.family import Packed, Prompt, Strategy
from dynres_cli.strategies.llava_next import LlavaNextParams
from dynres_cli.strategies.packing import NumberArray
from dynres_cli.strategies.params import choice, number

PINPOINTS = tuple((384 * i, 384 * j) for i in range(1, 7) for j in range(1, 7))


@dataclass(frozen=True, slots=True)
class LlavaOnevisionParams(LlavaNextParams):
    """LLaVA-NeXT's parameters, and how many tiles' worth of features the model keeps of the canvas."""

    image_size: int = number(384, 14, 4096)
    grid_pinpoints: tuple[tuple[int, int], ...] = PINPOINTS
    pinpoint_order: str = choice("width_height", "width_height", "height_width")
    max_num_patches: int = number(9, 1, 1000)


def tokens(size: Size, params: LlavaOnevisionParams, plan: Plan) -> int:
    """The global view's features, then the unpadded ones, fewer if they are too many, with a newline after each row."""
    patches = params.image_size // 14
    rows, cols = llava_next.unpadded(size, plan, patches)
    ratio = math.sqrt(rows * cols / (params.max_num_patches * patches**2))
    # Up to a tenth too many is let pass, as in the reference.
    if ratio > 1.1:
        rows, cols = int(rows // ratio), int(cols // ratio)
    return patches * patches + rows * cols + rows


def prompt(size: Size, params: LlavaOnevisionParams, plan: Plan) -> Prompt:
    """One placeholder a token."""
    return (("<image>", tokens(size, params, plan)),)


def pack(size: Size, params: LlavaOnevisionParams, plan: Plan) -> dict[str, Packed]:
    """LLaVA-NeXT's arrays; transformers also says that the picture stands alone in its conversation."""
    arrays = llava_next.pack(size, params, plan)
    return arrays if params.pinpoint_order == "width_height" else {**arrays, "batch_num_images": NumberArray((1,))}


STRATEGY: Strategy[LlavaOnevisionParams] = Strategy(
    params=LlavaOnevisionParams,
    plan=llava_next.plan,
    tokens=tokens,
    rule="LLaVA-NeXT's over canvases of up to 6×6 tiles, the features scaled down above 9 tiles' worth",
    overview="first",
    keeps_aspect=True,
    reference="LLaVA-VL/LLaVA-NeXT llava/mm_utils.py",
    prompt=prompt,
    inputs=llava_next.inputs,
    pack=pack,
    candidates=llava_next.candidates,
)
