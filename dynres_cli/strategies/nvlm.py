"""NVLM-D: InternVL's tiles, with a tag before each one in the text.

Follows NVLM-D's own rule as vLLM runs it (model_executor/models/nvlm_d.py). Without a thumbnail the reference has no
tag for the last tile and leaves that tile's placeholders out; dynres then writes the tile's own tag.
"""

from __future__ import annotations

from dynres_cli.geometry import Plan, Size
from dynres_cli.strategies import internvl
from dynres_cli.strategies.family import Prompt, Strategy
from dynres_cli.strategies.internvl import InternVLParams, tokens_per_view
from dynres_cli.strategies.packing import counted, packed_and_counted


def prompt(_size: Size, params: InternVLParams, plan: Plan) -> Prompt:
    """Numbered tiles, and the last view as the global one, also where it is the only one."""
    pads = ("<|vision_pad|>", tokens_per_view(params))
    tags = [f"<tile_{index}>" for index in range(1, plan.total)]
    tags.append("<tile_global_thumbnail>" if params.thumbnail else f"<tile_{plan.total}>")
    return (("<Image>", 1), *(run for tag in tags for run in ((tag, 1), pads)), ("</Image>", 1))


STRATEGY: Strategy[internvl.InternVLParams] = Strategy(
    params=internvl.InternVLParams,
    plan=internvl.plan,
    tokens=internvl.tokens,
    rule="InternVL's grid, every tile under a tag of its own",
    overview="last, above one tile",
    keeps_aspect=False,
    reference="nvidia/NVLM-D-72B, as vLLM model_executor/models/nvlm_d.py",
    prompt=prompt,
    inputs=counted,
    pack=packed_and_counted,
    candidates=internvl.candidates,
)
